/** Rows of the product that a group of lanes of the subgroup kernels computes: ROWS there. */
const GROUP_ROWS = 16;
const TALL_GROUP_ROWS = 32;
/** Columns that a lane keeps. */
const LANE_COLUMNS = 8;

/**
 * Time per multiply-add of the subgroup kernels by the number of lanes across, relative to 8: fewer lanes across load more values
 * of the left matrix each. Measured with lavapipe on products without idle lanes.
 */
const RELATIVE_COST: ReadonlyMap<number, number> = new Map([
  [8, 1],
  [4, 1.15],
  [2, 1.5],
]);
/** The same for groups of twice as many rows, 8 lanes across, with a margin for having fewer workgroups to share out. */
const TALL_RELATIVE_COST = 0.88;

/**
 * Multiply-adds that a narrower tile must save, or a tall one compute, by the lanes of a subgroup: each is another kernel to compile.
 * That takes lavapipe (8) a second, and so many multiply-adds 3 ms; SwiftShader (4) compiles in a twentieth of that time, and
 * computes at a tenth of the rate.
 */
const LEAST_WORK: ReadonlyMap<number, number> = new Map([
  [8, 1 << 26],
  [4, 1 << 20],
]);
const OTHER_LEAST_WORK = 1 << 26;

/** How the subgroup kernels cut a product: constants for the kernel, and the number of tiles down and across. */
export interface Tiling {
  readonly constants: { readonly SUBGROUP: number; readonly ACROSS: number; readonly ROWS: number };
  readonly rowTiles: number;
  readonly columnTiles: number;
}

/** What a product looks like to whoever cuts it up. */
export interface ProductSize {
  readonly rows: number;
  readonly columns: number;
  /** Products that each element sums, over all matrices of a launch. */
  readonly terms: number;
  /** Whether groups are to be tall. Default: where that is known to pay. */
  readonly tall?: boolean | undefined;
}

/**
 * The tiling under which a product costs least, idle lanes included, with subgroups of at least 2 lanes. Tiles narrower than the
 * subgroup only where that saves much, tall ones only on the adapter for which they are known to pay.
 */
export function chooseTiling(subgroupSize: number, { rows, columns, terms, tall }: ProductSize): Tiling {
  const tiling = (across: number, groupRows: number, relativeCost: number) => {
    const tileRows = (groupRows * subgroupSize) / across;
    const tileColumns = LANE_COLUMNS * across;
    const rowTiles = Math.ceil(rows / tileRows);
    const columnTiles = Math.ceil(columns / tileColumns);
    const cost = rowTiles * tileRows * columnTiles * tileColumns * terms * relativeCost;
    const constants = { SUBGROUP: subgroupSize, ACROSS: across, ROWS: groupRows };
    return { cost, tiling: { constants, rowTiles, columnTiles } };
  };
  const candidates = [...RELATIVE_COST]
    .filter(([across]) => across <= subgroupSize)
    .map(([across, relativeCost]) => tiling(across, GROUP_ROWS, relativeCost));
  const [widest] = candidates;
  const [best] = candidates.toSorted((a, b) => a.cost - b.cost);
  if (widest === undefined || best === undefined)
    throw new RangeError(`no tiling for subgroups of ${subgroupSize} lanes`);
  const leastWork = LEAST_WORK.get(subgroupSize) ?? OTHER_LEAST_WORK;
  const chosen = widest.cost - best.cost > leastWork ? best : widest;
  const taller = tiling(widest.tiling.constants.ACROSS, TALL_GROUP_ROWS, TALL_RELATIVE_COST);
  const pays = subgroupSize === 8 && rows * columns * terms >= leastWork && taller.cost < chosen.cost;
  return (tall ?? pays) ? taller.tiling : chosen.tiling;
}

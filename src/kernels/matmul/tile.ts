/** Rows of the product that a group of lanes of the subgroup kernels computes: ROWS there. */
const GROUP_ROWS = 16;
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

/**
 * Multiply-adds that a narrower tile must save: each width is another kernel to compile, which takes a software adapter a second, and
 * so many take it 3 ms.
 */
const LEAST_SAVING = 1 << 26;

/** How the subgroup kernels cut a product: constants for the kernel, and the number of tiles down and across. */
export interface Tiling {
  readonly constants: { readonly SUBGROUP: number; readonly ACROSS: number };
  readonly rowTiles: number;
  readonly columnTiles: number;
}

/**
 * The tiling under which a product of rows x columns, each a sum of `terms`, costs least, idle lanes included, with subgroups of at
 * least 2 lanes. Narrower tiles than the subgroup's width only where that saves much.
 */
export function chooseTiling(subgroupSize: number, rows: number, columns: number, terms: number): Tiling {
  const candidates = [...RELATIVE_COST]
    .filter(([across]) => across <= subgroupSize)
    .map(([across, relativeCost]) => {
      const tileRows = (GROUP_ROWS * subgroupSize) / across;
      const tileColumns = LANE_COLUMNS * across;
      const rowTiles = Math.ceil(rows / tileRows);
      const columnTiles = Math.ceil(columns / tileColumns);
      const cost = rowTiles * tileRows * columnTiles * tileColumns * terms * relativeCost;
      return {
        cost,
        tiling: { constants: { SUBGROUP: subgroupSize, ACROSS: across }, rowTiles, columnTiles },
      };
    });
  const [widest] = candidates;
  const [best] = candidates.toSorted((a, b) => a.cost - b.cost);
  if (widest === undefined || best === undefined)
    throw new RangeError(`no tiling for subgroups of ${subgroupSize} lanes`);
  return widest.cost - best.cost > LEAST_SAVING ? best.tiling : widest.tiling;
}

/** Rows and columns of a workgroup's tile of the portable kernels: TILE there. */
const PORTABLE_TILE = 64;

/** Tiles down and across of the portable kernels. */
export function portableTiles(rows: number, columns: number): { rowTiles: number; columnTiles: number } {
  return { rowTiles: Math.ceil(rows / PORTABLE_TILE), columnTiles: Math.ceil(columns / PORTABLE_TILE) };
}

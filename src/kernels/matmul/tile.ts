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

/** How the subgroup kernels cut a product: constants for the kernel, and the number of tiles down and across. */
export interface Tiling {
  readonly constants: { readonly SUBGROUP: number; readonly ACROSS: number };
  readonly rowTiles: number;
  readonly columnTiles: number;
}

/** The tiling under which a product of rows x columns costs least, idle lanes included, with subgroups of at least 2 lanes. */
export function chooseTiling(subgroupSize: number, rows: number, columns: number): Tiling {
  let best: Tiling | null = null;
  let least = Infinity;
  for (const [across, relativeCost] of RELATIVE_COST) {
    if (across > subgroupSize) continue;
    const tileRows = (GROUP_ROWS * subgroupSize) / across;
    const tileColumns = LANE_COLUMNS * across;
    const rowTiles = Math.ceil(rows / tileRows);
    const columnTiles = Math.ceil(columns / tileColumns);
    const cost = rowTiles * tileRows * columnTiles * tileColumns * relativeCost;
    if (cost < least) {
      least = cost;
      best = { constants: { SUBGROUP: subgroupSize, ACROSS: across }, rowTiles, columnTiles };
    }
  }
  if (best === null) throw new RangeError(`no tiling for subgroups of ${subgroupSize} lanes`);
  return best;
}

/** Rows and columns of a workgroup's tile of the portable kernels: TILE there. */
const PORTABLE_TILE = 64;

/** Tiles down and across of the portable kernels. */
export function portableTiles(rows: number, columns: number): { rowTiles: number; columnTiles: number } {
  return { rowTiles: Math.ceil(rows / PORTABLE_TILE), columnTiles: Math.ceil(columns / PORTABLE_TILE) };
}

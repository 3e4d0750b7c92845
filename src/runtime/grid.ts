import { ArgumentError } from './errors.ts';

/** WebGPU's guaranteed number of workgroups along one axis of a dispatch. */
export const MAX_WORKGROUPS_PER_AXIS = 65_535;

/** Workgroups along x, y and z of a dispatch. */
export type Grid = readonly [number, number, number];

/** How many workgroups of `size` cover `count` items. */
export function ceilDivide(count: number, size: number): number {
  return Math.ceil(count / size);
}

/**
 * Folds a number of workgroups into x and y, near-square once it exceeds one axis so that few of them idle. The kernel finds
 * its number as `workgroup_id.x + workgroup_id.y * num_workgroups.x` and must return when it is past the end.
 */
export function fold(workgroups: number): Grid {
  if (!Number.isInteger(workgroups) || workgroups < 1 || workgroups > MAX_WORKGROUPS_PER_AXIS ** 2) {
    throw new ArgumentError(`fold: workgroups is ${workgroups}, wanted a whole number from 1 to 65535^2`);
  }
  if (workgroups <= MAX_WORKGROUPS_PER_AXIS) return [workgroups, 1, 1];
  const x = Math.ceil(Math.sqrt(workgroups));
  return [x, ceilDivide(workgroups, x), 1];
}

/** Throws unless every axis of an explicit grid is within WebGPU's limit. */
export function checkGrid(kernel: string, grid: Grid): void {
  for (const size of grid) {
    if (!Number.isInteger(size) || size < 1 || size > MAX_WORKGROUPS_PER_AXIS) {
      throw new ArgumentError(
        `${kernel}: grid [${grid.join(',')}] has an axis outside 1 to ${MAX_WORKGROUPS_PER_AXIS}`,
      );
    }
  }
}

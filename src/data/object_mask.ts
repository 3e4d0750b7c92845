import type { Plane } from './image.ts';
import { createPlane } from './image.ts';

/** Values of an object mask. */
export const BACKGROUND = 0;
export const OBJECT = 1;
export const IGNORED = 255;

/**
 * The mask that PxAP counts by: 1 where any instance is (its value > 0), 255 where `ignore` is and no instance, else 0; each first brought to
 * `width` x `height` as cv2's INTER_NEAREST does. wsolevaluation's `get_mask`.
 */
export function mergeMasks(
  instances: readonly Plane[],
  ignore: Plane | undefined,
  width: number,
  height: number,
): Plane {
  const merged = createPlane(width, height);
  if (ignore) paint(merged, ignore, IGNORED);
  for (const instance of instances) paint(merged, instance, OBJECT);
  return merged;
}

/** Writes `value` where the mask is set. */
function paint(target: Plane, mask: Plane, value: number): void {
  const columns = nearest(mask.width, target.width);
  const rows = nearest(mask.height, target.height);
  for (let y = 0, to = 0; y < target.height; y++) {
    const row = (rows[y] ?? 0) * mask.width;
    for (let x = 0; x < target.width; x++, to++)
      if ((mask.data[row + (columns[x] ?? 0)] ?? 0) > 0) target.data[to] = value;
  }
}

/** Source of each output position; the two divisions are cv2's, to the last bit. */
function nearest(from: number, to: number): Uint32Array {
  const step = 1 / (to / from);
  return Uint32Array.from({ length: to }, (_, position) => Math.min(Math.floor(position * step), from - 1));
}

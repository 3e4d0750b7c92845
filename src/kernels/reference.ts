import type { Shape } from '../runtime/shape.ts';
import { elementCount } from '../runtime/shape.ts';

/** A tensor of a float64 reference: plain numbers in row-major order. Labels and indices are whole numbers in it. */
export interface Array64 {
  readonly shape: Shape;
  readonly data: Float64Array<ArrayBuffer>;
}

/** A float64 tensor of zeros, or of the given values. */
export function array64(shape: Shape, values?: ArrayLike<number>): Array64 {
  const data = values === undefined ? new Float64Array(elementCount(shape)) : Float64Array.from(values);
  return { shape: [...shape], data };
}

/** Element of a float64 tensor at a flat index; a reference that reads outside its tensor is wrong and throws. */
export function at(array: Array64, index: number): number {
  const value = array.data[index];
  if (value === undefined)
    throw new RangeError(`index ${index} is outside a tensor of ${array.data.length} elements`);
  return value;
}

/** A float64 tensor computed element by element from others of the same size. */
export function map64(arrays: readonly Array64[], compute: (...values: number[]) => number): Array64 {
  const [first] = arrays;
  if (first === undefined) throw new RangeError('map64 wants at least one array');
  const result = array64(first.shape);
  for (let i = 0; i < result.data.length; i++)
    result.data[i] = compute(...arrays.map((array) => at(array, i)));
  return result;
}

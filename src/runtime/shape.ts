import { ArgumentError, reject } from './errors.ts';

/** Sizes of a tensor's axes, outermost first; row-major, the last axis contiguous. `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements of a shape. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** `[2,7,7,64]`, as error messages and profiles print it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Throws unless every size is a whole number of at least 1 and the elements can be indexed by a u32. */
export function checkSizes(operation: string, shape: Shape): void {
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 1) {
      throw new ArgumentError(
        `${operation}: shape ${formatShape(shape)} has a size that is not a whole number >= 1`,
      );
    }
  }
  if (elementCount(shape) >= 2 ** 32) {
    throw new ArgumentError(`${operation}: shape ${formatShape(shape)} has 2^32 elements or more`);
  }
}

/** What `checkShape` reads of a tensor. */
interface Shaped {
  readonly shape: Shape;
}

/**
 * Throws unless the tensor has the wanted shape. A number in `wanted` is a size the axis must have, a string the name of a
 * free axis: `checkShape('linear', 'weight', weight, [channels, 'classes'])`.
 */
export function checkShape(
  operation: string,
  argument: string,
  tensor: Shaped,
  wanted: readonly (number | string)[],
): void {
  const { shape } = tensor;
  const fits =
    shape.length === wanted.length &&
    wanted.every((size, axis) => typeof size === 'string' || size === shape[axis]);
  if (!fits) reject(operation, `shape of ${argument}`, formatShape(shape), `[${wanted.join(',')}]`);
}

/** The four sizes of an NHWC tensor, or an error that names the operation and argument. */
export function imageShape(
  operation: string,
  argument: string,
  tensor: Shaped,
): [number, number, number, number] {
  const [batch, height, width, channels] = tensor.shape;
  if (
    tensor.shape.length !== 4 ||
    batch === undefined ||
    height === undefined ||
    width === undefined ||
    channels === undefined
  ) {
    return reject(
      operation,
      `shape of ${argument}`,
      formatShape(tensor.shape),
      '[batch,height,width,channels]',
    );
  }
  return [batch, height, width, channels];
}

/** The two sizes of a matrix, or an error that names the operation and argument. */
export function matrixShape(operation: string, argument: string, tensor: Shaped): [number, number] {
  const [rows, columns] = tensor.shape;
  if (tensor.shape.length !== 2 || rows === undefined || columns === undefined) {
    return reject(operation, `shape of ${argument}`, formatShape(tensor.shape), '[rows,columns]');
  }
  return [rows, columns];
}

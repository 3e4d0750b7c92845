import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

/** log sum exp of some values; NaN as soon as one of them is. */
export function logSumExp64(values: readonly number[]): number {
  const maximum = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (maximum === Number.NEGATIVE_INFINITY) return maximum;
  return maximum + Math.log(values.reduce((sum, value) => sum + Math.exp(value - maximum), 0));
}

/** log softmax of some values: the maximum is taken off before the logarithm, which would vanish beside one of 10^38. */
export function logSoftmax64(values: readonly number[]): number[] {
  const maximum = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const shifted = values.map((value) => value - maximum);
  const logSum = logSumExp64(shifted);
  return shifted.map((value) => value - logSum);
}

/** The rows of a tensor along its last axis. */
export function rowsOf(input: Array64): number[][] {
  const columns = input.shape.at(-1) ?? 1;
  return Array.from({ length: input.data.length / columns }, (_, row) => [
    ...input.data.subarray(row * columns, (row + 1) * columns),
  ]);
}

/** log softmax over the last axis. */
export function logSoftmaxReference(input: Array64): Array64 {
  return array64(input.shape, rowsOf(input).flatMap(logSoftmax64));
}

/** Softmax over the last axis. */
export function softmaxReference(input: Array64): Array64 {
  return array64(input.shape, logSoftmaxReference(input).data.map(Math.exp));
}

/** dx = dy - softmax(x) sum dy. */
export function logSoftmaxReferenceGradient(input: Array64, outputGradient: Array64): Array64 {
  const gradients = rowsOf(outputGradient);
  const rows = rowsOf(softmaxReference(input)).map((row, r) => {
    const total = (gradients[r] ?? []).reduce((sum, value) => sum + value, 0);
    return row.map((p, c) => (gradients[r]?.[c] ?? Number.NaN) - p * total);
  });
  return array64(input.shape, rows.flat());
}

/** dx = y (dy - sum y dy). */
export function softmaxReferenceGradient(input: Array64, outputGradient: Array64): Array64 {
  const columns = input.shape.at(-1) ?? 1;
  const rows = rowsOf(softmaxReference(input)).map((row, r) => {
    const total = row.reduce((sum, p, c) => sum + p * at(outputGradient, r * columns + c), 0);
    return row.map((p, c) => p * (at(outputGradient, r * columns + c) - total));
  });
  return array64(input.shape, rows.flat());
}

/** How far apart two tensors are. */
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import { toFloat64 } from '../../src/model/safetensors.ts';

export interface Difference {
  readonly name: string;
  readonly shape: readonly number[];
  /** Elements whose bits differ, but for the sign of a zero and the kind of a NaN. */
  readonly different: number;
  readonly elements: number;
  /** max |a - b|, over elements where both are finite. */
  readonly maxAbsolute: number;
  /** The same over max |a|, |b|, or over `terms` where that is more: 0 where all are equal. */
  readonly relative: number;
  /** Most float32 numbers that lie between two elements: 1 for neighbours. */
  readonly ulp: number;
  /** Elements that are NaN or infinite, of a and of b. */
  readonly nonFinite: readonly [number, number];
  /** Elements of which one is NaN or infinite and the other is something else. */
  readonly nonFiniteDifferent: number;
}

const bits = new DataView(new ArrayBuffer(4));

/** A whole number that counts float32 numbers in their order; both zeros are 0. */
function orderOf(value: number): number {
  bits.setFloat32(0, value);
  const raw = bits.getInt32(0);
  return raw >= 0 ? raw : -(raw & 0x7fff_ffff);
}

/**
 * Of two tensors with one shape. `terms`: for tensors of sums, the largest sum of the terms' magnitudes, where it is known. Rounding is in
 * proportion to those, however little is left of them.
 */
export function differenceOf(
  name: string,
  first: SafetensorsTensor,
  second: SafetensorsTensor,
  terms = 0,
): Difference {
  const [a, b] = [toFloat64(first), toFloat64(second)];
  let [different, maxAbsolute, largest, ulp, nonFiniteDifferent] = [0, 0, 0, 0, 0];
  let [nonFiniteA, nonFiniteB] = [0, 0];
  for (let index = 0; index < a.length; index++) {
    const x = a[index] ?? 0;
    const y = b[index] ?? 0;
    const isFinite = Number.isFinite(x) && Number.isFinite(y);
    if (!Number.isFinite(x)) nonFiniteA++;
    if (!Number.isFinite(y)) nonFiniteB++;
    if (isFinite) largest = Math.max(largest, Math.abs(x), Math.abs(y));
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    different++;
    if (!isFinite) {
      nonFiniteDifferent++;
      continue;
    }
    maxAbsolute = Math.max(maxAbsolute, Math.abs(x - y));
    ulp = Math.max(ulp, Math.abs(orderOf(x) - orderOf(y)));
  }
  return {
    ...{ name, shape: first.shape, different, elements: a.length, maxAbsolute, ulp, nonFiniteDifferent },
    relative: largest > 0 ? maxAbsolute / Math.max(largest, terms) : 0,
    nonFinite: [nonFiniteA, nonFiniteB],
  };
}

/**
 * Of the gradient of a bias, which adds up the gradients of its layer's outputs [N,C,H,W]: the largest channel's sum of magnitudes. 0 for any
 * other tensor of a recorded pass.
 */
export function termsOf(name: string, tensors: ReadonlyMap<string, SafetensorsTensor>): number {
  const layer = /^gradient\.(.+)\.bias$/.exec(name)?.[1];
  const terms = layer === undefined ? undefined : tensors.get(`activation_gradient.${layer}`);
  if (terms === undefined) return 0;
  const [batch = 1, channels = 1] = terms.shape;
  const values = toFloat64(terms);
  const locations = values.length / batch / channels;
  const sums = new Float64Array(channels);
  for (const [index, value] of values.entries()) {
    const channel = Math.floor(index / locations) % channels;
    if (Number.isFinite(value)) sums[channel] = (sums[channel] ?? 0) + Math.abs(value);
  }
  return sums.reduce((most, sum) => Math.max(most, sum), 0);
}

import type { Array64 } from '../reference.ts';
import type { BatchNormReferenceOptions, BatchNormReferenceTensors } from './reference.ts';
import { array64, at } from '../reference.ts';
import { batchNormReference, batchStatisticsReference } from './reference.ts';

/**
 * Of n terms t of random signs the k-th partial sum is about sqrt(k) rms(t), and its rounding errs by 2^-24 / sqrt(3) of that (rms). Over
 * all k that is 0.4 * 2^-24 * n rms(t), or 0.64 * 2^-24 * sum |t| for products of two normal numbers; this is six times as much. Shorter
 * chains of additions, which several invocations have, err by less. Terms of one sign err by more, in proportion to their sum.
 */
const OF_MAGNITUDE = 4 * 2 ** -24;

/**
 * What rounding may add to the gradients of input, scale and shift where terms cancel, element by element: in proportion to the same
 * expressions with magnitudes for values and plus for minus. So x - mean counts as |x| + |mean|: the mean is a rounded number too.
 */
export function batchNormGradientRounding(
  tensors: BatchNormReferenceTensors,
  outputGradient: Array64,
  options: BatchNormReferenceOptions,
): { input: Array64; scale: Array64; shift: Array64 } {
  const { input, scale, runningMean, runningVariance } = tensors;
  const { mode, epsilon, relu } = options;
  const channels = scale.data.length;
  const rows = input.data.length / channels;
  const { mean, variance } =
    mode === 'train'
      ? batchStatisticsReference(input, channels)
      : { mean: runningMean, variance: runningVariance };
  const output = batchNormReference(tensors, options);
  const rounding = { input: array64(input.shape), scale: array64([channels]), shift: array64([channels]) };
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(at(variance, c) + epsilon);
    const gradient = (i: number): number =>
      relu && at(output, i) <= 0 ? 0 : Math.abs(at(outputGradient, i));
    const normalized = (i: number): number => (Math.abs(at(input, i)) + Math.abs(at(mean, c))) * inverse;
    let sum = 0;
    let product = 0;
    for (let i = c; i < input.data.length; i += channels) {
      sum += gradient(i);
      product += gradient(i) * normalized(i);
    }
    rounding.shift.data[c] = OF_MAGNITUDE * sum;
    rounding.scale.data[c] = OF_MAGNITUDE * product;
    for (let i = c; i < input.data.length; i += channels) {
      const centered = gradient(i) + (mode === 'train' ? (sum + normalized(i) * product) / rows : 0);
      rounding.input.data[i] = OF_MAGNITUDE * Math.abs(at(scale, c)) * inverse * centered;
    }
  }
  return rounding;
}

import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

/** What the float64 batch normalisation needs besides its tensors. */
export interface BatchNormReferenceOptions {
  readonly mode: 'train' | 'eval' | 'frozen';
  readonly epsilon: number;
  readonly relu: boolean;
}

/** Tensors in the order of the gradients: input [...,C], scale, shift, running mean and variance [C], residual or null. */
export interface BatchNormReferenceTensors {
  readonly input: Array64;
  readonly scale: Array64;
  readonly shift: Array64;
  readonly runningMean: Array64;
  readonly runningVariance: Array64;
  readonly residual: Array64 | null;
}

/** Mean and biased variance of every channel over the rows, in two passes. */
export function batchStatisticsReference(
  input: Array64,
  channels: number,
): { mean: Array64; variance: Array64 } {
  const rows = input.data.length / channels;
  const mean = array64([channels]);
  const variance = array64([channels]);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += at(input, row * channels + c);
    mean.data[c] = sum / rows;
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += (at(input, row * channels + c) - at(mean, c)) ** 2;
    variance.data[c] = squares / rows;
  }
  return { mean, variance };
}

/** act((x - mean) / sqrt(variance + epsilon) * scale + shift + residual), [...,C]. */
export function batchNormReference(
  tensors: BatchNormReferenceTensors,
  { mode, epsilon, relu }: BatchNormReferenceOptions,
): Array64 {
  const { input, scale, shift, runningMean, runningVariance, residual } = tensors;
  const channels = scale.data.length;
  const { mean, variance } =
    mode === 'train'
      ? batchStatisticsReference(input, channels)
      : { mean: runningMean, variance: runningVariance };
  const output = array64(input.shape);
  for (let i = 0; i < output.data.length; i++) {
    const c = i % channels;
    const normalized = (at(input, i) - at(mean, c)) / Math.sqrt(at(variance, c) + epsilon);
    const value = normalized * at(scale, c) + at(shift, c) + (residual === null ? 0 : at(residual, i));
    output.data[i] = relu && value < 0 ? 0 : value;
  }
  return output;
}

/** Gradients of input, scale, shift and residual; null for what the mode gives none. */
export function batchNormReferenceGradient(
  tensors: BatchNormReferenceTensors,
  outputGradient: Array64,
  options: BatchNormReferenceOptions,
): { input: Array64; scale: Array64 | null; shift: Array64 | null; residual: Array64 } {
  const { input, scale, runningMean, runningVariance } = tensors;
  const { mode, epsilon, relu } = options;
  const channels = scale.data.length;
  const rows = input.data.length / channels;
  const { mean, variance } =
    mode === 'train'
      ? batchStatisticsReference(input, channels)
      : { mean: runningMean, variance: runningVariance };
  const output = batchNormReference(tensors, options);
  const masked = array64(input.shape);
  for (let i = 0; i < masked.data.length; i++)
    masked.data[i] = relu && at(output, i) <= 0 ? 0 : at(outputGradient, i);
  const inputGradient = array64(input.shape);
  const scaleGradient = array64([channels]);
  const shiftGradient = array64([channels]);
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(at(variance, c) + epsilon);
    const normalized = (i: number): number => (at(input, i) - at(mean, c)) * inverse;
    let sum = 0;
    let product = 0;
    for (let i = c; i < masked.data.length; i += channels) {
      sum += at(masked, i);
      product += at(masked, i) * normalized(i);
    }
    shiftGradient.data[c] = sum;
    scaleGradient.data[c] = product;
    for (let i = c; i < masked.data.length; i += channels) {
      const centered =
        mode === 'train' ? at(masked, i) - sum / rows - (normalized(i) * product) / rows : at(masked, i);
      inputGradient.data[i] = at(scale, c) * inverse * centered;
    }
  }
  return {
    input: inputGradient,
    scale: mode === 'frozen' ? null : scaleGradient,
    shift: mode === 'frozen' ? null : shiftGradient,
    residual: masked,
  };
}

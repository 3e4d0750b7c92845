import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning, TuningOptions } from '../tuning.ts';
import { ArgumentError, reject } from '../../runtime/errors.ts';
import { batchNormGradient } from './batch_norm_gradient.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape, formatShape, sameShape } from '../../runtime/shape.ts';
import type { BatchSynchronization } from './synchronization.ts';
import { combineStatistics as combineKernel } from './combine_statistics.wgsl.ts';
import { normalize as normalizeKernel } from './normalize.wgsl.ts';
import { combineConstants, sliceRows } from './slices.ts';
import { tuningOf } from '../tuning.ts';
import { statistics as statisticsKernel } from './statistics.wgsl.ts';

/** A batch normalisation's tensors, each [C]. The running ones are no parameters: training updates them in place. */
export interface BatchNormTensors {
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

/** How to normalise. */
export interface BatchNormOptions extends TuningOptions {
  /**
   * train: by the batch's statistics, and update the running ones. eval: by the running ones; gradients flow to input, scale and
   * shift. frozen: as eval, but scale and shift get no gradient.
   */
  readonly mode: 'train' | 'eval' | 'frozen';
  /** Weight of the batch in the running statistics. Default: 0.1. */
  readonly momentum?: number;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Applied to the result, after the residual sum. Default: none. */
  readonly activation?: 'none' | 'relu';
  /** Added to the normalised values, in the shape of the input. */
  readonly residual?: Tensor;
  /** In training: other processes that have the rest of the batch. Default: the batch is all here. */
  readonly synchronization?: BatchSynchronization;
}

/** Mean and biased variance of the batch, [C] each; updates the running statistics. */
function batchStatistics(
  tape: Tape,
  input: Tensor,
  { runningMean, runningVariance }: BatchNormTensors,
  momentum: number,
  tuning: Tuning,
): { readonly mean: Tensor; readonly variance: Tensor } {
  const channels = runningMean.size;
  const rows = input.size / channels;
  const { bandRows, columns, phases, steps, bands, slices } = sliceRows(rows, channels, 'reduction', tuning);
  const mean = tape.empty([channels]);
  const variance = tape.empty([channels]);
  const means = tape.engine.empty([slices, bandRows, channels]);
  const deviations = tape.engine.empty([slices, bandRows, channels]);
  try {
    tape.run(statisticsKernel, {
      buffers: { input, means, deviations },
      params: { size: input.size, channels, columns, bands, phases, steps, slices },
      workgroups: ceilDivide(slices * columns, statisticsKernel.constants.WORKGROUP.value),
      work: { bytes: 4 * (input.size + 2 * means.size), flops: 4 * input.size },
    });
    const constants = combineConstants(tuning);
    tape.run(combineKernel, {
      buffers: { input, means, deviations, runningMean, runningVariance, mean, variance },
      params: { rows, channels, bandRows, phases, steps, slices, momentum },
      workgroups: ceilDivide(channels, constants.CHANNELS),
      constants,
      work: { bytes: 8 * means.size + 28 * channels, flops: 8 * means.size },
    });
  } finally {
    means.dispose();
    deviations.dispose();
  }
  return { mean, variance };
}

/** The same of a batch whose rest other processes have. */
function wholeBatchStatistics(
  tape: Tape,
  input: Tensor,
  tensors: BatchNormTensors,
  momentum: number,
  tuning: Tuning,
  synchronization: BatchSynchronization,
): { readonly mean: Tensor; readonly variance: Tensor } {
  const { shape, size: channels } = tensors.runningMean;
  // What the part alone would make of the running statistics nobody reads.
  const unread = { ...tensors, runningMean: tape.empty(shape), runningVariance: tape.empty(shape) };
  const own = batchStatistics(tape, input, unread, 0, tuning);
  const rows = input.size / channels;
  synchronization.mergeStatistics(tape, own, tensors, { rows, momentum, tuning });
  return own;
}

function checkTensors(
  tape: Tape,
  input: Tensor,
  tensors: BatchNormTensors,
  { mode, momentum = 0.1, epsilon = 1e-5, residual }: BatchNormOptions,
): void {
  const channels = input.shape.at(-1);
  if (channels === undefined) reject('batchNorm', 'shape of input', '[]', '[...,channels]');
  const { scale, shift, runningMean, runningVariance } = tensors;
  for (const [name, tensor] of Object.entries({ scale, shift, runningMean, runningVariance }))
    checkShape('batchNorm', name, tensor, [channels]);
  if (residual !== undefined && !sameShape(residual.shape, input.shape))
    reject('batchNorm', 'shape of residual', formatShape(residual.shape), formatShape(input.shape));
  if (!(epsilon > 0)) reject('batchNorm', 'epsilon', String(epsilon), 'a number > 0');
  if (!(momentum >= 0 && momentum <= 1)) reject('batchNorm', 'momentum', String(momentum), '0 to 1');
  if (mode !== 'train') return;
  if (input.size === channels) {
    throw new ArgumentError(
      `batchNorm: input ${formatShape(input.shape)} has one value a channel, wanted more than one when mode is 'train'`,
    );
  }
  for (const tensor of [runningMean, runningVariance])
    if (tape.needsGradient(tensor))
      throw new ArgumentError('batchNorm: runningMean and runningVariance must not require a gradient');
}

/**
 * Batch normalisation over all axes but the last, with an optional residual sum and ReLU in the same pass:
 * `act((x - mean) / sqrt(variance + epsilon) * scale + shift + residual)`, [...,C] (Ioffe and Szegedy 2015;
 * torch.nn.functional.batch_norm). In training the biased variance normalises and the unbiased one enters the running
 * variance, as in PyTorch. Statistics are accurate for any mean: they are merged pairwise, never E[x^2] - E[x]^2.
 * Throws ArgumentError for shapes that do not fit and, in training, for one value a channel (as PyTorch).
 */
export function batchNorm(
  tape: Tape,
  input: Tensor,
  tensors: BatchNormTensors,
  options: BatchNormOptions,
): Tensor {
  checkTensors(tape, input, tensors, options);
  const { mode, momentum = 0.1, epsilon = 1e-5, activation = 'none', residual, synchronization } = options;
  const { scale, shift } = tensors;
  const tuning = tuningOf(tape, options);
  const channels = scale.size;
  const { columns, phases, steps, slices, vectors } = sliceRows(
    input.size / channels,
    channels,
    'elementwise',
    tuning,
  );
  const { mean, variance } =
    mode === 'train'
      ? // Once, because it moves the running statistics.
        tape.once(() =>
          synchronization === undefined
            ? batchStatistics(tape, input, tensors, momentum, tuning)
            : wholeBatchStatistics(tape, input, tensors, momentum, tuning, synchronization),
        )
      : { mean: tensors.runningMean, variance: tensors.runningVariance };
  const output = tape.empty(input.shape);
  tape.run(normalizeKernel, {
    buffers: { input, residual: residual ?? input, mean, variance, scale, shift, output },
    params: { channels, columns, vectors, phases, steps, slices, epsilon },
    workgroups: ceilDivide(slices * columns, normalizeKernel.constants.WORKGROUP.value),
    constants: { RELU: activation === 'relu' ? 1 : 0, RESIDUAL: residual === undefined ? 0 : 1 },
    work: { bytes: (residual === undefined ? 8 : 12) * input.size, flops: 4 * input.size },
  });
  const inputs = [input, scale, shift, ...(residual === undefined ? [] : [residual])];
  const saved = {
    input,
    output,
    mean,
    variance,
    scale,
    shift,
    residual: residual ?? null,
    relu: activation === 'relu',
    mode,
    epsilon,
    tuning,
    synchronization: synchronization ?? null,
  };
  return tape.record(
    'batchNorm',
    output,
    inputs,
    (outputGradient) => batchNormGradient(tape, outputGradient, saved),
    { readsOutput: saved.relu && residual !== undefined },
  );
}

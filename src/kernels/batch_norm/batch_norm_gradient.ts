import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../tuning.ts';
import type { BatchSynchronization } from './synchronization.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { combineConstants, sliceRows } from './slices.ts';
import { combineGradientSums as combineKernel } from './combine_gradient_sums.wgsl.ts';
import { gradientSums as sumsKernel } from './gradient_sums.wgsl.ts';
import { inputGradient as inputGradientKernel } from './input_gradient.wgsl.ts';
import { maskedGradientSums as maskedSumsKernel } from './masked_gradient_sums.wgsl.ts';
import { reluGradient } from '../relu/relu.ts';

/** What the forward pass of a batch normalisation leaves for its gradient. */
export interface SavedBatchNorm {
  readonly input: Tensor;
  readonly output: Tensor;
  /** What the input was normalised by, [C]. */
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly residual: Tensor | null;
  readonly relu: boolean;
  readonly mode: 'train' | 'eval' | 'frozen';
  readonly epsilon: number;
  readonly tuning: Tuning;
  readonly synchronization: BatchSynchronization | null;
}

interface GradientSums {
  /** The gradient behind the ReLU when a residual precedes it, otherwise the output's gradient as it came. */
  readonly gradient: Tensor;
  readonly scaleGradient: Tensor;
  readonly shiftGradient: Tensor;
  /** Mean over the rows of the gradient, and of the gradient times the normalised input: [C,2]. */
  readonly averages: Tensor;
}

/** First pass: what the reductions over the rows give. */
function sumGradient(tape: Tape, outputGradient: Tensor, saved: SavedBatchNorm): GradientSums {
  const { input, output, mean, variance, scale, shift, relu, residual, epsilon, tuning } = saved;
  const { synchronization } = saved;
  const channels = scale.size;
  const rows = input.size / channels;
  const dealt = sliceRows(rows, channels, 'reduction', tuning);
  const { bandRows, columns, phases, steps, slices, vectors } = dealt;
  const params = {
    size: input.size,
    channels,
    columns,
    vectors,
    phases,
    steps,
    slices,
    epsilon,
  };
  const workgroups = ceilDivide(slices * columns, sumsKernel.constants.WORKGROUP.value);
  const wanted = (parameter: Tensor): Tensor =>
    tape.needsGradient(parameter) ? tape.emptyGradient(parameter) : tape.empty([channels]);
  const scaleGradient = wanted(scale);
  const shiftGradient = wanted(shift);
  const averages = tape.empty([channels, 2]);
  let gradient = outputGradient;
  const sums = tape.engine.empty([2, slices, bandRows, channels]);
  try {
    if (relu && residual !== null) {
      const maskedGradient = tape.empty(input.shape);
      tape.run(maskedSumsKernel, {
        buffers: { outputGradient, output, input, mean, variance, maskedGradient, sums },
        params,
        workgroups,
        work: { bytes: 16 * input.size + 4 * sums.size, flops: 4 * input.size },
      });
      gradient = maskedGradient;
    } else {
      tape.run(sumsKernel, {
        buffers: { outputGradient, input, mean, variance, scale, shift, sums },
        params,
        workgroups,
        constants: { RELU: relu ? 1 : 0 },
        work: { bytes: 8 * input.size + 4 * sums.size, flops: 4 * input.size },
      });
    }
    const combine = combineConstants(tuning);
    tape.run(combineKernel, {
      buffers: { sums, scaleGradient, shiftGradient, averages },
      params: {
        rows: synchronization?.wholeRows(rows) ?? rows,
        channels,
        bandRows,
        slices,
      },
      workgroups: ceilDivide(channels, combine.CHANNELS),
      constants: combine,
      work: { bytes: 4 * sums.size + 16 * channels, flops: sums.size },
    });
  } finally {
    sums.dispose();
  }
  // Each process has its rows' share of the averages. The sums stay its own: they join those of the other parameters' gradients.
  synchronization?.sum(tape, averages);
  return { gradient, scaleGradient, shiftGradient, averages };
}

/** Second pass. `averages` are null when the statistics did not come from the batch. */
function inputGradient(tape: Tape, gradient: Tensor, averages: Tensor | null, saved: SavedBatchNorm): Tensor {
  const { input, mean, variance, scale, shift, residual, relu, epsilon, mode, tuning } = saved;
  const channels = scale.size;
  const { columns, phases, steps, slices, vectors } = sliceRows(
    input.size / channels,
    channels,
    'elementwise',
    tuning,
  );
  const batch = mode === 'train' && averages !== null;
  const masked = relu && residual === null;
  const result = tape.empty(input.shape);
  tape.run(inputGradientKernel, {
    buffers: {
      outputGradient: gradient,
      input,
      mean,
      variance,
      scale,
      shift,
      averages: averages ?? scale,
      inputGradient: result,
    },
    params: { channels, columns, vectors, phases, steps, slices, epsilon },
    workgroups: ceilDivide(slices * columns, inputGradientKernel.constants.WORKGROUP.value),
    constants: { BATCH: batch ? 1 : 0, RELU: masked ? 1 : 0 },
    work: { bytes: (batch || masked ? 12 : 8) * input.size, flops: 6 * input.size },
  });
  return result;
}

/**
 * Gradients of a batch normalisation's input, scale, shift and residual (when it has one), in this order. Two passes: sums over
 * the rows, then one elementwise pass. The ReLU's mask is computed again: from the input, or from the output when a residual
 * came in between.
 */
export function batchNormGradient(
  tape: Tape,
  outputGradient: Tensor,
  saved: SavedBatchNorm,
): (Tensor | null)[] {
  const { input, output, scale, shift, residual, relu, mode } = saved;
  const scaleWanted = mode !== 'frozen' && tape.needsGradient(scale);
  const shiftWanted = mode !== 'frozen' && tape.needsGradient(shift);
  const sums =
    scaleWanted || shiftWanted || (mode === 'train' && tape.needsGradient(input))
      ? sumGradient(tape, outputGradient, saved)
      : null;
  const gradient =
    sums?.gradient ??
    (relu && residual !== null ? reluGradient(tape, output, outputGradient) : outputGradient);
  if (gradient !== outputGradient) {
    tape.release(output);
    tape.release(outputGradient);
  }
  return [
    tape.needsGradient(input) ? inputGradient(tape, gradient, sums?.averages ?? null, saved) : null,
    scaleWanted ? (sums?.scaleGradient ?? null) : null,
    shiftWanted ? (sums?.shiftGradient ?? null) : null,
    ...(residual === null ? [] : [gradient]),
  ];
}

import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { TuningOptions } from '../tuning.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { tuningOf } from '../tuning.ts';
import { imageShape } from '../../runtime/shape.ts';
import { launchExpand } from '../reduce/launch.ts';
import { sumRows as scalarSumKernel } from './sum_rows.wgsl.ts';
import { sumRowsVec4 as vec4SumKernel } from './sum_rows_vec4.wgsl.ts';

/** Images are cut into slices of pixels until about so many invocations have work. */
const INVOCATIONS = { software: 1024, hardware: 65_536 };
/** Pixels of a slice at least: with fewer, the partial sums would outweigh the image. */
const LEAST_STEPS = 32;

/**
 * Mean over an image's pixels: [N,H,W,C] -> [N,C] (torch.nn.AdaptiveAvgPool2d(1)). Sums in a fixed order, in two stages where
 * images are large. Throws ArgumentError unless the input has four axes.
 */
export function globalAveragePool(tape: Tape, input: Tensor, options: TuningOptions = {}): Tensor {
  const [batch, height, width, channels] = imageShape('globalAveragePool', 'input', input);
  const rows = height * width;
  const columns = channels % 4 === 0 ? channels / 4 : channels;
  const invocations = INVOCATIONS[tuningOf(tape, options)];
  const wantedSlices = Math.max(1, Math.floor(invocations / (batch * columns)));
  const steps = Math.max(LEAST_STEPS, ceilDivide(rows, wantedSlices));
  const slices = ceilDivide(rows, steps);
  const output = tape.empty([batch, channels]);
  if (slices === 1) sumRows(tape, input, output, { batch, rows, channels, steps: rows, factor: 1 / rows });
  else {
    const partial = tape.engine.empty([batch, slices, channels]);
    try {
      sumRows(tape, input, partial, { batch, rows, channels, steps, factor: 1 });
      sumRows(tape, partial, output, { batch, rows: slices, channels, steps: slices, factor: 1 / rows });
    } finally {
      partial.dispose();
    }
  }
  return tape.record('globalAveragePool', output, [input], (outputGradient) => [
    launchExpand(
      tape,
      outputGradient,
      { outer: batch, length: rows, inner: channels },
      1 / rows,
      tape.empty(input.shape),
    ),
  ]);
}

interface SumSizes {
  readonly batch: number;
  readonly rows: number;
  readonly channels: number;
  readonly steps: number;
  readonly factor: number;
}

/** sums [N,slices,C] = factor * sums of `steps` rows each of input [N,rows,C]. */
function sumRows(tape: Tape, input: Tensor, sums: Tensor, sizes: SumSizes): void {
  const { batch, rows, channels, steps, factor } = sizes;
  const vec4 = channels % 4 === 0;
  const kernel = vec4 ? vec4SumKernel : scalarSumKernel;
  const columns = vec4 ? channels / 4 : channels;
  const slices = ceilDivide(rows, steps);
  const count = batch * slices * columns;
  tape.run(kernel, {
    buffers: { input, sums },
    params: { count, columns, rows, steps, slices, factor },
    workgroups: ceilDivide(count, kernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (input.size + sums.size), flops: input.size },
  });
}

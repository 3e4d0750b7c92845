import type { PoolGeometry, PoolOptions } from './geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning, TuningOptions } from '../tuning.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { inputBlocks, stripOf, UNROLLED_PIXELS, windowConstants } from './blocks.ts';
import { maxPool as scalarKernel } from './max_pool.wgsl.ts';
import { maxPoolGradient as scalarGradientKernel } from './max_pool_gradient.wgsl.ts';
import { maxPoolGradientVec4 as vec4GradientKernel } from './max_pool_gradient_vec4.wgsl.ts';
import { maxPoolVec4 as vec4Kernel } from './max_pool_vec4.wgsl.ts';
import { tuningOf } from '../tuning.ts';
import { poolGeometry } from './geometry.ts';

/**
 * Maximum over windows of an image: [N,H,W,C] -> [N,OH,OW,C] (torch.nn.functional.max_pool2d). Padding is
 * -infinity. Of equal values the first of the window, row by row, gets the gradient, and a NaN wins, as in PyTorch. Throws
 * ArgumentError for wrong shapes or options.
 */
export function maxPool2d(tape: Tape, input: Tensor, options: PoolOptions & TuningOptions): Tensor {
  const geometry = poolGeometry('maxPool2d', input, options);
  const tuned = { ...geometry, tuning: tuningOf(tape, options) };
  const { batch, channels, outputHeight, outputWidth, kernelHeight, kernelWidth } = geometry;
  const vec4 =
    channels % 4 === 0 &&
    kernelHeight * kernelWidth <= UNROLLED_PIXELS &&
    geometry.dilationY === 1 &&
    geometry.dilationX === 1;
  const output = tape.empty([batch, outputHeight, outputWidth, channels]);
  const recorded = tape.needsGradient(input);
  const indexShape = [batch, outputHeight, outputWidth, vec4 ? channels / 4 : channels];
  const indices = recorded ? tape.empty(indexShape, 'u32') : tape.engine.empty(indexShape, 'u32');
  try {
    if (vec4) poolVec4(tape, tuned, input, output, indices);
    else poolScalars(tape, geometry, input, output, indices);
  } finally {
    if (!recorded) indices.dispose();
  }
  return tape.record('maxPool2d', output, [input], (outputGradient) => {
    const inputGradient = tape.empty(input.shape);
    if (vec4) poolGradientVec4(tape, tuned, indices, outputGradient, inputGradient);
    else poolGradientScalars(tape, geometry, indices, outputGradient, inputGradient);
    return [inputGradient];
  });
}

interface TunedPool extends PoolGeometry {
  readonly tuning: Tuning;
}

/** Bytes and comparisons of either direction. */
function work(g: PoolGeometry, input: Tensor, output: Tensor, indices: Tensor<'u32'>) {
  return {
    bytes: 4 * (input.size + output.size + indices.size),
    flops: output.size * g.kernelHeight * g.kernelWidth,
  };
}

function poolVec4(tape: Tape, g: TunedPool, input: Tensor, output: Tensor, indices: Tensor<'u32'>): void {
  const { inputHeight, inputWidth, outputHeight, outputWidth, padTop, padLeft } = g;
  const columns = g.channels / 4;
  const strip = stripOf(outputWidth, g.tuning);
  const count = g.batch * outputHeight * ceilDivide(outputWidth, strip) * columns;
  tape.run(vec4Kernel, {
    buffers: { input, output, indices },
    params: { count, columns, inputHeight, inputWidth, outputHeight, outputWidth, padTop, padLeft, strip },
    workgroups: ceilDivide(count, vec4Kernel.constants.WORKGROUP.value),
    constants: windowConstants(g),
    work: work(g, input, output, indices),
  });
}

function poolGradientVec4(
  tape: Tape,
  g: TunedPool,
  indices: Tensor<'u32'>,
  outputGradient: Tensor,
  inputGradient: Tensor,
): void {
  const { inputHeight, inputWidth, outputHeight, outputWidth, padTop, padLeft } = g;
  const columns = g.channels / 4;
  const blocks = inputBlocks(g);
  const strip = stripOf(blocks.blocksX, g.tuning);
  const count = g.batch * blocks.blocksY * ceilDivide(blocks.blocksX, strip) * columns;
  const sizes = { inputHeight, inputWidth, outputHeight, outputWidth, padTop, padLeft };
  tape.run(vec4GradientKernel, {
    buffers: { outputGradient, indices, inputGradient },
    params: { ...sizes, ...blocks, count, columns, strip },
    workgroups: ceilDivide(count, vec4GradientKernel.constants.WORKGROUP.value),
    constants: windowConstants(g),
    work: work(g, inputGradient, outputGradient, indices),
  });
}

function poolScalars(
  tape: Tape,
  g: PoolGeometry,
  input: Tensor,
  output: Tensor,
  indices: Tensor<'u32'>,
): void {
  const { batch, channels, ...sizes } = g;
  const { STRIP, WORKGROUP } = scalarKernel.constants;
  const count = batch * g.outputHeight * ceilDivide(g.outputWidth, STRIP.value) * channels;
  tape.run(scalarKernel, {
    buffers: { input, output, indices },
    params: { ...sizes, columns: channels, count, lowest: -Infinity },
    workgroups: ceilDivide(count, WORKGROUP.value),
    work: work(g, input, output, indices),
  });
}

function poolGradientScalars(
  tape: Tape,
  g: PoolGeometry,
  indices: Tensor<'u32'>,
  outputGradient: Tensor,
  inputGradient: Tensor,
): void {
  const { batch, channels, ...sizes } = g;
  const { STRIP, WORKGROUP } = scalarGradientKernel.constants;
  const count = batch * g.inputHeight * ceilDivide(g.inputWidth, STRIP.value) * channels;
  tape.run(scalarGradientKernel, {
    buffers: { outputGradient, indices, inputGradient },
    params: { ...sizes, columns: channels, count },
    workgroups: ceilDivide(count, WORKGROUP.value),
    work: work(g, inputGradient, outputGradient, indices),
  });
}

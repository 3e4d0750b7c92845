import type { PoolGeometry, PoolOptions } from '../max_pool/geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning, TuningOptions } from '../tuning.ts';
import { averagePool as scalarKernel } from './average_pool.wgsl.ts';
import { averagePoolGradient as scalarGradientKernel } from './average_pool_gradient.wgsl.ts';
import { averagePoolGradientVec4 as vec4GradientKernel } from './average_pool_gradient_vec4.wgsl.ts';
import { averagePoolVec4 as vec4Kernel } from './average_pool_vec4.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { inputBlocks, stripOf, UNROLLED_PIXELS, windowConstants } from '../max_pool/blocks.ts';
import { tuningOf } from '../tuning.ts';
import { poolGeometry } from '../max_pool/geometry.ts';

/** How a window averages; it has no dilation, and windows never reach beyond the padding. */
export interface AveragePoolOptions extends Omit<PoolOptions, 'dilation' | 'ceilMode'>, TuningOptions {
  /**
   * Whether padding counts as zeros (torch's count_include_pad) or the sum is divided by the number of pixels inside the image.
   * Default: true.
   */
  readonly countIncludePadding?: boolean;
}

interface Averaging extends PoolGeometry {
  readonly countPadding: number;
  readonly tuning: Tuning;
}

/**
 * Mean over windows of an image: [N,H,W,C] -> [N,OH,OW,C] (torch.nn.functional.avg_pool2d with ceil_mode=False), with both
 * conventions for padding. Throws ArgumentError for wrong shapes or options.
 */
export function averagePool2d(tape: Tape, input: Tensor, options: AveragePoolOptions): Tensor {
  const { kernel, stride, padding, countIncludePadding = true } = options;
  const geometry = poolGeometry('averagePool2d', input, {
    kernel,
    ...(stride === undefined ? {} : { stride }),
    ...(padding === undefined ? {} : { padding }),
  });
  const countPadding = countIncludePadding ? 1 : 0;
  const averaging = { ...geometry, countPadding, tuning: tuningOf(tape, options) };
  const { batch, channels, outputHeight, outputWidth, kernelHeight, kernelWidth } = geometry;
  const output = tape.empty([batch, outputHeight, outputWidth, channels]);
  const vec4 = channels % 4 === 0 && kernelHeight * kernelWidth <= UNROLLED_PIXELS;
  if (vec4) poolVec4(tape, averaging, input, output);
  else poolScalars(tape, averaging, input, output);
  return tape.record('averagePool2d', output, [input], (outputGradient) => {
    const inputGradient = tape.empty(input.shape);
    if (vec4) poolGradientVec4(tape, averaging, outputGradient, inputGradient);
    else poolGradientScalars(tape, averaging, outputGradient, inputGradient);
    return [inputGradient];
  });
}

/** Bytes and additions of either direction. */
function work(g: PoolGeometry, input: Tensor, output: Tensor) {
  return { bytes: 4 * (input.size + output.size), flops: output.size * g.kernelHeight * g.kernelWidth };
}

function imageSizes(g: Averaging) {
  const { inputHeight, inputWidth, outputHeight, outputWidth, padTop, padLeft, countPadding } = g;
  return { inputHeight, inputWidth, outputHeight, outputWidth, padTop, padLeft, countPadding };
}

function windowSizes({ kernelHeight, kernelWidth, strideY, strideX }: Averaging) {
  return { kernelHeight, kernelWidth, strideY, strideX };
}

function poolVec4(tape: Tape, g: Averaging, input: Tensor, output: Tensor): void {
  const columns = g.channels / 4;
  const strip = stripOf(g.outputWidth, g.tuning);
  const count = g.batch * g.outputHeight * ceilDivide(g.outputWidth, strip) * columns;
  tape.run(vec4Kernel, {
    buffers: { input, output },
    params: { ...imageSizes(g), count, columns, strip },
    workgroups: ceilDivide(count, vec4Kernel.constants.WORKGROUP.value),
    constants: windowConstants(g),
    work: work(g, input, output),
  });
}

function poolGradientVec4(tape: Tape, g: Averaging, outputGradient: Tensor, inputGradient: Tensor): void {
  const columns = g.channels / 4;
  const blocks = inputBlocks(g);
  const strip = stripOf(blocks.blocksX, g.tuning);
  const count = g.batch * blocks.blocksY * ceilDivide(blocks.blocksX, strip) * columns;
  tape.run(vec4GradientKernel, {
    buffers: { outputGradient, inputGradient },
    params: { ...imageSizes(g), ...blocks, count, columns, strip },
    workgroups: ceilDivide(count, vec4GradientKernel.constants.WORKGROUP.value),
    constants: windowConstants(g),
    work: work(g, inputGradient, outputGradient),
  });
}

function poolScalars(tape: Tape, g: Averaging, input: Tensor, output: Tensor): void {
  const { STRIP, WORKGROUP } = scalarKernel.constants;
  const count = g.batch * g.outputHeight * ceilDivide(g.outputWidth, STRIP.value) * g.channels;
  tape.run(scalarKernel, {
    buffers: { input, output },
    params: { ...imageSizes(g), ...windowSizes(g), count, columns: g.channels },
    workgroups: ceilDivide(count, WORKGROUP.value),
    work: work(g, input, output),
  });
}

function poolGradientScalars(tape: Tape, g: Averaging, outputGradient: Tensor, inputGradient: Tensor): void {
  const { STRIP, WORKGROUP } = scalarGradientKernel.constants;
  const count = g.batch * g.inputHeight * ceilDivide(g.inputWidth, STRIP.value) * g.channels;
  tape.run(scalarGradientKernel, {
    buffers: { outputGradient, inputGradient },
    params: { ...imageSizes(g), ...windowSizes(g), count, columns: g.channels },
    workgroups: ceilDivide(count, WORKGROUP.value),
    work: work(g, inputGradient, outputGradient),
  });
}

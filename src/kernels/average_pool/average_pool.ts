import type { PoolGeometry, PoolOptions } from '../max_pool/geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { averagePool as scalarKernel } from './average_pool.wgsl.ts';
import { averagePoolGradient as scalarGradientKernel } from './average_pool_gradient.wgsl.ts';
import { averagePoolGradientVec4 as vec4GradientKernel } from './average_pool_gradient_vec4.wgsl.ts';
import { averagePoolVec4 as vec4Kernel } from './average_pool_vec4.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { poolGeometry } from '../max_pool/geometry.ts';

/** How a window averages; it has no dilation. */
export interface AveragePoolOptions extends Omit<PoolOptions, 'dilation'> {
  /**
   * Whether padding counts as zeros (torch's count_include_pad) or the sum is divided by the number of pixels inside the image.
   * Default: true.
   */
  readonly countIncludePadding?: boolean;
}

/** What the kernels take besides how many invocations there are. */
function kernelSizes({ channels, ...g }: PoolGeometry, countIncludePadding: boolean) {
  return {
    columns: channels % 4 === 0 ? channels / 4 : channels,
    inputHeight: g.inputHeight,
    inputWidth: g.inputWidth,
    outputHeight: g.outputHeight,
    outputWidth: g.outputWidth,
    kernelHeight: g.kernelHeight,
    kernelWidth: g.kernelWidth,
    strideY: g.strideY,
    strideX: g.strideX,
    padTop: g.padTop,
    padLeft: g.padLeft,
    countPadding: countIncludePadding ? 1 : 0,
  };
}

/**
 * Mean over windows of an image: [N,H,W,C] -> [N,OH,OW,C] (torch.nn.functional.avg_pool2d with ceil_mode=False), with both
 * conventions for padding. Throws ArgumentError for wrong shapes or options.
 */
export function averagePool2d(tape: Tape, input: Tensor, options: AveragePoolOptions): Tensor {
  const geometry = poolGeometry('averagePool2d', input, options);
  const { batch, channels, outputHeight, outputWidth, kernelHeight, kernelWidth } = geometry;
  const sizes = kernelSizes(geometry, options.countIncludePadding ?? true);
  const output = tape.empty([batch, outputHeight, outputWidth, channels]);
  const kernel = channels % 4 === 0 ? vec4Kernel : scalarKernel;
  const { STRIP, WORKGROUP } = kernel.constants;
  const count = batch * outputHeight * ceilDivide(outputWidth, STRIP.value) * sizes.columns;
  tape.run(kernel, {
    buffers: { input, output },
    params: { ...sizes, count },
    workgroups: ceilDivide(count, WORKGROUP.value),
    work: { bytes: 4 * (input.size + output.size), flops: output.size * kernelHeight * kernelWidth },
  });
  return tape.record('averagePool2d', output, [input], (outputGradient) => {
    const inputGradient = tape.empty(input.shape);
    const gradientKernel = channels % 4 === 0 ? vec4GradientKernel : scalarGradientKernel;
    const strips = ceilDivide(geometry.inputWidth, gradientKernel.constants.STRIP.value);
    const gradientCount = batch * geometry.inputHeight * strips * sizes.columns;
    tape.run(gradientKernel, {
      buffers: { outputGradient, inputGradient },
      params: { ...sizes, count: gradientCount },
      workgroups: ceilDivide(gradientCount, gradientKernel.constants.WORKGROUP.value),
      work: { bytes: 4 * (input.size + output.size), flops: output.size * kernelHeight * kernelWidth },
    });
    return [inputGradient];
  });
}

import type { PoolGeometry, PoolOptions } from './geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { maxPool as scalarKernel } from './max_pool.wgsl.ts';
import { maxPoolGradient as scalarGradientKernel } from './max_pool_gradient.wgsl.ts';
import { maxPoolGradientVec4 as vec4GradientKernel } from './max_pool_gradient_vec4.wgsl.ts';
import { maxPoolVec4 as vec4Kernel } from './max_pool_vec4.wgsl.ts';
import { poolGeometry } from './geometry.ts';

/** Places of a window that a byte can name; 255 says that there is none. */
const BYTE_PLACES = 255;

/**
 * Maximum over windows of an image: [N,H,W,C] -> [N,OH,OW,C] (torch.nn.functional.max_pool2d with ceil_mode=False). Padding is
 * -infinity. Of equal values the first of the window, row by row, gets the gradient, and a NaN wins, as in PyTorch. Throws
 * ArgumentError for wrong shapes or options.
 */
export function maxPool2d(tape: Tape, input: Tensor, options: PoolOptions): Tensor {
  const geometry = poolGeometry('maxPool2d', input, options);
  const { batch, channels, ...image } = geometry;
  const { outputHeight, outputWidth, kernelHeight, kernelWidth } = image;
  const vec4 = channels % 4 === 0 && kernelHeight * kernelWidth < BYTE_PLACES;
  const columns = vec4 ? channels / 4 : channels;
  const output = tape.empty([batch, outputHeight, outputWidth, channels]);
  const recorded = tape.needsGradient(input);
  const indexShape = [batch, outputHeight, outputWidth, columns];
  const indices = recorded ? tape.empty(indexShape, 'u32') : tape.engine.empty(indexShape, 'u32');
  try {
    const kernel = vec4 ? vec4Kernel : scalarKernel;
    const { STRIP, WORKGROUP } = kernel.constants;
    const count = batch * outputHeight * ceilDivide(outputWidth, STRIP.value) * columns;
    tape.run(kernel, {
      buffers: { input, output, indices },
      params: { ...image, columns, count, lowest: -Infinity },
      workgroups: ceilDivide(count, WORKGROUP.value),
      work: {
        bytes: 4 * (input.size + output.size + indices.size),
        flops: output.size * kernelHeight * kernelWidth,
      },
    });
  } finally {
    if (!recorded) indices.dispose();
  }
  return tape.record('maxPool2d', output, [input], (outputGradient) => [
    maxPoolGradient(tape, geometry, indices, outputGradient),
  ]);
}

function maxPoolGradient(
  tape: Tape,
  { batch, channels, ...image }: PoolGeometry,
  indices: Tensor<'u32'>,
  outputGradient: Tensor,
): Tensor {
  const { inputHeight, inputWidth } = image;
  const vec4 = indices.size !== outputGradient.size;
  const columns = vec4 ? channels / 4 : channels;
  const inputGradient = tape.empty([batch, inputHeight, inputWidth, channels]);
  const kernel = vec4 ? vec4GradientKernel : scalarGradientKernel;
  const { STRIP, WORKGROUP } = kernel.constants;
  const count = batch * inputHeight * ceilDivide(inputWidth, STRIP.value) * columns;
  tape.run(kernel, {
    buffers: { outputGradient, indices, inputGradient },
    params: { ...image, columns, count },
    workgroups: ceilDivide(count, WORKGROUP.value),
    work: {
      bytes: 4 * (inputGradient.size + outputGradient.size + indices.size),
      flops: outputGradient.size,
    },
  });
  return inputGradient;
}

import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { bilinear as bilinearKernel } from './bilinear.wgsl.ts';
import { bilinearGradient as gradientKernel } from './bilinear_gradient.wgsl.ts';
import { bilinearGradientVec4 as gradientVec4Kernel } from './bilinear_gradient_vec4.wgsl.ts';
import { bilinearQuads as bilinearQuadsKernel } from './bilinear_quads.wgsl.ts';
import { bilinearVec4 as bilinearVec4Kernel } from './bilinear_vec4.wgsl.ts';
import type { TuningOptions } from '../tuning.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { imageShape } from '../../runtime/shape.ts';
import { reject } from '../../runtime/errors.ts';
import { tuningOf } from '../tuning.ts';

/** Sizes up to which the kernels' whole-number positions fit 32 bits. */
const LARGEST_SIZE = 32_767;

/**
 * Rows, and columns of the gradient, that an invocation computes on a software adapter, which has few threads to feed and divides
 * slowly.
 */
const SOFTWARE = { ROWS: 32, COLUMNS: 2 };

function checkSize(argument: string, size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_SIZE)
    reject('resizeBilinear', argument, String(size), `a whole number from 1 to ${LARGEST_SIZE}`);
}

/**
 * Resizes images bilinearly: [N,H,W,C] -> [N,height,width,C], with half-pixel centres, clamped edges and no antialiasing
 * (torch.nn.functional.interpolate(mode='bilinear', align_corners=False), cv2.resize(INTER_LINEAR)). Throws ArgumentError
 * unless x has four axes and all sizes are from 1 to 32767.
 */
export function resizeBilinear(
  tape: Tape,
  x: Tensor,
  options: { readonly height: number; readonly width: number } & TuningOptions,
): Tensor {
  const { height, width } = options;
  const [batch, inputHeight, inputWidth, channels] = imageShape('resizeBilinear', 'x', x);
  checkSize('height', height);
  checkSize('width', width);
  checkSize('height of x', inputHeight);
  checkSize('width of x', inputWidth);
  const sizes = { inputHeight, inputWidth, height, width };
  const output = tape.empty([batch, height, width, channels]);
  const vector = channels % 4 === 0 ? 4 : 1;
  const software = tuningOf(tape, options) === 'software';
  const quads = (width * channels) % 4 === 0;
  const kernel = vector === 4 ? bilinearVec4Kernel : quads ? bilinearQuadsKernel : bilinearKernel;
  const outputRows = software ? SOFTWARE.ROWS : kernel.constants.ROWS.value;
  const segments = ceilDivide(height, outputRows);
  const count = (batch * segments * width * channels) / (quads ? 4 : 1);
  tape.run(kernel, {
    buffers: { input: x, output },
    params: { ...sizes, count, channels: channels / vector, segments },
    constants: { ROWS: outputRows },
    workgroups: ceilDivide(count, kernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (x.size + output.size), flops: 8 * output.size },
  });
  return tape.record('resizeBilinear', output, [x], (outputGradient) => {
    const inputGradient = tape.emptyGradient(x);
    const readers = vector === 4 ? gradientVec4Kernel : gradientKernel;
    const { ROWS, COLUMNS } = software
      ? SOFTWARE
      : { ROWS: readers.constants.ROWS.value, COLUMNS: readers.constants.COLUMNS.value };
    const inputSegments = ceilDivide(inputHeight, ROWS);
    const strips = ceilDivide(inputWidth, COLUMNS);
    const threads = (batch * inputSegments * strips * channels) / vector;
    tape.run(readers, {
      buffers: { outputGradient, inputGradient },
      params: { ...sizes, count: threads, channels: channels / vector, segments: inputSegments, strips },
      constants: { ROWS, COLUMNS },
      workgroups: ceilDivide(threads, readers.constants.WORKGROUP.value),
      work: { bytes: 4 * (x.size + output.size), flops: 8 * output.size },
    });
    return [inputGradient];
  });
}

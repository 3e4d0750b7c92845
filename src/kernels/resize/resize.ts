import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { bilinear as bilinearKernel } from './bilinear.wgsl.ts';
import { bilinearGradient as gradientKernel } from './bilinear_gradient.wgsl.ts';
import { bilinearGradientVec4 as gradientVec4Kernel } from './bilinear_gradient_vec4.wgsl.ts';
import { bilinearVec4 as bilinearVec4Kernel } from './bilinear_vec4.wgsl.ts';
import type { TuningOptions } from '../tuning.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { imageShape } from '../../runtime/shape.ts';
import { reject } from '../../runtime/errors.ts';
import { tuningOf } from '../tuning.ts';

/** Sizes up to which the kernels' whole-number positions fit 32 bits. */
const LARGEST_SIZE = 32_767;

/**
 * Rows an invocation computes on a software adapter, which has few threads to feed and divides slowly. On llvmpipe 8, 16 and 32
 * rows reach 48, 53 and 67 % of a copy's bandwidth from [8,14,14,512] to 28x28.
 */
const SOFTWARE_ROWS = 32;

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
  const kernel = vector === 4 ? bilinearVec4Kernel : bilinearKernel;
  const software = tuningOf(tape, options) === 'software';
  const ROWS = software ? SOFTWARE_ROWS : kernel.constants.ROWS.value;
  const segments = ceilDivide(height, ROWS);
  const count = (batch * segments * width * channels) / vector;
  tape.run(kernel, {
    buffers: { input: x, output },
    params: { ...sizes, count, channels: channels / vector, segments },
    constants: { ROWS },
    workgroups: ceilDivide(count, kernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (x.size + output.size), flops: 8 * output.size },
  });
  return tape.record('resizeBilinear', output, [x], (outputGradient) => {
    const inputGradient = tape.emptyGradient(x);
    const readers = vector === 4 ? gradientVec4Kernel : gradientKernel;
    const inputRows = software ? SOFTWARE_ROWS : readers.constants.ROWS.value;
    const inputSegments = ceilDivide(inputHeight, inputRows);
    const columns = (batch * inputSegments * inputWidth * channels) / vector;
    tape.run(readers, {
      buffers: { outputGradient, inputGradient },
      params: {
        ...sizes,
        count: columns,
        channels: channels / vector,
        segments: inputSegments,
        stepRow: Math.floor(inputHeight / height),
        stepRowRest: 2 * (inputHeight % height),
        stepColumn: Math.floor(inputWidth / width),
        stepColumnRest: 2 * (inputWidth % width),
      },
      constants: { ROWS: inputRows },
      workgroups: ceilDivide(columns, readers.constants.WORKGROUP.value),
      work: { bytes: 4 * (x.size + output.size), flops: 8 * output.size },
    });
    return [inputGradient];
  });
}

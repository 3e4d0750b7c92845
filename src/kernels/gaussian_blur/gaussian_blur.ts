import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { blurAxis as blurAxisKernel } from './blur_axis.wgsl.ts';
import { blurAxisGradient as gradientKernel } from './blur_axis_gradient.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { imageShape } from '../../runtime/shape.ts';
import { reject } from '../../runtime/errors.ts';

/** An axis of a tensor, seen as [outer, length, inner]. */
interface Axis {
  readonly length: number;
  readonly inner: number;
}

/** Weights of a sampled Gaussian that add up to 1, [kernelSize], as OpenCV's getGaussianKernel makes them for a given sigma. */
export function gaussianWeights(kernelSize: number, sigma: number): Float64Array {
  const centre = (kernelSize - 1) / 2;
  const weights = Float64Array.from({ length: kernelSize }, (_, i) =>
    Math.exp(-((i - centre) ** 2) / (2 * sigma * sigma)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function launchBlur(
  tape: Tape,
  input: Tensor,
  weights: Tensor,
  { length, inner }: Axis,
  output: Tensor,
): Tensor {
  const segments = ceilDivide(length, blurAxisKernel.constants.SEGMENT.value);
  const count = (input.size / length) * segments;
  tape.run(blurAxisKernel, {
    buffers: { input, weights, output },
    params: { count, length, inner, segments, taps: weights.size },
    workgroups: ceilDivide(count, blurAxisKernel.constants.WORKGROUP.value),
    work: { bytes: 8 * input.size, flops: 2 * weights.size * input.size },
  });
  return output;
}

function launchGradient(
  tape: Tape,
  outputGradient: Tensor,
  weights: Tensor,
  { length, inner }: Axis,
  inputGradient: Tensor,
): Tensor {
  const segments = ceilDivide(length, gradientKernel.constants.SEGMENT.value);
  const count = (inputGradient.size / length) * segments;
  tape.run(gradientKernel, {
    buffers: { outputGradient, weights, inputGradient },
    params: { count, length, inner, segments, taps: weights.size },
    workgroups: ceilDivide(count, gradientKernel.constants.WORKGROUP.value),
    work: { bytes: 8 * inputGradient.size, flops: 2 * weights.size * inputGradient.size },
  });
  return inputGradient;
}

/**
 * Gaussian blur of images, [N,H,W,C] -> [N,H,W,C]: down the columns, then along the rows, reflecting at the edges without
 * repeating them (cv2.GaussianBlur with BORDER_REFLECT_101; PyTorch's reflect padding). `kernelSize` is odd, `sigma` in
 * pixels. Throws ArgumentError unless x has four axes, the kernel is odd and its radius less than both sizes, and sigma > 0.
 */
export function gaussianBlur(
  tape: Tape,
  x: Tensor,
  { kernelSize, sigma }: { readonly kernelSize: number; readonly sigma: number },
): Tensor {
  const [, height, width, channels] = imageShape('gaussianBlur', 'x', x);
  const longest = 2 * Math.min(height, width) - 1;
  if (!Number.isInteger(kernelSize) || kernelSize < 1 || kernelSize % 2 === 0 || kernelSize > longest) {
    const wanted = `an odd number from 1 to ${longest} (its radius less than ${height} and ${width})`;
    reject('gaussianBlur', 'kernelSize', String(kernelSize), wanted);
  }
  if (!(sigma > 0 && Number.isFinite(sigma)))
    reject('gaussianBlur', 'sigma', String(sigma), 'a finite number above 0');
  const columns = { length: height, inner: width * channels };
  const rows = { length: width, inner: channels };
  const weights = tape.empty([kernelSize]);
  tape.engine.write(weights, Float32Array.from(gaussianWeights(kernelSize, sigma)));
  const between = launchBlur(tape, x, weights, columns, tape.empty(x.shape));
  const output = launchBlur(tape, between, weights, rows, tape.empty(x.shape));
  tape.release(between);
  return tape.record('gaussianBlur', output, [x], (outputGradient) => {
    const betweenGradient = launchGradient(tape, outputGradient, weights, rows, tape.empty(x.shape));
    return [launchGradient(tape, betweenGradient, weights, columns, tape.emptyGradient(x))];
  });
}

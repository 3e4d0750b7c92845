import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { blurAxis as blurAxisKernel } from './blur_axis.wgsl.ts';
import { blurAxisGradient as gradientKernel } from './blur_axis_gradient.wgsl.ts';
import { blurAxisGradientVec4 as gradientVec4Kernel } from './blur_axis_gradient_vec4.wgsl.ts';
import { blurAxisVec4 as blurAxisVec4Kernel } from './blur_axis_vec4.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { imageShape } from '../../runtime/shape.ts';
import { reject } from '../../runtime/errors.ts';

/** An axis of a tensor, seen as [outer, length, inner]. */
interface Axis {
  readonly length: number;
  readonly inner: number;
}

/** How the passes go: four columns at a time where rows are whole vec4s, exchanging the axes, or one element at a time. */
export type BlurVariant = 'vec4' | 'scalars';

/** The kernel of a blur. */
export interface BlurOptions {
  /** Odd. */
  readonly kernelSize: number;
  /** In pixels. */
  readonly sigma: number;
  /** Default: what is faster on the adapter. Results differ by rounding at most. */
  readonly variant?: BlurVariant;
}

/** Of fewer taps, hardly a step has a weight for all eight elements of an invocation: then vec4s gain nothing. */
const FEWEST_VEC4_TAPS = 15;

/** What is faster. SwiftShader, the software adapter of four lanes, keeps the vec4s' sums in memory and takes up to three times as long. */
function bestVariant({ engine: { capabilities } }: Tape, kernelSize: number): BlurVariant {
  const isSwiftShader = capabilities.software && capabilities.subgroupSize === 4;
  return isSwiftShader || kernelSize < FEWEST_VEC4_TAPS ? 'scalars' : 'vec4';
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

/** One axis of images to be blurred, and whether the result's axes are to be exchanged: [N,H,W,C] to [N,W,H,C]. */
interface Pass extends Axis {
  readonly channels: number;
  readonly isExchanged: boolean;
}

function launchBlur(tape: Tape, input: Tensor, weights: Tensor, pass: Pass, output: Tensor): Tensor {
  const { length, inner, channels } = pass;
  const kernel = pass.isExchanged ? blurAxisVec4Kernel : blurAxisKernel;
  const segments = ceilDivide(length, kernel.constants.SEGMENT.value);
  const params = { length, segments, taps: weights.size };
  const count = (input.size / length) * segments;
  const buffers = { input, weights, output };
  const work = { bytes: 8 * input.size, flops: 2 * weights.size * input.size };
  if (pass.isExchanged) {
    tape.run(blurAxisVec4Kernel, {
      buffers,
      params: { ...params, count: count / 4, inner: inner / 4, channels },
      workgroups: ceilDivide(count / 4, blurAxisVec4Kernel.constants.WORKGROUP.value),
      work,
    });
  } else {
    tape.run(blurAxisKernel, {
      buffers,
      params: { ...params, count, inner },
      workgroups: ceilDivide(count, blurAxisKernel.constants.WORKGROUP.value),
      work,
    });
  }
  return output;
}

function launchGradient(
  tape: Tape,
  outputGradient: Tensor,
  weights: Tensor,
  pass: Pass,
  inputGradient: Tensor,
): Tensor {
  const { length, inner, channels } = pass;
  const kernel = pass.isExchanged ? gradientVec4Kernel : gradientKernel;
  const segments = ceilDivide(length, kernel.constants.SEGMENT.value);
  const params = { length, segments, taps: weights.size };
  const count = (inputGradient.size / length) * segments;
  const buffers = { outputGradient, weights, inputGradient };
  const work = { bytes: 8 * inputGradient.size, flops: 2 * weights.size * inputGradient.size };
  if (pass.isExchanged) {
    tape.run(gradientVec4Kernel, {
      buffers,
      params: { ...params, count: count / 4, inner: inner / 4, channels },
      workgroups: ceilDivide(count / 4, gradientVec4Kernel.constants.WORKGROUP.value),
      work,
    });
  } else {
    tape.run(gradientKernel, {
      buffers,
      params: { ...params, count, inner },
      workgroups: ceilDivide(count, gradientKernel.constants.WORKGROUP.value),
      work,
    });
  }
  return inputGradient;
}

/**
 * Gaussian blur of images, [N,H,W,C] -> [N,H,W,C]: down the columns, then along the rows, reflecting at the edges without
 * repeating them (cv2.GaussianBlur with BORDER_REFLECT_101; PyTorch's reflect padding). `kernelSize` is odd, `sigma` in
 * pixels. Throws ArgumentError unless x has four axes, the kernel is odd and its radius less than both sizes, and sigma > 0.
 */
export function gaussianBlur(tape: Tape, x: Tensor, { kernelSize, sigma, variant }: BlurOptions): Tensor {
  const [, height, width, channels] = imageShape('gaussianBlur', 'x', x);
  const longest = 2 * Math.min(height, width) - 1;
  if (!Number.isInteger(kernelSize) || kernelSize < 1 || kernelSize % 2 === 0 || kernelSize > longest) {
    const wanted = `an odd number from 1 to ${longest} (its radius less than ${height} and ${width})`;
    reject('gaussianBlur', 'kernelSize', String(kernelSize), wanted);
  }
  if (!(sigma > 0 && Number.isFinite(sigma)))
    reject('gaussianBlur', 'sigma', String(sigma), 'a finite number above 0');
  // Four neighbouring elements at a time where both axes' rows are whole vec4s; then each pass exchanges the axes, and two put them back.
  const fits = (width * channels) % 4 === 0 && (height * channels) % 4 === 0;
  const isExchanged = fits && (variant ?? bestVariant(tape, kernelSize)) === 'vec4';
  const columns: Pass = { length: height, inner: width * channels, channels, isExchanged };
  const rows: Pass = {
    length: width,
    inner: isExchanged ? height * channels : channels,
    channels,
    isExchanged,
  };
  const weights = tape.empty([kernelSize]);
  tape.engine.write(weights, Float32Array.from(gaussianWeights(kernelSize, sigma)));
  const between = launchBlur(tape, x, weights, columns, tape.empty(x.shape));
  const output = launchBlur(tape, between, weights, rows, tape.empty(x.shape));
  tape.release(between);
  return tape.record('gaussianBlur', output, [x], (outputGradient) => {
    const betweenGradient = launchGradient(
      tape,
      outputGradient,
      weights,
      isExchanged ? columns : rows,
      tape.empty(x.shape),
    );
    return [
      launchGradient(tape, betweenGradient, weights, isExchanged ? rows : columns, tape.emptyGradient(x)),
    ];
  });
}

import type { ConvolutionOptions, Geometry } from './geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Variant } from '../matmul/variant.ts';
import { checkShape } from '../../runtime/shape.ts';
import { chooseVariant } from '../matmul/variant.ts';
import { columnSums } from '../matmul/sum.ts';
import {
  convolutionGeometry,
  forwardPlan,
  inputGradientPlans,
  weightGradientPlan,
  withPaddedChannels,
} from './geometry.ts';
import { correlateProduct } from '../matmul/correlate.ts';
import { gatherProduct } from '../matmul/gather.ts';
import { packMatrices } from '../matmul/pack.ts';

/** How to convolve; see `ConvolutionOptions` for the window. */
export interface Conv2dOptions extends ConvolutionOptions {
  /** Added to every output pixel, [Cout]. */
  readonly bias?: Tensor;
  /** Which kernels to use (see `VARIANTS` in matmul/variant.ts). Default: the best for the adapter. */
  readonly variant?: string;
}

/**
 * Two-dimensional convolution (cross-correlation) of images: input [N,H,W,Cin], weight [KH,KW,Cin,Cout] -> [N,OH,OW,Cout]
 * (torch.nn.functional.conv2d with groups=1). Any kernel, stride, dilation and padding, also asymmetric; computed as an implicit
 * matrix product in all three directions. Throws ArgumentError when shapes or options do not fit.
 */
export function conv2d(tape: Tape, input: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  const geometry = convolutionGeometry('conv2d', input, weight, options);
  const bias = options.bias ?? null;
  if (bias !== null) checkShape('conv2d', 'bias', bias, [geometry.outputChannels]);
  const variant = chooseVariant('conv2d', tape.engine, options.variant);
  const { batch, outputHeight, outputWidth, outputChannels } = geometry;
  const output = tape.empty([batch, outputHeight, outputWidth, outputChannels]);
  return convolve(tape, 'conv2d', { input, weight, bias, output }, geometry, variant);
}

/** Tensors of a convolution; their shapes may leave axes of size 1 out, as those of `linear` do. */
interface ConvolutionTensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly output: Tensor;
}

/** The operation behind `conv2d` and `linear`, with its gradients, on checked arguments. Returns the output. */
export function convolve(
  tape: Tape,
  name: string,
  { input, weight, bias, output }: ConvolutionTensors,
  g: Geometry,
  variant: Variant,
): Tensor {
  const taps = g.kernelHeight * g.kernelWidth;
  const inputPixels = g.batch * g.inputHeight * g.inputWidth;
  const outputPixels = g.batch * g.outputHeight * g.outputWidth;
  // The tiled kernels read and write whole vec4s: odd numbers of channels are padded, which is cheap beside the product.
  const p = variant === 'naive' ? g : withPaddedChannels(g);

  const target =
    p.outputChannels === g.outputChannels ? output : tape.empty([1, outputPixels, p.outputChannels]);
  const tensors = {
    input: packMatrices(tape, input, [1, inputPixels, g.inputChannels], [inputPixels, p.inputChannels]),
    weight: packMatrices(
      tape,
      weight,
      [taps, g.inputChannels, g.outputChannels],
      [p.inputChannels, p.outputChannels],
    ),
    bias,
    output: target,
  };
  gatherProduct(tape, tensors, forwardPlan(p), variant);
  if (target !== output) {
    const sizes = [1, outputPixels, p.outputChannels] as const;
    packMatrices(tape, target, sizes, [outputPixels, g.outputChannels], { into: output });
  }

  const inputs = bias === null ? [input, weight] : [input, weight, bias];
  return tape.record(name, output, inputs, (outputGradient) => {
    const gradient = packMatrices(
      tape,
      outputGradient,
      [1, outputPixels, g.outputChannels],
      [outputPixels, p.outputChannels],
    );
    let inputGradient: Tensor | null = null;
    if (tape.needsGradient(input)) {
      inputGradient = tape.emptyGradient(input);
      const whole = p.inputChannels === g.inputChannels;
      const padded = whole ? inputGradient : tape.empty([1, inputPixels, p.inputChannels]);
      const transposed = packMatrices(
        tape,
        weight,
        [taps, g.inputChannels, g.outputChannels],
        [p.outputChannels, p.inputChannels],
        { transposed: true },
      );
      const backward = { input: gradient, weight: transposed, bias: null, output: padded };
      for (const plan of inputGradientPlans(p)) gatherProduct(tape, backward, plan, variant);
      if (!whole) {
        const sizes = [1, inputPixels, p.inputChannels] as const;
        packMatrices(tape, padded, sizes, [inputPixels, g.inputChannels], { into: inputGradient });
      }
    }
    let weightGradient: Tensor | null = null;
    if (tape.needsGradient(weight)) {
      weightGradient = tape.emptyGradient(weight);
      const plan = weightGradientPlan({ ...g, outputChannels: p.outputChannels });
      correlateProduct(tape, { input, outputGradient: gradient, weightGradient }, plan, variant);
    }
    if (bias === null) return [inputGradient, weightGradient];
    let biasGradient: Tensor | null = null;
    if (tape.needsGradient(bias)) {
      biasGradient = tape.emptyGradient(bias);
      columnSums(tape, outputGradient, biasGradient);
    }
    return [inputGradient, weightGradient, biasGradient];
  });
}

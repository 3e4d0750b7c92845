import type { ConvolutionOptions, Geometry } from './geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Variant } from '../matmul/variant.ts';
import { checkShape } from '../../runtime/shape.ts';
import { chooseVariant } from '../matmul/variant.ts';
import { columnSums } from '../matmul/sum.ts';
import { convolutionGeometry, forwardPlan, inputGradientPlans, weightGradientPlan } from './geometry.ts';
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
  const packed = packMatrices(tape, weight, 1, taps * g.inputChannels, g.outputChannels, false);
  gatherProduct(tape, { input, weight: packed, bias, output }, forwardPlan(g), variant);

  const inputs = bias === null ? [input, weight] : [input, weight, bias];
  return tape.record(name, output, inputs, (outputGradient) => {
    let inputGradient: Tensor | null = null;
    if (tape.needsGradient(input)) {
      inputGradient = tape.emptyGradient(input);
      const transposed = packMatrices(tape, weight, taps, g.outputChannels, g.inputChannels, true);
      const tensors = { input: outputGradient, weight: transposed, bias: null, output: inputGradient };
      for (const plan of inputGradientPlans(g)) gatherProduct(tape, tensors, plan, variant);
    }
    let weightGradient: Tensor | null = null;
    if (tape.needsGradient(weight)) {
      weightGradient = tape.emptyGradient(weight);
      correlateProduct(tape, { input, outputGradient, weightGradient }, weightGradientPlan(g), variant);
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

import type { ConvolutionOptions, Geometry } from './geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Variant } from '../matmul/variant.ts';
import { checkShape } from '../../runtime/shape.ts';
import { chooseVariant } from '../matmul/variant.ts';
import { columnSums, sumParts } from '../matmul/sum.ts';
import { convolutionGeometry, forwardPlan, inputGradientPlans, weightGradientPlan } from './geometry.ts';
import { correlateProduct } from '../matmul/correlate.ts';
import { gatherProduct } from '../matmul/gather.ts';
import { padded, padMatrix, transposeMatrices } from '../matmul/pack.ts';

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
  const variant = chooseVariant('conv2d', tape.engine.capabilities, options.variant);
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
  // The kernels read and write whole vec4s of a product's columns: others are padded, which is cheap beside the product.
  const columns = padded(g.outputChannels);
  const backColumns = padded(g.inputChannels);
  const wide = columns !== g.outputChannels;

  const product = wide ? tape.empty([outputPixels, columns]) : output;
  const rows = wide ? padMatrix(tape, weight, taps * g.inputChannels, g.outputChannels) : weight;
  const plan = forwardPlan({ ...g, outputChannels: columns });
  gatherProduct(tape, { input, weight: rows, bias, output: product }, plan, variant);
  if (wide) {
    sumParts(tape, product, output, g.outputChannels, columns);
    tape.release(product);
    tape.release(rows);
  }

  const inputs = bias === null ? [input, weight] : [input, weight, bias];
  return tape.record(name, output, inputs, (outputGradient) => {
    const gradient = wide ? padMatrix(tape, outputGradient, outputPixels, g.outputChannels) : outputGradient;
    let inputGradient: Tensor | null = null;
    if (tape.needsGradient(input)) {
      inputGradient = tape.emptyGradient(input);
      const backWide = backColumns !== g.inputChannels;
      const product = backWide ? tape.empty([inputPixels, backColumns]) : inputGradient;
      const sizes = [taps, g.inputChannels, g.outputChannels] as const;
      const transposed = transposeMatrices(tape, weight, sizes, [columns, backColumns]);
      const tensors = { input: gradient, weight: transposed, bias: null, output: product };
      for (const plan of inputGradientPlans({ ...g, inputChannels: backColumns, outputChannels: columns }))
        gatherProduct(tape, tensors, plan, variant);
      if (backWide) sumParts(tape, product, inputGradient, g.inputChannels, backColumns);
    }
    let weightGradient: Tensor | null = null;
    if (tape.needsGradient(weight)) {
      weightGradient = tape.emptyGradient(weight);
      const plan = weightGradientPlan({ ...g, outputChannels: columns });
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

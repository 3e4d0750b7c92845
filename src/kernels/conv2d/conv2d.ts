import type { Activation } from '../matmul/sum.ts';
import type { ConvolutionOptions, Geometry } from './geometry.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Variant } from '../matmul/variant.ts';
import {
  fitsWinograd,
  winogradForward,
  winogradInputGradient,
  winogradPays,
  winogradWeightGradient,
  winogradWeightPays,
} from '../winograd/winograd.ts';
import { reject } from '../../runtime/errors.ts';
import { checkShape } from '../../runtime/shape.ts';
import { chooseVariant } from '../matmul/variant.ts';
import { columnSums, sumParts } from '../matmul/sum.ts';
import { convolutionGeometry, forwardPlan, inputGradientPlans, weightGradientPlan } from './geometry.ts';
import { correlateProduct } from '../matmul/correlate.ts';
import { gatherProducts } from '../matmul/gather.ts';
import { padded, padMatrix, transposeMatrices } from '../matmul/pack.ts';
import { reluGradient } from '../relu/relu.ts';

/** How to convolve; see `ConvolutionOptions` for the window. */
export interface Conv2dOptions extends ConvolutionOptions {
  /** Added to every output pixel, [Cout]. */
  readonly bias?: Tensor;
  /** Applied to the sum and its bias in the same launch: relu saves a pass, and the memory of what goes into it. Default: none. */
  readonly activation?: Activation;
  /** Which kernels to use (see `VARIANTS` in matmul/variant.ts). Default: the best for the adapter. */
  readonly variant?: string;
  /**
   * The direct sum, or Winograd's F(4x4,3x3) with a quarter of the multiplications and about ten times the rounding error (see
   * kernels/winograd); it spreads what is not finite over 4x4 outputs, and overflows at a hundredth of the direct sum's
   * numbers. On a GPU the gradient of a weight with few channels is a direct sum all the same. Default: whichever is likely to be faster.
   */
  readonly algorithm?: 'direct' | 'winograd';
}

/**
 * Two-dimensional convolution (cross-correlation) of images: input [N,H,W,Cin], weight [KH,KW,Cin,Cout] -> [N,OH,OW,Cout]
 * (torch.nn.functional.conv2d with groups=1). Any kernel, stride, dilation and padding, also asymmetric; computed as an implicit
 * matrix product in all three directions, or by Winograd's algorithm. Throws ArgumentError when shapes or options do not fit.
 */
export function conv2d(tape: Tape, input: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  const geometry = convolutionGeometry('conv2d', input, weight, options);
  const bias = options.bias ?? null;
  if (bias !== null) checkShape('conv2d', 'bias', bias, [geometry.outputChannels]);
  const variant = chooseVariant('conv2d', tape.engine.capabilities, options.variant);
  const { batch, outputHeight, outputWidth, outputChannels } = geometry;
  const output = tape.empty([batch, outputHeight, outputWidth, outputChannels]);
  const tensors = { input, weight, bias, output, activation: options.activation ?? 'none' };
  return chooseWinograd(tape, geometry, options.algorithm)
    ? convolveTiles(tape, tensors, geometry, variant)
    : convolve(tape, 'conv2d', tensors, geometry, variant);
}

function chooseWinograd(tape: Tape, g: Geometry, algorithm: Conv2dOptions['algorithm']): boolean {
  if (algorithm === undefined) return winogradPays(tape.engine, g);
  if (algorithm === 'winograd' && !fitsWinograd(g)) {
    const wanted =
      'direct: winograd needs a 3x3 kernel without stride and dilation, and channels in multiples of 4';
    reject('conv2d', 'algorithm', algorithm, wanted);
  }
  return algorithm === 'winograd';
}

/** The operation by Winograd's algorithm, with its gradients. Returns the output. */
function convolveTiles(tape: Tape, tensors: ConvolutionTensors, g: Geometry, variant: Variant): Tensor {
  const { input, weight, bias } = tensors;
  winogradForward(tape, tensors, g, variant);
  const inputs = bias === null ? [input, weight] : [input, weight, bias];
  return tape.record('conv2d', tensors.output, inputs, (gradientOfOutput) => {
    const outputGradient = sumGradient(tape, tensors, gradientOfOutput);
    const gradients = inputs.map((tensor) =>
      tape.needsGradient(tensor) ? tape.emptyGradient(tensor) : null,
    );
    const [inputGradient, weightGradient, biasGradient] = gradients;
    if (inputGradient) winogradInputGradient(tape, outputGradient, weight, inputGradient, g, variant);
    if (weightGradient) {
      const plan = weightGradientPlan(g);
      if (winogradWeightPays(tape.engine, g))
        winogradWeightGradient(tape, input, outputGradient, weightGradient, g, variant);
      else correlateProduct(tape, { input, outputGradient, weightGradient }, plan, variant);
    }
    if (biasGradient) columnSums(tape, outputGradient, biasGradient);
    return gradients;
  });
}

/** Tensors of a convolution; their shapes may leave axes of size 1 out, as those of `linear` do. */
interface ConvolutionTensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly output: Tensor;
  readonly activation: Activation;
}

/** The gradient of a convolution's sum, given that of its output: what ReLU cut off gets none. */
function sumGradient(tape: Tape, { output, activation }: ConvolutionTensors, outputGradient: Tensor): Tensor {
  if (activation === 'none') return outputGradient;
  const gradient = reluGradient(tape, output, outputGradient);
  tape.release(output);
  tape.release(outputGradient);
  return gradient;
}

/** The operation behind `conv2d` and `linear`, with its gradients, on checked arguments. Returns the output. */
export function convolve(
  tape: Tape,
  name: string,
  tensors: ConvolutionTensors,
  g: Geometry,
  variant: Variant,
): Tensor {
  const { input, weight, bias, output, activation } = tensors;
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
  gatherProducts(tape, { input, weight: rows, bias, output: product, activation }, [plan], variant);
  if (wide) {
    sumParts(tape, product, output, g.outputChannels, columns);
    tape.release(product);
    tape.release(rows);
  }

  const inputs = bias === null ? [input, weight] : [input, weight, bias];
  return tape.record(name, output, inputs, (gradientOfOutput) => {
    const outputGradient = sumGradient(tape, tensors, gradientOfOutput);
    const gradient = wide ? padMatrix(tape, outputGradient, outputPixels, g.outputChannels) : outputGradient;
    let inputGradient: Tensor | null = null;
    if (tape.needsGradient(input)) {
      inputGradient = tape.emptyGradient(input);
      const backWide = backColumns !== g.inputChannels;
      const product = backWide ? tape.empty([inputPixels, backColumns]) : inputGradient;
      const sizes = [taps, g.inputChannels, g.outputChannels] as const;
      const transposed = transposeMatrices(tape, weight, sizes, [columns, backColumns]);
      const tensors = { input: gradient, weight: transposed, bias: null, output: product };
      const plans = inputGradientPlans({ ...g, inputChannels: backColumns, outputChannels: columns });
      gatherProducts(tape, tensors, plans, variant);
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

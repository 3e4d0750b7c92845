import type { Array64 } from '../reference.ts';
import type { ConvolutionOptions, Geometry } from './geometry.ts';
import { array64, at } from '../reference.ts';
import { convolutionGeometry } from './geometry.ts';

/** Calls back for every product that a convolution sums, with the flat indices of its input, weight and output. */
function forEachProduct(g: Geometry, visit: (input: number, weight: number, output: number) => void): void {
  for (let n = 0; n < g.batch; n++) {
    for (let i = 0; i < g.outputHeight; i++) {
      for (let j = 0; j < g.outputWidth; j++) {
        const outputPixel = (n * g.outputHeight + i) * g.outputWidth + j;
        for (let ky = 0; ky < g.kernelHeight; ky++) {
          const y = i * g.strideY - g.padTop + ky * g.dilationY;
          if (y < 0 || y >= g.inputHeight) continue;
          for (let kx = 0; kx < g.kernelWidth; kx++) {
            const x = j * g.strideX - g.padLeft + kx * g.dilationX;
            if (x < 0 || x >= g.inputWidth) continue;
            const inputPixel = (n * g.inputHeight + y) * g.inputWidth + x;
            for (let c = 0; c < g.inputChannels; c++) {
              const weightRow = (ky * g.kernelWidth + kx) * g.inputChannels + c;
              for (let o = 0; o < g.outputChannels; o++) {
                visit(
                  inputPixel * g.inputChannels + c,
                  weightRow * g.outputChannels + o,
                  outputPixel * g.outputChannels + o,
                );
              }
            }
          }
        }
      }
    }
  }
}

/** A convolution, and what is done to its sum. */
export interface ActivatedConvolution extends ConvolutionOptions {
  readonly activation?: 'none' | 'relu';
}

/**
 * output[n,i,j,o] = act(bias[o] + sum over ky,kx,c of input[n, i*s-p+ky*d, j*s-p+kx*d, c] * weight[ky,kx,c,o]); act is max(., 0) for
 * relu.
 */
export function conv2dReference(
  input: Array64,
  weight: Array64,
  bias: Array64 | null,
  options: ActivatedConvolution,
): Array64 {
  const g = convolutionGeometry('conv2dReference', input, weight, options);
  const output = array64([g.batch, g.outputHeight, g.outputWidth, g.outputChannels]);
  if (bias !== null)
    for (let i = 0; i < output.data.length; i++) output.data[i] = at(bias, i % g.outputChannels);
  forEachProduct(g, (i, w, o) => {
    output.data[o] = at(output, o) + at(input, i) * at(weight, w);
  });
  if (options.activation === 'relu')
    for (let i = 0; i < output.data.length; i++) output.data[i] = Math.max(at(output, i), 0);
  return output;
}

/**
 * Every product's two factors get the output's gradient times the other factor; the bias gets the sum over pixels. What ReLU cut off
 * has no gradient.
 */
export function conv2dReferenceGradient(
  input: Array64,
  weight: Array64,
  bias: Array64 | null,
  gradientOfOutput: Array64,
  options: ActivatedConvolution,
): [Array64, Array64, Array64] {
  const g = convolutionGeometry('conv2dReferenceGradient', input, weight, options);
  const outputGradient = array64(gradientOfOutput.shape);
  const output = options.activation === 'relu' ? conv2dReference(input, weight, bias, options) : null;
  for (let o = 0; o < outputGradient.data.length; o++)
    outputGradient.data[o] = output !== null && at(output, o) <= 0 ? 0 : at(gradientOfOutput, o);
  const inputGradient = array64(input.shape);
  const weightGradient = array64(weight.shape);
  const biasGradient = array64([g.outputChannels]);
  forEachProduct(g, (i, w, o) => {
    inputGradient.data[i] = at(inputGradient, i) + at(outputGradient, o) * at(weight, w);
    weightGradient.data[w] = at(weightGradient, w) + at(outputGradient, o) * at(input, i);
  });
  for (let o = 0; o < outputGradient.data.length; o++) {
    const channel = o % g.outputChannels;
    biasGradient.data[channel] = at(biasGradient, channel) + at(outputGradient, o);
  }
  return [inputGradient, weightGradient, biasGradient];
}

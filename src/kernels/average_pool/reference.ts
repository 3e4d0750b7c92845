import type { Array64 } from '../reference.ts';
import type { AveragePoolOptions } from './average_pool.ts';
import { array64, at } from '../reference.ts';
import { forEachWindow } from '../max_pool/reference.ts';
import { poolGeometry } from '../max_pool/geometry.ts';

/** What a window's sum is divided by. */
function divisor(options: AveragePoolOptions, windowPixels: number, inside: number): number {
  return (options.countIncludePadding ?? true) ? windowPixels : inside;
}

/** Mean of every window. */
export function averagePoolReference(input: Array64, options: AveragePoolOptions): Array64 {
  const geometry = poolGeometry('averagePoolReference', input, options);
  const { batch, outputHeight, outputWidth, channels, kernelHeight, kernelWidth } = geometry;
  const output = array64([batch, outputHeight, outputWidth, channels]);
  forEachWindow(geometry, (index, inputs) => {
    let sum = 0;
    for (const place of inputs) sum += at(input, place);
    output.data[index] = sum / divisor(options, kernelHeight * kernelWidth, inputs.length);
  });
  return output;
}

/** Every output's gradient goes to the pixels of its window in equal parts. */
export function averagePoolReferenceGradient(
  input: Array64,
  outputGradient: Array64,
  options: AveragePoolOptions,
): Array64 {
  const geometry = poolGeometry('averagePoolReference', input, options);
  const inputGradient = array64(input.shape);
  forEachWindow(geometry, (index, inputs) => {
    const part =
      at(outputGradient, index) /
      divisor(options, geometry.kernelHeight * geometry.kernelWidth, inputs.length);
    for (const place of inputs) inputGradient.data[place] = at(inputGradient, place) + part;
  });
  return inputGradient;
}

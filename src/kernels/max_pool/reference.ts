import type { Array64 } from '../reference.ts';
import type { PoolGeometry, PoolOptions } from './geometry.ts';
import { array64, at } from '../reference.ts';
import { poolGeometry } from './geometry.ts';

/** Calls back for every output element with the flat indices of its window's inputs inside the image, row by row. */
export function forEachWindow(
  geometry: PoolGeometry,
  visit: (output: number, inputs: readonly number[]) => void,
): void {
  const g = geometry;
  for (let n = 0; n < g.batch; n++)
    for (let y = 0; y < g.outputHeight; y++)
      for (let x = 0; x < g.outputWidth; x++)
        for (let c = 0; c < g.channels; c++) {
          const inputs: number[] = [];
          for (let ky = 0; ky < g.kernelHeight; ky++)
            for (let kx = 0; kx < g.kernelWidth; kx++) {
              const inputY = y * g.strideY - g.padTop + ky * g.dilationY;
              const inputX = x * g.strideX - g.padLeft + kx * g.dilationX;
              const inside = inputY >= 0 && inputY < g.inputHeight && inputX >= 0 && inputX < g.inputWidth;
              if (inside)
                inputs.push(((n * g.inputHeight + inputY) * g.inputWidth + inputX) * g.channels + c);
            }
          visit(((n * g.outputHeight + y) * g.outputWidth + x) * g.channels + c, inputs);
        }
}

/** Flat index of the first maximum; a NaN wins, the last of several; null for no inputs. */
function winner(input: Array64, inputs: readonly number[]): number | null {
  let best: number | null = null;
  for (const index of inputs)
    if (best === null || at(input, index) > at(input, best) || Number.isNaN(at(input, index))) best = index;
  return best;
}

/** Largest value of every window; -infinity for a window outside the image. */
export function maxPoolReference(input: Array64, options: PoolOptions): Array64 {
  const geometry = poolGeometry('maxPoolReference', input, options);
  const { batch, outputHeight, outputWidth, channels } = geometry;
  const output = array64([batch, outputHeight, outputWidth, channels]);
  forEachWindow(geometry, (index, inputs) => {
    const best = winner(input, inputs);
    output.data[index] = best === null ? -Infinity : at(input, best);
  });
  return output;
}

/** Every output's gradient goes to the first maximum of its window. */
export function maxPoolReferenceGradient(
  input: Array64,
  outputGradient: Array64,
  options: PoolOptions,
): Array64 {
  const inputGradient = array64(input.shape);
  forEachWindow(poolGeometry('maxPoolReference', input, options), (index, inputs) => {
    const best = winner(input, inputs);
    if (best !== null) inputGradient.data[best] = at(inputGradient, best) + at(outputGradient, index);
  });
  return inputGradient;
}

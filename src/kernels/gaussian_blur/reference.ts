import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

/** Normalised exp(-d^2 / (2 sigma^2)) at the distances of a kernel. */
function weights64(kernelSize: number, sigma: number): Float64Array {
  const radius = (kernelSize - 1) / 2;
  const weights = Float64Array.from({ length: kernelSize }, (_, i) =>
    Math.exp((-0.5 * (i - radius) * (i - radius)) / (sigma * sigma)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** -2 -1 | 0 1 2 ... n-1 | n n+1  ->  2 1 | 0 1 2 ... n-1 | n-2 n-3. */
function reflect(place: number, size: number): number {
  if (place < 0) return -place;
  return place >= size ? 2 * (size - 1) - place : place;
}

/** Calls `visit(output index, input index, weight)` for every tap of the two-dimensional kernel, the outer product. */
function visitTaps(
  shape: readonly number[],
  kernelSize: number,
  sigma: number,
  visit: (output: number, input: number, weight: number) => void,
): void {
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  const weights = weights64(kernelSize, sigma);
  const radius = (kernelSize - 1) / 2;
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (const [i, rowWeight] of weights.entries()) {
          const inputY = reflect(y + i - radius, height);
          for (const [j, columnWeight] of weights.entries()) {
            const inputX = reflect(x + j - radius, width);
            for (let c = 0; c < channels; c++) {
              visit(
                ((n * height + y) * width + x) * channels + c,
                ((n * height + inputY) * width + inputX) * channels + c,
                rowWeight * columnWeight,
              );
            }
          }
        }
      }
    }
  }
}

/** Gaussian blur of [N,H,W,C] with reflected edges. */
export function blurReference(x: Array64, kernelSize: number, sigma: number): Array64 {
  const output = array64(x.shape);
  visitTaps(x.shape, kernelSize, sigma, (o, i, weight) => {
    output.data[o] = at(output, o) + weight * at(x, i);
  });
  return output;
}

/** Its transpose. */
export function blurReferenceGradient(outputGradient: Array64, kernelSize: number, sigma: number): Array64 {
  const gradient = array64(outputGradient.shape);
  visitTaps(outputGradient.shape, kernelSize, sigma, (o, i, weight) => {
    gradient.data[i] = at(gradient, i) + weight * at(outputGradient, o);
  });
  return gradient;
}

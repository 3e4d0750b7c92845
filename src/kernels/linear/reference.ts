import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

/** output[n,c] = bias[c] + sum over d of input[n,d] * weight[d,c]. */
export function linearReference(input: Array64, weight: Array64, bias: Array64 | null): Array64 {
  const [rows = 0, depth = 0] = input.shape;
  const [, columns = 0] = weight.shape;
  const output = array64([rows, columns]);
  for (let n = 0; n < rows; n++) {
    for (let c = 0; c < columns; c++) {
      let sum = bias === null ? 0 : at(bias, c);
      for (let d = 0; d < depth; d++) sum += at(input, n * depth + d) * at(weight, d * columns + c);
      output.data[n * columns + c] = sum;
    }
  }
  return output;
}

/** d input = gradient x weight^T, d weight = input^T x gradient, d bias = sum of the gradient's rows. */
export function linearReferenceGradient(
  input: Array64,
  weight: Array64,
  outputGradient: Array64,
): [Array64, Array64, Array64] {
  const [rows = 0, depth = 0] = input.shape;
  const [, columns = 0] = weight.shape;
  const inputGradient = array64(input.shape);
  const weightGradient = array64(weight.shape);
  const biasGradient = array64([columns]);
  for (let n = 0; n < rows; n++) {
    for (let c = 0; c < columns; c++) {
      const gradient = at(outputGradient, n * columns + c);
      biasGradient.data[c] = at(biasGradient, c) + gradient;
      for (let d = 0; d < depth; d++) {
        const i = n * depth + d;
        const w = d * columns + c;
        inputGradient.data[i] = at(inputGradient, i) + gradient * at(weight, w);
        weightGradient.data[w] = at(weightGradient, w) + gradient * at(input, i);
      }
    }
  }
  return [inputGradient, weightGradient, biasGradient];
}

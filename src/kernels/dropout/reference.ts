import type { Array64 } from '../reference.ts';
import type { DropoutOptions } from './dropout.ts';
import { array64, at } from '../reference.ts';
import { dropoutThreshold } from './dropout.ts';

function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb_352d);
  x = Math.imul(x ^ (x >>> 15), 0x846c_a68b | 0);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Whether dropout keeps the element of this flat index. */
export function dropoutKeeps(seed: number, index: number, probability: number): boolean {
  const random = mix32(mix32(index) + Math.imul(seed, 0x9e37_79b9));
  return probability < 1 && random >= dropoutThreshold(probability);
}

/** x / (1 - probability) where kept, otherwise 0; the gradient is the same function of the output's gradient. */
export function dropoutReference(input: Array64, options: DropoutOptions): Array64 {
  const { probability, seed, training = true } = options;
  const output = array64(input.shape, input.data);
  if (!training) return output;
  for (let i = 0; i < output.data.length; i++)
    output.data[i] = dropoutKeeps(seed, i, probability) ? at(input, i) / (1 - probability) : 0;
  return output;
}

import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

const channelsOf = (array: Array64): number => array.shape.at(-1) ?? 1;

/** Joins along the last axis. */
export function concatReference(inputs: readonly Array64[]): Array64 {
  const channels = inputs.reduce((sum, input) => sum + channelsOf(input), 0);
  const output = array64([...(inputs[0]?.shape.slice(0, -1) ?? []), channels]);
  let offset = 0;
  for (const input of inputs) {
    const width = channelsOf(input);
    for (let i = 0; i < input.data.length; i++)
      output.data[Math.floor(i / width) * channels + offset + (i % width)] = at(input, i);
    offset += width;
  }
  return output;
}

/** Every input gets the gradient of its channels. */
export function concatReferenceGradient(inputs: readonly Array64[], outputGradient: Array64): Array64[] {
  const channels = channelsOf(outputGradient);
  let offset = 0;
  return inputs.map((input) => {
    const width = channelsOf(input);
    const gradient = array64(input.shape);
    for (let i = 0; i < gradient.data.length; i++)
      gradient.data[i] = at(outputGradient, Math.floor(i / width) * channels + offset + (i % width));
    offset += width;
    return gradient;
  });
}

import type { OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { concatChannels } from './concat.ts';
import { concatReference, concatReferenceGradient } from './reference.ts';
import { floatInput } from '../cases.ts';

const shapes: readonly (readonly Shape[])[] = [
  [[1]],
  [[1], [1]],
  [
    [2, 7, 5, 8],
    [2, 7, 5, 4],
    [2, 7, 5, 12],
  ],
  [
    [3, 5, 7, 3],
    [3, 5, 7, 1],
    [3, 5, 7, 13],
  ],
  // Widths by vec4s, but the second begins where none does.
  [
    [11, 2],
    [11, 4],
    [11, 8],
  ],
  [
    [1, 13, 11, 64],
    [1, 13, 11, 96],
  ],
];

export const concatCases: OpCases<null> = {
  name: 'concatChannels',
  cases: shapes.map((list) => ({
    name: list.map((shape) => `[${shape.join(',')}]`).join(' '),
    inputs: list.map((shape) => ({ shape, values: { kind: 'normal' } })),
    options: null,
  })),
  run: (tape, inputs) =>
    concatChannels(
      tape,
      inputs.map((_, index) => floatInput(inputs, index)),
    ),
  reference: (inputs) => concatReference(inputs),
  referenceGradient: (inputs, outputGradient) => concatReferenceGradient(inputs, outputGradient),
  // Values are moved.
  tolerance: { absolute: 0, relative: 0 },
};

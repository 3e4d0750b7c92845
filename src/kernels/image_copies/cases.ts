import type { NoisyCopiesOptions } from './image_copies.ts';
import type { OpCase, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { noisyCopies, pathCopies } from './image_copies.ts';
import { noisyCopiesReference, pathCopiesReference } from './reference.ts';

const noisyCase = (shape: Shape, options: NoisyCopiesOptions): OpCase<NoisyCopiesOptions> => ({
  name: `[${shape.join(',')}], ${options.copies} copies, seed ${options.seed}`,
  inputs: [
    { shape, values: { kind: 'normal' }, gradient: false },
    { shape: shape.slice(0, 1), values: { kind: 'uniform', low: 0.1, high: 2 }, gradient: false },
  ],
  options,
});

export const noisyCopiesCases: OpCases<NoisyCopiesOptions> = {
  name: 'noisyCopies',
  cases: [
    noisyCase([1, 1], { copies: 1, seed: 0 }),
    noisyCase([3, 5, 7, 3], { copies: 4, seed: 1, firstCopy: 3 }),
    noisyCase([2, 13, 11, 3], { copies: 7, seed: 2 ** 32 - 1 }),
    // Enough draws to meet both tails beyond four deviations.
    noisyCase([2, 37, 31, 3], { copies: 5, seed: 123_456_789, firstCopy: 2 ** 31 - 7 }),
  ],
  run: (tape, inputs, options) => noisyCopies(tape, floatInput(inputs, 0), floatInput(inputs, 1), options),
  reference: (inputs, options) =>
    noisyCopiesReference(array64Input(inputs, 0), array64Input(inputs, 1), options),
  // A quotient of cubics and a square root of a logarithm, about ten roundings of 2^-24, times a deviation of 2 and a draw of up
  // to 5: 6e-6; the sum with the image rounds once more.
  tolerance: { absolute: 6e-6, relative: 2 ** -24 },
};

interface Path {
  readonly baseline: readonly number[];
  readonly positions: readonly number[];
}

const pathCase = (shape: Shape, positions: readonly number[]): OpCase<Path> => ({
  name: `[${shape.join(',')}], ${positions.length} points`,
  inputs: [{ shape, values: { kind: 'outliers' }, gradient: false }],
  options: { baseline: Array.from({ length: shape.at(-1) ?? 1 }, (_, c) => 0.5 - c), positions },
});

export const pathCopiesCases: OpCases<Path> = {
  name: 'pathCopies',
  cases: [
    pathCase([1, 1], [1]),
    pathCase([2, 5, 7, 3], [0, 0.25, 0.5, 1]),
    pathCase([3, 11, 13, 4], [1 / 64, 1 / 3, 0.9]),
  ],
  run: (tape, inputs, { baseline, positions }) =>
    pathCopies(tape, floatInput(inputs, 0), baseline, positions),
  reference: (inputs, { baseline, positions }) =>
    pathCopiesReference(array64Input(inputs, 0), baseline, positions),
  // The position as f32, its complement, two products and a sum, each within 2^-24.
  tolerance: { absolute: 0, relative: 5 * 2 ** -24 },
};

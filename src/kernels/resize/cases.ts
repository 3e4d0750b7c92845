import type { OpCase, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { resizeBilinear } from './resize.ts';
import { resizeReference, resizeReferenceGradient } from './reference.ts';
import { tunings, tuningVariant } from '../tuning.ts';

/** Height and width of the output. */
export interface ResizeCaseOptions {
  readonly height: number;
  readonly width: number;
}

const resizeCase = (shape: Shape, height: number, width: number): OpCase<ResizeCaseOptions> => {
  return {
    name: `[${shape.join(',')}] to ${height}x${width}`,
    inputs: [{ shape, values: { kind: 'normal' } }],
    options: { height, width },
  };
};

export const resizeCases: OpCases<ResizeCaseOptions> = {
  name: 'resizeBilinear',
  cases: [
    resizeCase([1, 1, 1, 1], 1, 1),
    resizeCase([1, 1, 1, 3], 5, 7),
    resizeCase([2, 5, 7, 3], 1, 1),
    resizeCase([2, 5, 7, 2], 5, 7),
    resizeCase([1, 7, 7, 1], 56, 56),
    resizeCase([1, 7, 7, 8], 14, 28),
    resizeCase([2, 13, 11, 4], 29, 31),
    resizeCase([1, 37, 41, 3], 13, 7),
    resizeCase([1, 29, 5, 5], 7, 23),
    // Rows of whole vec4s, of channels that are none.
    resizeCase([1, 29, 31, 3], 13, 20),
    resizeCase([2, 9, 7, 2], 31, 6),
    // Positions whose quotient in f32 is off by one.
    resizeCase([1, 1, 32_749, 1], 1, 32_719),
    resizeCase([1, 1, 32_749, 1], 1, 32_748),
    resizeCase([1, 32_719, 1, 4], 32_749, 1),
    resizeCase([1, 61, 67, 1], 59, 71),
    {
      ...resizeCase([1, 14, 14, 4], 17, 19),
      inputs: [{ shape: [1, 14, 14, 4], values: { kind: 'outliers' } }],
    },
  ],
  variants: tunings,
  run: (tape, inputs, options, variant) =>
    resizeBilinear(tape, floatInput(inputs, 0), { ...options, tuning: tuningVariant(variant) }),
  reference: (inputs, { height, width }) => resizeReference(array64Input(inputs, 0), height, width),
  referenceGradient: (inputs, outputGradient) => [
    resizeReferenceGradient(array64Input(inputs, 0), outputGradient),
  ],
  // Two weights within 3.5 roundings (WGSL's division) of at most 1, three interpolations of three roundings each.
  tolerance: { absolute: 0, relative: 16 * 2 ** -24 },
  // A pixel collects up to 16 x 16 products in rows of 16, all of one scale: rounding errors mostly cancel.
  gradientTolerance: { absolute: 16 * 2 ** -24, relative: 32 * 2 ** -24 },
};

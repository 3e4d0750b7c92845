import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { blurReference, blurReferenceGradient } from './reference.ts';
import { gaussianBlur } from './gaussian_blur.ts';

/** The kernel of a case. */
export interface BlurCaseOptions {
  readonly kernelSize: number;
  readonly sigma: number;
}

const blurCase = (
  shape: Shape,
  kernelSize: number,
  sigma: number,
  values: CaseValues = { kind: 'normal' },
): OpCase<BlurCaseOptions> => {
  return {
    name: `[${shape.join(',')}] by ${kernelSize}, sigma ${sigma}, ${values.kind}`,
    inputs: [{ shape, values }],
    options: { kernelSize, sigma },
  };
};

export const blurCases: OpCases<BlurCaseOptions> = {
  name: 'gaussianBlur',
  cases: [
    blurCase([1, 1, 1, 1], 1, 1),
    blurCase([2, 2, 3, 3], 3, 0.5),
    blurCase([1, 5, 3, 1], 5, 2),
    // The widest kernel that fits: every output reads every input, the ends twice.
    blurCase([1, 8, 9, 2], 15, 30),
    blurCase([2, 17, 13, 3], 7, 1.5),
    // Rows of whole vec4s on both axes, in segments that are not.
    blurCase([2, 20, 12, 3], 7, 1.5),
    blurCase([1, 8, 12, 1], 15, 30),
    blurCase([2, 16, 20, 3], 31, 15),
    blurCase([2, 19, 11, 4], 15, 4),
    blurCase([1, 11, 23, 4], 5, 0.8, { kind: 'outliers', scale: 1000 }),
  ],
  variants: ['vec4', 'scalars'],
  run: (tape, inputs, options, variant) =>
    gaussianBlur(tape, floatInput(inputs, 0), {
      ...options,
      ...(variant === 'vec4' || variant === 'scalars' ? { variant } : {}),
    }),
  reference: (inputs, { kernelSize, sigma }) => blurReference(array64Input(inputs, 0), kernelSize, sigma),
  referenceGradient: (_, outputGradient, { kernelSize, sigma }) => [
    blurReferenceGradient(outputGradient, kernelSize, sigma),
  ],
  // The weights add up to 1, so that both passes' rounding errors stay at (1 weight + 15 sums) * 2^-24 of the largest input,
  // which the outputs' largest may be several times below.
  tolerance: { absolute: 2 * 16 * 3 * 2 ** -24, relative: 16 * 2 ** -24 },
};

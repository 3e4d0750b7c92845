import type { AveragePoolOptions } from './average_pool.ts';
import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { tunings, tuningVariant } from '../tuning.ts';
import { averagePool2d } from './average_pool.ts';
import { averagePoolReference, averagePoolReferenceGradient } from './reference.ts';

/** Both conventions of padding. */
function poolCases(
  name: string,
  shape: Shape,
  options: AveragePoolOptions,
  values: CaseValues = { kind: 'normal' },
): OpCase<AveragePoolOptions>[] {
  return [true, false].map((countIncludePadding) => ({
    name: `[${shape.join(',')}] ${name}, padding ${countIncludePadding ? 'counts' : 'does not count'}`,
    inputs: [{ shape, values }],
    options: { ...options, countIncludePadding },
  }));
}

export const averagePoolCases: OpCases<AveragePoolOptions> = {
  name: 'averagePool2d',
  variants: tunings,
  cases: [
    ...poolCases('one pixel', [1, 1, 1, 1], { kernel: 1 }),
    ...poolCases('window as large as the image', [2, 3, 5, 4], { kernel: [3, 5] }),
    ...poolCases('inception', [2, 7, 9, 8], { kernel: 3, stride: 1, padding: 1 }),
    ...poolCases('inception, odd channels', [2, 7, 9, 3], { kernel: 3, stride: 1, padding: 1 }),
    ...poolCases('halving', [3, 8, 10, 12], { kernel: 2 }),
    ...poolCases('inputs between the windows', [1, 11, 11, 4], { kernel: 2, stride: 3, padding: 1 }),
    ...poolCases('mixed', [1, 11, 9, 4], { kernel: [4, 3], stride: [1, 2], padding: [2, 0] }),
    ...poolCases('mixed, odd channels', [2, 9, 11, 5], { kernel: [3, 4], stride: [2, 1], padding: [0, 2] }),
    ...poolCases('window of 81 pixels', [1, 13, 11, 4], { kernel: 9, stride: 2, padding: 4 }),
    ...poolCases('stride beyond the window', [2, 9, 10, 4], { kernel: [1, 2], stride: [3, 4] }),
    ...poolCases(
      'outliers',
      [1, 13, 11, 4],
      { kernel: 5, stride: 2, padding: 2 },
      { kind: 'outliers', scale: 1000 },
    ),
  ],
  run: (tape, inputs, options, variant) =>
    averagePool2d(tape, floatInput(inputs, 0), { ...options, tuning: tuningVariant(variant) }),
  reference: (inputs, options) => averagePoolReference(array64Input(inputs, 0), options),
  referenceGradient: (inputs, outputGradient, options) => [
    averagePoolReferenceGradient(array64Input(inputs, 0), outputGradient, options),
  ],
  // Sums of at most 81 values of random sign, 2^-24 each, and a division, for which WGSL allows 2.5 ulp.
  tolerance: { absolute: 0, relative: 16 * 2 ** -24 },
};

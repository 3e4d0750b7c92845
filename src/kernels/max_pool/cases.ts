import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { PoolOptions } from './geometry.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { tunings, tuningVariant } from '../tuning.ts';
import { maxPool2d } from './max_pool.ts';
import { maxPoolReference, maxPoolReferenceGradient } from './reference.ts';

function poolCase(
  name: string,
  shape: Shape,
  options: PoolOptions,
  // Far enough apart that no finite difference changes which one is the largest.
  values: CaseValues = { kind: 'distinct', gap: 0.01 },
): OpCase<PoolOptions> {
  return { name: `[${shape.join(',')}] ${name}`, inputs: [{ shape, values }], options };
}

const stem: PoolOptions = { kernel: 3, stride: 2, padding: 1 };

export const maxPoolCases: OpCases<PoolOptions> = {
  name: 'maxPool2d',
  variants: tunings,
  cases: [
    poolCase('one pixel', [1, 1, 1, 1], { kernel: 1 }),
    poolCase('window as large as the image', [2, 3, 5, 4], { kernel: [3, 5] }),
    poolCase('stem', [2, 11, 13, 8], stem),
    poolCase('stem, odd channels', [2, 11, 13, 5], stem),
    poolCase('stem, even size', [1, 12, 16, 64], stem),
    poolCase('2 by 2', [3, 7, 9, 12], { kernel: 2 }),
    poolCase('2 by 2, one channel', [3, 7, 9, 1], { kernel: 2 }),
    poolCase('stride 1', [1, 7, 5, 4], { kernel: 3, stride: 1, padding: 1 }),
    poolCase('inputs between the windows', [1, 11, 11, 4], { kernel: 2, stride: 3 }),
    poolCase('long strips', [1, 5, 37, 4], { kernel: [2, 5], stride: [1, 2], padding: [1, 2] }),
    poolCase('stride beyond the window', [2, 9, 10, 4], { kernel: [1, 2], stride: [3, 4] }),
    poolCase('mixed', [2, 11, 9, 4], { kernel: [3, 2], stride: [1, 2], padding: [1, 0] }),
    poolCase('mixed, odd channels', [2, 11, 9, 3], { kernel: [2, 3], stride: [2, 1], padding: [0, 1] }),
    poolCase('dilated', [1, 11, 13, 4], { kernel: 3, stride: 2, padding: 2, dilation: 2 }),
    poolCase('dilated, odd channels', [1, 13, 11, 3], { kernel: [3, 2], stride: 1, dilation: [2, 3] }),
    poolCase('window of 256 pixels', [1, 17, 18, 4], { kernel: 16, stride: 1 }),
    {
      ...poolCase('window outside the image', [1, 2, 2, 4], {
        kernel: 2,
        dilation: 3,
        padding: 2,
        stride: 1,
      }),
      // The sum that is differentiated holds -infinity.
      finiteDifferences: false,
    },
    poolCase('rounded up', [2, 12, 9, 4], { kernel: 3, stride: 2, ceilMode: true }),
    poolCase('rounded up, padded', [1, 10, 12, 8], { ...stem, ceilMode: true }),
    poolCase('rounded up, padded, odd channels', [2, 10, 7, 3], { ...stem, ceilMode: true }),
    poolCase('rounded up, but not into the padding', [1, 4, 7, 4], {
      kernel: 2,
      stride: 3,
      padding: 1,
      ceilMode: true,
    }),
    poolCase('rounded up, window larger than the input', [1, 2, 4, 4], {
      kernel: 3,
      stride: 2,
      ceilMode: true,
    }),
    poolCase('rounded up, window larger than the input, odd channels', [2, 2, 1, 3], {
      kernel: 3,
      stride: 3,
      ceilMode: true,
    }),
    poolCase('rounded up, odd channels', [1, 8, 11, 5], { kernel: 2, stride: 3, ceilMode: true }),
    poolCase('negative', [1, 7, 7, 4], stem, { kind: 'uniform', low: -1000, high: -999 }),
    {
      ...poolCase('all equal', [2, 7, 9, 4], stem, { kind: 'constant', value: -3 }),
      finiteDifferences: false,
    },
    {
      ...poolCase('ties', [2, 11, 13, 8], stem, { kind: 'integers', below: 3 }),
      finiteDifferences: false,
    },
    {
      ...poolCase('ties, odd channels', [2, 11, 13, 3], stem, { kind: 'integers', below: 3 }),
      finiteDifferences: false,
    },
  ],
  run: (tape, inputs, options, variant) =>
    maxPool2d(tape, floatInput(inputs, 0), { ...options, tuning: tuningVariant(variant) }),
  reference: (inputs, options) => maxPoolReference(array64Input(inputs, 0), options),
  referenceGradient: (inputs, outputGradient, options) => [
    maxPoolReferenceGradient(array64Input(inputs, 0), outputGradient, options),
  ],
  // Values are passed on.
  tolerance: { absolute: 0, relative: 0 },
  // At most a few hundred gradients of order 1 are added: nine in a stride-1 window, all windows for one large value.
  gradientTolerance: { absolute: 0, relative: 9 * 2 ** -24 },
};

import type { CaseValues, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { tunings, tuningVariant } from '../tuning.ts';
import { globalAveragePool } from './global_average_pool.ts';
import { globalAveragePoolReference, globalAveragePoolReferenceGradient } from './reference.ts';

const shapes: readonly Shape[] = [
  [1, 1, 1, 1],
  [3, 1, 1, 4],
  [2, 7, 7, 64],
  [3, 5, 7, 11],
  // Cut into slices, the last of them shorter.
  [1, 29, 31, 8],
  [2, 23, 19, 3],
];

const image = (name: string, shape: Shape, values: CaseValues) => ({
  name: `[${shape.join(',')}] ${name}`.trim(),
  inputs: [{ shape, values }],
  options: null,
});

export const globalAveragePoolCases: OpCases<null> = {
  name: 'globalAveragePool',
  variants: tunings,
  cases: [
    ...shapes.map((shape) => image('', shape, { kind: 'normal', mean: 0.5 })),
    image('outliers', [2, 13, 11, 4], { kind: 'outliers', scale: 100 }),
    image('large mean', [2, 13, 11, 4], { kind: 'normal', mean: 1000 }),
  ],
  run: (tape, inputs, _, variant) =>
    globalAveragePool(tape, floatInput(inputs, 0), { tuning: tuningVariant(variant) }),
  reference: (inputs) => globalAveragePoolReference(array64Input(inputs, 0)),
  referenceGradient: (inputs, outputGradient) => [
    globalAveragePoolReferenceGradient(array64Input(inputs, 0).shape, outputGradient),
  ],
  // Four running sums of at most 250 values each, whose rounding errors (2^-24 each) mostly cancel; outliers make the values
  // summed larger than the mean, by about ten.
  tolerance: { absolute: 0, relative: 64 * 2 ** -24 },
  // 1 / (H W) and one product.
  gradientTolerance: { absolute: 0, relative: 2 * 2 ** -24 },
};

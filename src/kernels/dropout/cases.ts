import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { DropoutOptions } from './dropout.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { dropout } from './dropout.ts';
import { dropoutReference } from './reference.ts';

const dropoutCase = (
  shape: Shape,
  options: DropoutOptions,
  values: CaseValues = { kind: 'normal' },
): OpCase<DropoutOptions> => ({
  name: `[${shape.join(',')}] probability ${options.probability}, seed ${options.seed}`,
  inputs: [{ shape, values }],
  options,
});

export const dropoutCases: OpCases<DropoutOptions> = {
  name: 'dropout',
  cases: [
    dropoutCase([1], { probability: 0.5, seed: 1 }),
    dropoutCase([7, 3], { probability: 0.5, seed: 0 }),
    dropoutCase([3, 11, 13, 37], { probability: 0.2, seed: 123_456_789 }),
    dropoutCase([257], { probability: 0.9, seed: 2 ** 32 - 1 }),
    dropoutCase([257], { probability: 1, seed: 3 }),
    dropoutCase([31, 8], { probability: 0.5, seed: 7 }, { kind: 'outliers', scale: 1000 }),
  ],
  run: (tape, inputs, options) => dropout(tape, floatInput(inputs, 0), options),
  reference: (inputs, options) => dropoutReference(array64Input(inputs, 0), options),
  referenceGradient: (_, outputGradient, options) => [dropoutReference(outputGradient, options)],
  // The factor as f32 and one product.
  tolerance: { absolute: 0, relative: 2 * 2 ** -24 },
};

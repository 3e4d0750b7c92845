import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { relu } from './relu.ts';
import { reluReference, reluReferenceGradient } from './reference.ts';

// The last is large enough for a software adapter's long walks.
const shapes: readonly Shape[] = [[1], [3], [2, 7, 5, 3], [257], [3, 11, 13, 37], [257, 263]];

const single = (name: string, shape: Shape, values: CaseValues): OpCase<null> => ({
  name,
  inputs: [{ shape, values }],
  options: null,
});

export const reluCases: OpCases<null> = {
  name: 'relu',
  cases: [
    // Distinct values a hundredth apart around zero: none within a finite difference's step of the kink.
    ...shapes.map((shape) => single(`[${shape.join(',')}]`, shape, { kind: 'distinct', gap: 0.01 })),
    single('outliers', [5, 31], { kind: 'outliers', scale: 1000 }),
    {
      ...single('zeros and infinities', [6], {
        kind: 'given',
        values: [0, -0, Infinity, -Infinity, 2e-38, -2e-38],
      }),
      // At zero PyTorch's gradient is zero; a difference quotient sees a half.
      finiteDifferences: false,
    },
  ],
  run: (tape, inputs) => relu(tape, floatInput(inputs, 0)),
  reference: (inputs) => reluReference(array64Input(inputs, 0)),
  referenceGradient: (inputs, outputGradient) => [
    reluReferenceGradient(array64Input(inputs, 0), outputGradient),
  ],
  // Values are passed on or dropped.
  tolerance: { absolute: 0, relative: 0 },
};

import type { CaseValues, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { add } from './add.ts';
import { addReference, addReferenceGradient } from './reference.ts';
import { array64Input, floatInput } from '../cases.ts';

// The last is large enough for a software adapter's long walks.
const shapes: readonly Shape[] = [[1], [3], [1, 1, 1, 1], [2, 7, 5, 3], [257], [3, 11, 13, 37], [257, 263]];

const pair = (name: string, shape: Shape, values: CaseValues) => ({
  name,
  inputs: [
    { shape, values },
    { shape, values },
  ],
  options: null,
});

export const addCases: OpCases<null> = {
  name: 'add',
  cases: [
    ...shapes.map((shape) => pair(`[${shape.join(',')}]`, shape, { kind: 'normal' })),
    pair('outliers', [5, 31], { kind: 'outliers', scale: 1000 }),
  ],
  run: (tape, inputs) => add(tape, floatInput(inputs, 0), floatInput(inputs, 1)),
  reference: (inputs) => addReference(array64Input(inputs, 0), array64Input(inputs, 1)),
  referenceGradient: (_, outputGradient) => addReferenceGradient(outputGradient),
  // One correctly rounded addition: half an ulp of the result, 2^-24.
  tolerance: { absolute: 0, relative: 2 ** -24 },
};

import type { OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { copyByKernel } from './copy.ts';
import { copyReference } from './reference.ts';

// The last is large enough for a software adapter's long walks.
const shapes: readonly Shape[] = [[1], [3], [257], [2, 7, 5, 3], [3, 11, 13, 37], [257, 263]];

export const copyCases: OpCases<null> = {
  name: 'copyByKernel',
  cases: shapes.map((shape) => ({
    name: `[${shape.join(',')}]`,
    inputs: [{ shape, values: { kind: 'normal' } }],
    options: null,
  })),
  run: (tape, inputs) => copyByKernel(tape, floatInput(inputs, 0)),
  reference: (inputs) => copyReference(array64Input(inputs, 0)),
  referenceGradient: (_, outputGradient) => [outputGradient],
  // Nothing is computed.
  tolerance: { absolute: 0, relative: 0 },
};

import type { OpCase, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { gradCam } from './grad_cam.ts';
import { gradCamReference } from './reference.ts';

interface Form {
  readonly plus: boolean;
}

const shapes: readonly Shape[] = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [3, 7, 7, 67],
  [1, 14, 14, 128],
];

const gradCamCase = (shape: Shape, plus: boolean): OpCase<Form> => ({
  name: `${plus ? 'Grad-CAM++' : 'Grad-CAM'} of [${shape.join(',')}]`,
  inputs: [
    { shape, values: { kind: 'uniform', low: 0, high: 3 }, gradient: false },
    { shape, values: { kind: 'normal', scale: 0.1 }, gradient: false },
  ],
  options: { plus },
});

export const gradCamCases: OpCases<Form> = {
  name: 'gradCam',
  cases: shapes.flatMap((shape) => [gradCamCase(shape, false), gradCamCase(shape, true)]),
  run: (tape, inputs, form) => gradCam(tape, floatInput(inputs, 0), floatInput(inputs, 1), form),
  reference: (inputs, { plus }) => gradCamReference(array64Input(inputs, 0), array64Input(inputs, 1), plus),
  // Sums of up to 196 gradients and of 128 weighted features, of both signs: each term within 2^-24 of the partial sums, which are
  // ten times the result at most.
  tolerance: { absolute: 1e-6, relative: 1e-5 },
};

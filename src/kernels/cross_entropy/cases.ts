import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import { array64Input, floatInput, labelInput } from '../cases.ts';
import { crossEntropy } from './cross_entropy.ts';
import { crossEntropyReference, crossEntropyReferenceGradient } from './reference.ts';

const one = (
  name: string,
  rows: number,
  classes: number,
  values: CaseValues,
  labels: CaseValues = { kind: 'integers', below: classes },
): OpCase<null> => ({
  name,
  inputs: [
    { shape: [rows, classes], values },
    { shape: [rows], values: labels, dtype: 'u32' },
  ],
  options: null,
});

const sizes: readonly (readonly [number, number])[] = [
  [1, 1],
  [1, 5],
  [3, 7],
  [2, 4],
  [67, 11],
  [4, 200],
  [2, 1000],
];

export const crossEntropyCases: OpCases<null> = {
  name: 'crossEntropy',
  cases: [
    ...sizes.map(([rows, classes]) =>
      one(`[${rows},${classes}]`, rows, classes, { kind: 'normal', scale: 2 }),
    ),
    ...[7, 8].flatMap((classes) => [
      one(`outliers, ${classes} classes`, 5, classes, { kind: 'outliers', scale: 10 }),
      one(`logits of +-80, ${classes} classes`, 5, classes, { kind: 'uniform', low: -80, high: 80 }),
      one(`logits of +-1000, ${classes} classes`, 5, classes, { kind: 'uniform', low: -1000, high: 1000 }),
      one(`equal logits, ${classes} classes`, 5, classes, { kind: 'constant', value: 50 }),
    ]),
    {
      ...one(
        'labels outside the classes',
        4,
        3,
        { kind: 'normal' },
        { kind: 'given', values: [0, 3, 4294967295, 2] },
      ),
      finiteDifferences: false,
    },
  ],
  run: (tape, inputs) => crossEntropy(tape, floatInput(inputs, 0), labelInput(inputs, 1)),
  reference: (inputs) => crossEntropyReference(array64Input(inputs, 0), array64Input(inputs, 1)),
  referenceGradient: (inputs, lossGradient) => [
    crossEntropyReferenceGradient(array64Input(inputs, 0), array64Input(inputs, 1), lossGradient),
    null,
  ],
  // WGSL allows exp 3 + 2 |x| ulp and log 3 ulp (2^-21 absolute near 1); sums of up to 1000 terms.
  tolerance: { absolute: 2e-6, relative: 2e-6 },
  gradientTolerance: { absolute: 1e-6, relative: 1e-5 },
};

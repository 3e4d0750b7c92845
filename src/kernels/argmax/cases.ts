import type { CaseValues, OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { accuracyCount, argmax } from './argmax.ts';
import { accuracyCountReference, argmaxReference } from './reference.ts';
import { array64Input, floatInput, labelInput } from '../cases.ts';
import { countEqual } from './count_equal.wgsl.ts';
import { raceCase } from '../race_case.ts';

const exact = { absolute: 0, relative: 0 };

const inputs: readonly (readonly [string, Shape, CaseValues])[] = [
  ['one element', [1], { kind: 'normal' }],
  ['one column', [5, 1], { kind: 'normal' }],
  ['matrix', [67, 11], { kind: 'normal' }],
  ['maps', [2, 3, 5, 7], { kind: 'normal' }],
  ['many classes', [3, 1000], { kind: 'normal' }],
  ['ties: the first wins', [13, 7], { kind: 'integers', below: 3 }],
  ['all equal', [3, 5], { kind: 'constant', value: -1000 }],
];

export const argmaxCases: OpCases<null> = {
  name: 'argmax',
  cases: inputs.map(([name, shape, values]) => ({ name, inputs: [{ shape, values }], options: null })),
  run: (tape, all) => argmax(tape, floatInput(all, 0)),
  reference: (all) => argmaxReference(array64Input(all, 0)),
  tolerance: exact,
};

export const accuracyCountCases: OpCases<null> = {
  name: 'accuracyCount',
  cases: [1, 7, 64, 131].map((rows) => ({
    name: `${rows} samples`,
    inputs: [
      { shape: [rows, 3], values: { kind: 'normal' } },
      { shape: [rows], values: { kind: 'integers', below: 3 }, dtype: 'u32' },
    ],
    options: null,
  })),
  run: (tape, all) => accuracyCount(tape, floatInput(all, 0), labelInput(all, 1)),
  reference: (all) => accuracyCountReference(array64Input(all, 0), array64Input(all, 1)),
  tolerance: exact,
};

export const raceCases = [
  raceCase(countEqual, {
    buffers: {
      a: Uint32Array.of(1, 2, 3, 4, 5),
      b: Uint32Array.of(1, 2, 0, 4, 0),
      count: new Uint32Array(1),
    },
    params: { size: 5 },
    workgroups: 1,
    constants: { WORKGROUP: 4 },
  }),
];

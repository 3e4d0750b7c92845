import type { Array64 } from '../reference.ts';
import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { RowVariant } from './row_statistics.ts';
import type { Shape } from '../../runtime/shape.ts';
import type { SoftmaxOptions } from './softmax.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { array64Input, floatInput } from '../cases.ts';
import { logSoftmax, softmax } from './softmax.ts';
import {
  logSoftmaxReference,
  logSoftmaxReferenceGradient,
  softmaxReference,
  softmaxReferenceGradient,
} from './reference.ts';
import { raceCase } from '../race_case.ts';
import { rowStatisticsLanes } from './row_statistics_lanes.wgsl.ts';

const one = (name: string, shape: Shape, values: CaseValues): OpCase<null> => ({
  name,
  inputs: [{ shape, values }],
  options: null,
});

const shapes: readonly Shape[] = [
  [1],
  [7],
  [3, 1],
  [1, 4],
  [5, 8],
  [67, 11],
  [2, 3, 5, 7],
  [2, 7, 7, 20],
  [3, 200],
  [2, 1000],
  [41, 37],
  // Large enough for a software adapter's long walks, and for its streams of rows.
  [353, 187],
  [523, 67],
];

const cases = [
  ...shapes.map((shape) => one(`[${shape.join(',')}]`, shape, { kind: 'normal', scale: 2 })),
  // More rows than one launch has lanes. Differences of so many values take seconds, and the reference knows nothing of size.
  { ...one('[4099,64]', [4099, 64], { kind: 'normal', scale: 2 }), finiteDifferences: false },
  ...[7, 8].flatMap((columns) => [
    one(`outliers, ${columns} columns`, [5, columns], { kind: 'outliers', scale: 10 }),
    one(`values of +-80, ${columns} columns`, [5, columns], { kind: 'uniform', low: -80, high: 80 }),
    one(`values of +-1000, ${columns} columns`, [5, columns], { kind: 'uniform', low: -1000, high: 1000 }),
    one(`equal values, ${columns} columns`, [5, columns], { kind: 'constant', value: -300 }),
    {
      ...one(`near the lowest value, ${columns} columns`, [5, columns], { kind: 'constant', value: -3e38 }),
      // No step is small against the value and changes it.
      finiteDifferences: false,
    },
  ]),
  // What masks what: classes that are not to be counted begin and end a row, also by whole vec4s.
  ...[-Infinity, -3.4e38, -1e9].map((mask) => ({
    ...one(`masked by ${mask}`, [3, 20], {
      kind: 'given',
      values: Array.from({ length: 60 }, (_, i) => (i % 20 < 5 || i % 20 > 14 ? mask : 100 * (i % 3) - i)),
    }),
    finiteDifferences: false,
  })),
  {
    ...one('masked, 7 columns', [3, 7], {
      kind: 'given',
      values: Array.from({ length: 21 }, (_, i) => (i % 7 < 5 ? -Infinity : i)),
    }),
    finiteDifferences: false,
  },
];

function softmaxCases(
  name: string,
  op: (tape: Tape, input: Tensor, options: SoftmaxOptions) => Tensor,
  reference: (input: Array64) => Array64,
  gradient: (input: Array64, outputGradient: Array64) => Array64,
): OpCases<null> {
  return {
    name,
    cases,
    variants: ['invocation', 'lanes'] satisfies RowVariant[],
    run: (tape, inputs, _, variant) =>
      op(tape, floatInput(inputs, 0), { variant: variant === 'lanes' ? 'lanes' : 'invocation' }),
    reference: (inputs) => reference(array64Input(inputs, 0)),
    referenceGradient: (inputs, outputGradient) => [gradient(array64Input(inputs, 0), outputGradient)],
    // WGSL allows exp 3 + 2 |x| ulp and log 3 ulp (2^-21 absolute near 1); sums of up to 1000 terms.
    tolerance: { absolute: 2e-6, relative: 2e-6 },
    gradientTolerance: { absolute: 2e-6, relative: 1e-5 },
  };
}

export const allSoftmaxCases: readonly OpCases<null>[] = [
  softmaxCases('softmax', softmax, softmaxReference, softmaxReferenceGradient),
  softmaxCases('logSoftmax', logSoftmax, logSoftmaxReference, logSoftmaxReferenceGradient),
];

// Three rows of five columns for two groups of two rows by four lanes.
export const raceCases = [
  raceCase(rowStatisticsLanes, {
    buffers: {
      input: Float32Array.from({ length: 15 }, (_, i) => i % 4),
      statistics: new Float32Array(6),
    },
    params: { rows: 3, columns: 5 },
    workgroups: 2,
    constants: { LANES: 4, ROWS: 2 },
  }),
];

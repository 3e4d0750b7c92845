/** Random shapes of what works element by element, row by row, or on whole tensors. */
import type { FuzzedOp, UnnamedCase } from './random_case.ts';
import type { CaseValues, OpCases } from '../../../src/kernels/cases.ts';
import type { Random } from '../chance.ts';
import type { Scalars } from '../../../src/kernels/elementwise/cases.ts';
import type { Shape } from '../../../src/runtime/shape.ts';
import { addCases } from '../../../src/kernels/add/cases.ts';
import { accuracyCountCases, argmaxCases } from '../../../src/kernels/argmax/cases.ts';
import { between, distinct, fuzzed, image, labels, normal, shape, size } from './random_case.ts';
import { binaryOpCases, unaryOpCases } from '../../../src/kernels/elementwise/cases.ts';
import { concatCases } from '../../../src/kernels/concat/cases.ts';
import { copyCases } from '../../../src/kernels/copy/cases.ts';
import { dropoutCases } from '../../../src/kernels/dropout/cases.ts';
import { elementCount } from '../../../src/runtime/shape.ts';
import { linearCases } from '../../../src/kernels/linear/cases.ts';
import {
  maxPerSampleCases,
  meanCases,
  minPerSampleCases,
  sumLastAxisCases,
  sumOpCases,
  sumPerSampleCases,
  sumSpatialCases,
} from '../../../src/kernels/reduce/cases.ts';
import { noisyCopiesCases, pathCopiesCases } from '../../../src/kernels/image_copies/cases.ts';
import { pick } from '../chance.ts';
import { reluCases } from '../../../src/kernels/relu/cases.ts';

const ELEMENTS = 3000;

const one = (random: Random, values = normal): UnnamedCase<null> => ({
  inputs: [{ shape: shape(random, ELEMENTS), values }],
  options: null,
});

/** A sum's error grows with its length; see sumCase in reduce/cases.ts. */
function sums<Options extends { readonly length: number; readonly scale: number }>(
  op: OpCases<Options>,
  reduction: (of: Shape) => Options,
  random: (random: Random) => Shape,
): FuzzedOp {
  return fuzzed(op, (chance) => {
    const of = random(chance);
    const options = reduction(of);
    const absolute = 2 * 2 ** -24 * options.scale * options.length;
    return {
      inputs: [{ shape: of, values: normal }],
      options,
      tolerance: { absolute, relative: 2 ** -23 },
    };
  });
}

const whole = (of: Shape) => ({ outer: 1, length: elementCount(of), inner: 1, shape: [], scale: 1 });

/** Shapes of two operands: alike, one value a location, one a sample, or one. */
function operands(random: Random): readonly [Shape, Shape] {
  const first = shape(random, ELEMENTS, 1);
  switch (random(4)) {
    case 0:
      return [first, first];
    case 1:
      return [first, [first[0] ?? 1]];
    case 2:
      return [first, []];
    default: {
      const [batch, height, width, channels] = image(random, 9, 37);
      return [
        [batch, height, width, channels],
        [batch, height, width, 1],
      ];
    }
  }
}

/** Values within what each function's tolerance is for. */
const UNARY = new Map([
  ['log', { kind: 'uniform', low: 0.1, high: 9 } as const],
  ['sqrt', { kind: 'uniform', low: 0.01, high: 9 } as const],
  ['abs', distinct],
  ['clamp', distinct],
]);

export const elementOps: readonly FuzzedOp[] = [
  fuzzed(addCases, (random) => {
    const of = shape(random, ELEMENTS);
    return {
      inputs: [
        { shape: of, values: normal },
        { shape: of, values: normal },
      ],
      options: null,
    };
  }),
  fuzzed(copyCases, (random) => one(random)),
  fuzzed(reluCases, (random) => one(random, distinct)),
  ...unaryOpCases.map((op) =>
    fuzzed<Scalars>(op, (random) => ({
      inputs: [{ shape: shape(random, ELEMENTS, 0), values: UNARY.get(op.name) ?? normal }],
      options: op.cases[0]?.options ?? [0, 0],
    })),
  ),
  ...binaryOpCases.map((op) =>
    fuzzed(op, (random) => {
      const [a, b] = operands(random);
      const values: CaseValues = op.name === 'divide' ? { kind: 'uniform', low: 0.5, high: 3 } : normal;
      return {
        inputs: [
          { shape: a, values: normal },
          { shape: b, values },
        ],
        options: null,
      };
    }),
  ),
  fuzzed(concatCases, (random) => {
    const rows = shape(random, 100).slice(0, 3);
    const width = (): number => (random(2) === 0 ? 4 * (1 + random(9)) : size(random, 33));
    return {
      inputs: Array.from({ length: 1 + random(4) }, () => ({ shape: [...rows, width()], values: normal })),
      options: null,
    };
  }),
  fuzzed(linearCases, (random) => {
    const [rows, depth, columns] = [size(random, 129), size(random, 200), size(random, 129)];
    const inputs = [
      { shape: [rows, depth], values: normal },
      { shape: [depth, columns], values: normal },
    ];
    return {
      inputs: random(2) === 0 ? inputs : [...inputs, { shape: [columns], values: normal }],
      options: null,
    };
  }),
  sums(sumOpCases, whole, (random) => shape(random, ELEMENTS, 0)),
  sums(
    meanCases,
    (of) => ({ ...whole(of), scale: 1 / elementCount(of) }),
    (random) => shape(random, ELEMENTS, 0),
  ),
  sums(
    sumLastAxisCases,
    (of) => ({
      outer: elementCount(of.slice(0, -1)),
      length: of.at(-1) ?? 1,
      inner: 1,
      shape: of.slice(0, -1),
      scale: 1,
    }),
    (random) => shape(random, ELEMENTS),
  ),
  sums(
    sumSpatialCases,
    ([batch = 1, height = 1, width = 1, channels = 1]) => ({
      ...{ outer: batch, length: height * width, inner: channels, shape: [batch, channels], scale: 1 },
    }),
    (random) => image(random, 17, 33),
  ),
  sums(
    sumPerSampleCases,
    (of) => ({
      outer: of[0] ?? 1,
      length: elementCount(of) / (of[0] ?? 1),
      inner: 1,
      shape: [of[0] ?? 1],
      scale: 1,
    }),
    (random) => shape(random, ELEMENTS),
  ),
  ...[maxPerSampleCases, minPerSampleCases].map((op) =>
    fuzzed(op, (random) => {
      const of = shape(random, ELEMENTS);
      const values: CaseValues = random(3) === 0 ? { kind: 'integers', below: 7 } : distinct;
      return { inputs: [{ shape: of, values }], options: of[0] ?? 1 };
    }),
  ),
  fuzzed(argmaxCases, (random) => one(random, random(3) === 0 ? { kind: 'integers', below: 3 } : normal)),
  fuzzed(accuracyCountCases, (random) => {
    const [rows, classes] = [size(random, 200), size(random, 33)];
    return {
      inputs: [{ shape: [rows, classes], values: normal }, labels(random, [rows], classes)],
      options: null,
    };
  }),
  fuzzed(dropoutCases, (random) => ({
    inputs: [{ shape: shape(random, ELEMENTS), values: normal }],
    options: { probability: pick(random, [0.1, 0.2, 0.5, 0.9, 1]), seed: random(2 ** 32) },
  })),
  fuzzed(noisyCopiesCases, (random) => {
    const of = shape(random, 600);
    return {
      inputs: [
        { shape: of, values: normal, gradient: false },
        { shape: of.slice(0, 1), values: { kind: 'uniform', low: 0.1, high: 2 }, gradient: false },
      ],
      options: { copies: 1 + random(5), seed: random(2 ** 32), firstCopy: random(2 ** 31) },
    };
  }),
  fuzzed(pathCopiesCases, (random) => {
    const of = shape(random, 600, 2);
    return {
      inputs: [{ shape: of, values: normal, gradient: false }],
      options: {
        baseline: Array.from({ length: of.at(-1) ?? 1 }, () => between(random, -2, 2)),
        positions: Array.from({ length: 1 + random(4) }, () => pick(random, [0, 1, between(random, 0, 1)])),
      },
    };
  }),
];

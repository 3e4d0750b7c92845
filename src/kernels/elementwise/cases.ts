import type { CaseValues, OpCase, OpCases, Tolerance } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { abs, addScalar, clamp, exp, log, scale, softplus, sqrt, square } from './unary.ts';
import { array64Input, floatInput } from '../cases.ts';
import {
  binaryReference,
  binaryReferenceGradient,
  binaryReferences,
  unaryReference,
  unaryReferenceGradient,
  unaryReferences,
} from './reference.ts';
import { divide, multiply, subtract } from './binary.ts';

/** The scalars of a unary operation: factor; offset; low and high. */
export type Scalars = readonly [number, number];

/** Half a last place of f32, as a part of the value. */
const ROUNDING = 2 ** -24;

interface UnaryValues {
  readonly name: string;
  readonly values: CaseValues;
  readonly shape?: Shape;
  readonly tolerance?: Tolerance;
  readonly gradientTolerance?: Tolerance;
  readonly finiteDifferences?: boolean;
}

// The last is large enough for a software adapter's long walks.
const sizes: readonly Shape[] = [[], [3], [1, 1, 1, 1], [2, 7, 5, 3], [3, 11, 13, 37], [257, 263]];

function unaryCases(
  name: keyof typeof unaryReferences,
  run: (tape: Tape, x: Tensor, first: number, second: number) => Tensor,
  scalars: Scalars,
  values: CaseValues,
  tolerance: Tolerance,
  special: readonly UnaryValues[] = [],
): OpCases<Scalars> {
  const reference = unaryReferences[name];
  return {
    name,
    cases: [
      ...sizes.map((shape) => {
        return { name: `[${shape.join(',')}]`, inputs: [{ shape, values }], options: scalars };
      }),
      ...special.map(({ values: specialValues, shape = [257], ...rest }): OpCase<Scalars> => ({
        ...rest,
        inputs: [{ shape, values: specialValues }],
        options: scalars,
      })),
    ],
    run: (tape, inputs, [first, second]) => run(tape, floatInput(inputs, 0), first, second),
    reference: (inputs, [first, second]) => unaryReference(reference, array64Input(inputs, 0), first, second),
    referenceGradient: (inputs, outputGradient, [first, second]) => [
      unaryReferenceGradient(reference, array64Input(inputs, 0), outputGradient, first, second),
    ],
    tolerance,
  };
}

const normal: CaseValues = { kind: 'normal' };
const given = (...values: number[]): { shape: Shape; values: CaseValues } => {
  return { shape: [values.length], values: { kind: 'given', values } };
};

const correctlyRounded: Tolerance = { absolute: 0, relative: 2 * ROUNDING };

export const unaryOpCases: readonly OpCases<Scalars>[] = [
  unaryCases('scale', scale, [-1.7, 0], normal, correctlyRounded),
  // The offset itself is rounded to f32, by half a last place of its own: it shows where x is near -0.3.
  unaryCases('addScalar', addScalar, [0.3, 0], normal, { absolute: 0.3 * ROUNDING, relative: 2 * ROUNDING }),
  // WGSL allows exp an error of 3 + 2|x| units in the last place; the largest of these |x| is about 5.
  unaryCases('exp', exp, [0, 0], normal, { absolute: 0, relative: 14 * 2 * ROUNDING }, [
    {
      name: 'to the ends',
      ...given(-80, -1, -1e-7, 0, 1e-7, 1, 80),
      tolerance: { absolute: 0, relative: 163 * 2 * ROUNDING },
      // The finite difference of exp(80) has an error of its own.
      finiteDifferences: false,
    },
  ]),
  // WGSL: log within 2^-21 for x in [0.5, 2], else 3 units in the last place; a division within 2.5.
  unaryCases(
    'log',
    log,
    [0, 0],
    { kind: 'uniform', low: 0.1, high: 9 },
    { absolute: 2 ** -21, relative: 6 * ROUNDING },
    [
      {
        name: 'from tiny to huge',
        ...given(1e-30, 1e-7, 0.999, 1, 1.001, 1e7, 1e30),
        finiteDifferences: false,
      },
    ],
  ),
  // exp of -|x|, at most 1, within (3 + 2|x|) e^-|x| <= 3 units of 1 in the last place; division, series and sum: 6 more.
  unaryCases('softplus', softplus, [0, 0], normal, { absolute: 9 * ROUNDING, relative: 2 * ROUNDING }, [
    { name: 'large', ...given(-1000, -80, 80, 1000) },
    {
      // All values are near e^-18 = 1.5e-8, which log(1 + e^x) would round to 0: the error must be relative to them.
      name: 'small results keep their digits',
      values: { kind: 'uniform', low: -18, high: -17 },
      tolerance: { absolute: 0, relative: (3 + 2 * 18 + 6) * 2 * ROUNDING },
    },
  ]),
  unaryCases('abs', abs, [0, 0], { kind: 'distinct', gap: 0.01 }, { absolute: 0, relative: 0 }, [
    { name: 'kink', ...given(-0, 0, -1e-37, 1e-37), finiteDifferences: false },
  ]),
  unaryCases('square', square, [0, 0], normal, correctlyRounded, [
    { name: 'outliers', values: { kind: 'outliers', scale: 1000 } },
  ]),
  // WGSL: sqrt inherits from 1 / inverseSqrt: 2 units in the last place and a division's 2.5; its gradient divides once more.
  unaryCases(
    'sqrt',
    sqrt,
    [0, 0],
    { kind: 'uniform', low: 0.01, high: 9 },
    { absolute: 0, relative: 14 * ROUNDING },
  ),
  unaryCases('clamp', clamp, [-0.75, 1.25], { kind: 'distinct', gap: 0.01 }, { absolute: 0, relative: 0 }, [
    { name: 'on the borders', ...given(-0.75, 1.25, 5, -5, 0), finiteDifferences: false },
  ]),
];

const shapePairs: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[1], [1]],
  [
    [3, 11, 13, 7],
    [3, 11, 13, 7],
  ],
  // Locations, in rows of fewer, more, and exactly four elements.
  [
    [2, 5, 3, 1],
    [2, 5, 3, 1],
  ],
  [
    [2, 5, 3, 2],
    [2, 5, 3, 1],
  ],
  [
    [2, 5, 3, 4],
    [2, 5, 3, 1],
  ],
  [
    [1, 7, 7, 37],
    [1, 7, 7, 1],
  ],
  // Samples.
  [[5, 3], [5]],
  [
    [3, 17, 19, 1],
    [3, 1, 1, 1],
  ],
  [[7, 5, 3, 2], [7]],
  // Large enough for a software adapter's long walks.
  [
    [257, 263],
    [257, 263],
  ],
  [[263, 257], [263]],
  [[521, 128], [521]],
  [[22_003, 3], [22_003]],
  // Rows of vec4s in several chunks, the last one shorter.
  [
    [2, 3, 2, 520],
    [2, 3, 2, 1],
  ],
  [[3, 4100], [3]],
  // A scalar.
  [[3, 5], []],
];

/** Cases in which the gradient of one operand only is asked for. */
const onlyOne = [
  [true, false],
  [false, true],
] as const;

function binaryCase(
  [a, b]: readonly [Shape, Shape],
  bValues: CaseValues,
  gradients: readonly [boolean, boolean] = [true, true],
): OpCase<null> {
  const wanted = gradients[0] && gradients[1] ? '' : `, gradient of ${gradients[0] ? 'a' : 'b'} alone`;
  return {
    name: `[${a.join(',')}] and [${b.join(',')}]${wanted}`,
    inputs: [
      { shape: a, values: normal, gradient: gradients[0] },
      { shape: b, values: bValues, gradient: gradients[1] },
    ],
    options: null,
  };
}

function binaryCases(
  name: keyof typeof binaryReferences,
  run: (tape: Tape, a: Tensor, b: Tensor) => Tensor,
  bValues: CaseValues,
): OpCases<null> {
  const reference = binaryReferences[name];
  return {
    name,
    cases: [
      ...shapePairs.map((pair) => binaryCase(pair, bValues)),
      ...onlyOne.map((gradients) => binaryCase([[5, 264], [5]], bValues, gradients)),
    ],
    run: (tape, inputs) => run(tape, floatInput(inputs, 0), floatInput(inputs, 1)),
    reference: (inputs) => binaryReference(reference, array64Input(inputs, 0), array64Input(inputs, 1)),
    referenceGradient: (inputs, outputGradient) =>
      binaryReferenceGradient(reference, array64Input(inputs, 0), array64Input(inputs, 1), outputGradient),
    // One operation; WGSL's division may err by 2.5 units in the last place.
    tolerance: { absolute: 0, relative: (name === 'divide' ? 5 : 2) * ROUNDING },
    // A row of b adds up to 323 products of about 1 whose partial sums stay below 60, in chains of 64 and then 6: about 70
    // roundings, which mostly cancel. The divisor is 0.5 or more: its gradient is up to four times as large.
    gradientTolerance: { absolute: 60 * 8 * ROUNDING, relative: 12 * ROUNDING },
  };
}

export const binaryOpCases: readonly OpCases<null>[] = [
  binaryCases('subtract', subtract, normal),
  binaryCases('multiply', multiply, normal),
  binaryCases('divide', divide, { kind: 'uniform', low: 0.5, high: 3 }),
];

import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { Extent64 } from './reference.ts';
import type { Shape } from '../../runtime/shape.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { array64Input, floatInput } from '../cases.ts';
import { elementCount } from '../../runtime/shape.ts';
import {
  extremumReference,
  extremumReferenceGradient,
  sumReference,
  sumReferenceGradient,
} from './reference.ts';
import { maxPerSample, mean, minPerSample, sum, sumLastAxis, sumPerSample, sumSpatial } from './reduce.ts';

/** What a reduction does to a shape, for its reference. */
interface Reduction extends Extent64 {
  readonly shape: Shape;
  readonly scale: number;
}

type SumOp = (tape: Tape, x: Tensor) => Tensor;

/**
 * An addition rounds by at most 2^-24 of the partial sum. For values of either sign and this size the partial sums of a chain
 * of 64, and those of the chains' sums, stay far below length * size; the factor 2 leaves room for the stages.
 */
function sumCase(shape: Shape, reduction: Reduction, values: CaseValues, size: number): OpCase<Reduction> {
  const { length, scale } = reduction;
  return {
    name: `[${shape.join(',')}] ${values.kind}`,
    inputs: [{ shape, values }],
    options: reduction,
    tolerance: { absolute: 2 * 2 ** -24 * scale * length * size, relative: 2 ** -23 },
  };
}

/** Equal values round alike: each of a chain's 64 additions, in each of up to three stages, may err by 2^-24 of the sum. */
function constantCase(shape: Shape, reduction: Reduction): OpCase<Reduction> {
  return {
    ...sumCase(shape, reduction, { kind: 'constant', value: 0.1 }, 0),
    tolerance: { absolute: 0, relative: 3 * 64 * 2 ** -24 },
  };
}

function sumCases(
  name: string,
  op: SumOp,
  shapes: readonly Shape[],
  reduction: (shape: Shape) => Reduction,
): OpCases<Reduction> {
  return {
    name,
    cases: [
      ...shapes.map((shape) => sumCase(shape, reduction(shape), { kind: 'normal' }, 1)),
      ...shapes
        .slice(-1)
        .flatMap((shape) => [
          sumCase(shape, reduction(shape), { kind: 'outliers', scale: 1000 }, 5000),
          constantCase(shape, reduction(shape)),
        ]),
    ],
    run: (tape, inputs) => op(tape, floatInput(inputs, 0)),
    reference: (inputs, { shape, scale, ...extent }) =>
      sumReference(array64Input(inputs, 0), shape, extent, scale),
    referenceGradient: (inputs, outputGradient, { scale, ...extent }) => [
      sumReferenceGradient(array64Input(inputs, 0), outputGradient, extent, scale),
    ],
    tolerance: { absolute: 0, relative: 2 ** -23 },
    // One multiplication by a rounded factor.
    gradientTolerance: { absolute: 0, relative: 2 ** -23 },
  };
}

const whole = (shape: Shape): Reduction => {
  return { outer: 1, length: elementCount(shape), inner: 1, shape: [], scale: 1 };
};

// 129,040: a software adapter's last block of chunks is cut short.
const wholeShapes: readonly Shape[] = [[], [1], [7], [257], [65_537], [65_540], [129_040], [3, 11, 13, 37]];

export const sumOpCases = sumCases('sum', sum, wholeShapes, whole);

export const meanCases = sumCases('mean', mean, wholeShapes, (shape) => ({
  ...whole(shape),
  scale: 1 / elementCount(shape),
}));

export const sumLastAxisCases = sumCases(
  'sumLastAxis',
  sumLastAxis,
  [[1], [5, 1], [1, 3, 3, 8], [2, 1031], [7, 5, 3, 13]],
  (shape) => ({
    outer: elementCount(shape.slice(0, -1)),
    length: shape.at(-1) ?? 1,
    inner: 1,
    shape: shape.slice(0, -1),
    scale: 1,
  }),
);

export const sumSpatialCases = sumCases(
  'sumSpatial',
  sumSpatial,
  [
    [1, 1, 1, 1],
    [1, 1, 1, 7],
    [2, 7, 7, 64],
    [3, 29, 31, 5],
    [2, 19, 17, 8],
    [1, 11, 13, 32],
  ],
  (shape) => {
    const [batch = 1, height = 1, width = 1, channels = 1] = shape;
    return { outer: batch, length: height * width, inner: channels, shape: [batch, channels], scale: 1 };
  },
);

export const sumPerSampleCases = sumCases(
  'sumPerSample',
  sumPerSample,
  [[1], [5], [1, 3, 3, 1], [3, 28, 28, 1], [2, 1028], [7, 13, 11, 5]],
  (shape) => {
    const [outer = 1] = shape;
    return { outer, length: elementCount(shape) / outer, inner: 1, shape: [outer], scale: 1 };
  },
);

function extremumCases(name: string, op: SumOp, choose: 'max' | 'min'): OpCases<number> {
  const shapes: readonly Shape[] = [[1], [5], [1, 3, 3, 1], [3, 28, 28, 1], [2, 13, 11, 5], [3, 1031]];
  const tied = (shape: Shape, values: CaseValues): OpCase<number> => {
    return {
      name: `ties: [${shape.join(',')}] ${values.kind}`,
      inputs: [{ shape, values }],
      options: shape[0] ?? 1,
      finiteDifferences: false,
    };
  };
  return {
    name,
    cases: [
      ...shapes.map((shape) => ({
        name: `[${shape.join(',')}]`,
        inputs: [{ shape, values: { kind: 'distinct', gap: 0.01 } as const }],
        options: shape[0] ?? 1,
      })),
      tied([3, 7, 7], { kind: 'constant', value: -2.5 }),
      tied([5, 260], { kind: 'integers', below: 7 }),
    ],
    run: (tape, inputs) => op(tape, floatInput(inputs, 0)),
    reference: (inputs, outer) => extremumReference(array64Input(inputs, 0), outer, choose),
    referenceGradient: (inputs, outputGradient, outer) => {
      const x = array64Input(inputs, 0);
      return [extremumReferenceGradient(x, extremumReference(x, outer, choose), outputGradient)];
    },
    tolerance: { absolute: 0, relative: 0 },
    // A division by the number of ties: WGSL allows 2.5 units in the last place.
    gradientTolerance: { absolute: 0, relative: 5 * 2 ** -24 },
  };
}

export const maxPerSampleCases = extremumCases('maxPerSample', maxPerSample, 'max');
export const minPerSampleCases = extremumCases('minPerSample', minPerSample, 'min');

import type { OpCases } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput, labelInput } from '../cases.ts';
import { loss } from './loss.wgsl.ts';
import { nllLoss, pixelwiseNll } from './nll.ts';
import { nllReference, nllReferenceGradient, selectClassReference } from './reference.ts';
import { raceCase } from '../race_case.ts';
import { selectClass } from './select_class.ts';

// One product and one sum a location, at most 13 * 17 of them, each within 2^-24 of the partial sum.
const tolerance = { absolute: 1e-6, relative: 1e-5 };

const matrices: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 7],
  [67, 11],
  [4, 200],
];

export const nllLossCases: OpCases<null> = {
  name: 'nllLoss',
  cases: [
    ...matrices.map(([rows, classes]) => ({
      name: `[${rows},${classes}]`,
      inputs: [
        { shape: [rows, classes], values: { kind: 'normal', mean: -3 } as const },
        { shape: [rows], values: { kind: 'integers', below: classes } as const, dtype: 'u32' as const },
      ],
      options: null,
    })),
    {
      name: 'labels outside the classes',
      inputs: [
        { shape: [3, 4], values: { kind: 'normal' } },
        { shape: [3], values: { kind: 'given', values: [4, 0, 4294967295] }, dtype: 'u32' },
      ],
      options: null,
      finiteDifferences: false,
    },
  ],
  run: (tape, all) => nllLoss(tape, floatInput(all, 0), labelInput(all, 1)),
  reference: (all) => nllReference(array64Input(all, 0), null, array64Input(all, 1)),
  referenceGradient: (all, lossGradient) => [
    nllReferenceGradient(array64Input(all, 0), null, array64Input(all, 1), lossGradient),
    null,
  ],
  tolerance,
};

const images: readonly Shape[] = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [1, 7, 7, 20],
  [3, 13, 17, 4],
  // Large enough for a software adapter's long walks.
  [3, 11, 17, 119],
];

export const pixelwiseNllCases: OpCases<null> = {
  name: 'pixelwiseNll',
  cases: images.map((shape) => ({
    name: `[${shape.join(',')}]`,
    inputs: [
      { shape, values: { kind: 'normal', mean: -5, scale: 2 } },
      { shape: shape.slice(0, 3), values: { kind: 'uniform', low: 0, high: 1 }, gradient: false },
      {
        shape: shape.slice(0, 1),
        values: { kind: 'integers', below: shape[3] ?? 1 },
        dtype: 'u32',
      },
    ],
    options: null,
  })),
  run: (tape, all) => pixelwiseNll(tape, floatInput(all, 0), floatInput(all, 1), labelInput(all, 2)),
  reference: (all) => nllReference(array64Input(all, 0), array64Input(all, 1), array64Input(all, 2)),
  referenceGradient: (all, lossGradient) => [
    nllReferenceGradient(array64Input(all, 0), array64Input(all, 1), array64Input(all, 2), lossGradient),
    null,
    null,
  ],
  tolerance,
};

export const selectClassCases: OpCases<null> = {
  name: 'selectClass',
  cases: [
    ...images.map((shape) => ({
      name: `[${shape.join(',')}]`,
      inputs: [
        { shape, values: { kind: 'normal' } as const },
        {
          shape: shape.slice(0, 1),
          values: { kind: 'integers', below: shape[3] ?? 1 } as const,
          dtype: 'u32' as const,
        },
      ],
      options: null,
    })),
    {
      name: 'label outside the classes',
      inputs: [
        { shape: [2, 2, 2, 3], values: { kind: 'normal' } },
        { shape: [2], values: { kind: 'given', values: [3, 2] }, dtype: 'u32' },
      ],
      options: null,
    },
  ],
  run: (tape, all) => selectClass(tape, floatInput(all, 0), labelInput(all, 1)),
  reference: (all) => selectClassReference(array64Input(all, 0), array64Input(all, 1)),
  tolerance: { absolute: 0, relative: 0 },
};

export const raceCases = [
  raceCase(loss, {
    buffers: {
      logProbabilities: Float32Array.of(-1, -2, -3, -1, -2, -3, -1, -2, -3, -4),
      weights: new Float32Array(5).fill(0.2),
      labels: Uint32Array.of(1),
      loss: new Float32Array(1),
    },
    params: { images: 1, locationsPerImage: 5, classes: 2, nanBits: 0x7fc0_0000 },
    workgroups: 1,
    constants: { WORKGROUP: 4 },
  }),
];

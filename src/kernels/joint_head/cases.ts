import type { Array64 } from '../reference.ts';
import type { CaseInput, CaseValues, OpCase, OpCases } from '../cases.ts';
import type { JointHeadReferenceOptions } from './reference.ts';
import type { RowVariant } from '../softmax/row_statistics.ts';
import { array64Input, floatInput, labelInput } from '../cases.ts';
import { classMaps } from './class_maps.wgsl.ts';
import { jointHead } from './joint_head.ts';
import { likelihood } from './likelihood.wgsl.ts';
import { prior } from './prior.wgsl.ts';
import { unfusedJointHead } from './unfused.ts';
import { raceCase } from '../race_case.ts';
import { jointHeadReference, jointHeadReferenceGradient } from './reference.ts';

type Options = Omit<JointHeadReferenceOptions, 'posterior'>;

const normal: CaseValues = { kind: 'normal' };

/** Values of a head's inputs; sizes are [N,H,W,C]. */
function inputs(
  [images, height, width, classes]: readonly [number, number, number, number],
  values: {
    readonly classes?: CaseValues;
    readonly locations?: CaseValues;
    readonly labels?: CaseValues;
    readonly posterior?: boolean;
  } = {},
): CaseInput[] {
  const list: CaseInput[] = [
    { shape: [images, height, width, classes], values: values.classes ?? normal },
    { shape: [images, height, width, 1], values: values.locations ?? normal },
    { shape: [images], values: values.labels ?? { kind: 'integers', below: classes }, dtype: 'u32' },
  ];
  if (values.posterior === true)
    list.push({
      shape: [images, height, width],
      values: { kind: 'uniform', low: 0, high: 0.1 },
      gradient: false,
    });
  return list;
}

const ml: Options = { objective: 'ml' };
const em: Options = { objective: 'em' };
// EM's gradient holds its own posterior still, and a detached normaliser too, so that differences of the loss are another thing.
const noDifferences = { finiteDifferences: false };

const sizes: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 1, 1],
  [1, 1, 1, 2],
  [2, 1, 3, 3],
  [3, 5, 5, 7],
  [1, 4, 6, 5],
  [2, 7, 7, 20],
  [1, 3, 5, 37],
  [2, 3, 3, 200],
  [1, 7, 7, 100],
  [1, 2, 3, 1000],
  [5, 17, 19, 4],
  // Several workgroups of subgroups that share rows, aligned and not.
  [3, 7, 11, 37],
  [2, 9, 9, 64],
];

const cases: readonly OpCase<Options>[] = [
  ...sizes.flatMap((size) => [
    { name: `ml [${size.join(',')}]`, inputs: inputs(size), options: ml },
    { name: `em [${size.join(',')}]`, inputs: inputs(size), options: em, ...noDifferences },
  ]),
  { name: 'em, given posterior', inputs: inputs([3, 5, 3, 11], { posterior: true }), options: em },
  { name: 'em, given posterior, vec4', inputs: inputs([2, 3, 3, 12], { posterior: true }), options: em },
  ...[5, 37].map((classes) => ({
    name: `em, given posterior, label outside ${classes} classes`,
    inputs: inputs([3, 2, 2, classes], {
      posterior: true,
      labels: { kind: 'given', values: [classes - 1, classes, 4294967295] },
    }),
    options: em,
    ...noDifferences,
  })),
  {
    name: 'em, given posterior where the prior is zero: an infinite loss',
    inputs: inputs([2, 2, 2, 3], {
      posterior: true,
      locations: { kind: 'given', values: [-1, 1, 2, 3, 1, 2, 1, 0.5] },
    }),
    options: { objective: 'em', prior: 'relu' },
    ...noDifferences,
  },
  ...(['ml', 'em'] as const).flatMap((objective) => [
    {
      name: `${objective}, detached`,
      inputs: inputs([2, 5, 3, 12]),
      options: { objective, detachNormalizer: true },
      ...noDifferences,
    },
    {
      name: `${objective}, relu`,
      inputs: inputs([2, 5, 5, 7], { locations: { kind: 'distinct', gap: 0.1 } }),
      options: { objective, prior: 'relu' as const },
      finiteDifferences: objective === 'ml',
    },
    {
      name: `${objective}, official`,
      inputs: inputs([2, 5, 5, 8], { locations: { kind: 'distinct', gap: 0.1 } }),
      options: { objective, prior: 'relu' as const, detachNormalizer: true, officialEpsilons: true },
      ...noDifferences,
    },
    {
      name: `${objective}, outliers`,
      inputs: inputs([2, 4, 4, 20], {
        classes: { kind: 'outliers', scale: 4 },
        locations: { kind: 'outliers', scale: 4 },
      }),
      options: { objective },
      ...noDifferences,
    },
    // One class and one location win everywhere: probabilities underflow by hundreds of orders of magnitude.
    ...[80, 1000].flatMap((limit) =>
      [7, 8, 37, 64].map((classes) => ({
        name: `${objective}, logits of +-${limit}, ${classes} classes`,
        inputs: inputs([3, 5, 5, classes], {
          classes: { kind: 'uniform', low: -limit, high: limit },
          locations: { kind: 'uniform', low: -limit, high: limit },
        }),
        options: { objective },
        ...noDifferences,
      })),
    ),
    {
      name: `${objective}, every prior underflows`,
      inputs: inputs([2, 3, 3, 5], { locations: { kind: 'uniform', low: -1000, high: -900 } }),
      options: { objective },
      ...noDifferences,
    },
    {
      name: `${objective}, equal logits`,
      inputs: inputs([2, 3, 3, 6], {
        classes: { kind: 'constant', value: 3 },
        locations: { kind: 'constant', value: -2 },
      }),
      options: { objective },
      ...noDifferences,
    },
    {
      name: `${objective}, a ReLU prior that is zero everywhere`,
      inputs: inputs([2, 2, 2, 4], {
        locations: { kind: 'given', values: [-1, 0, -2, -3, 1, 2, -1, 0.5] },
      }),
      options: { objective, prior: 'relu' as const },
      ...noDifferences,
    },
    ...[5, 37].map((classes) => ({
      name: `${objective}, label outside ${classes} classes`,
      inputs: inputs([3, 2, 2, classes], {
        labels: { kind: 'given', values: [classes - 1, classes, 4294967295] },
      }),
      options: { objective },
      ...noDifferences,
    })),
    {
      name: `${objective}, a location whose classes are all masked`,
      inputs: inputs([2, 1, 3, 32], {
        classes: { kind: 'given', values: Array.from({ length: 192 }, (_, i) => (i < 32 ? -3e38 : i % 7)) },
      }),
      options: { objective },
      ...noDifferences,
    },
  ]),
];

/** The options with the given posterior, when the case has one, as array and as tensor. */
function withPosterior(all: readonly Array64[], options: Options): JointHeadReferenceOptions {
  const posterior = all[3];
  return posterior === undefined ? options : { ...options, posterior };
}

export const jointHeadCases: OpCases<Options> = {
  name: 'jointHead',
  cases,
  variants: ['invocation', 'lanes'] satisfies RowVariant[],
  run: (tape, all, options, variant) => {
    const posterior = all.length > 3 ? { posterior: floatInput(all, 3) } : {};
    return jointHead(tape, floatInput(all, 0), floatInput(all, 1), labelInput(all, 2), {
      ...options,
      ...posterior,
      variant: variant === 'lanes' ? 'lanes' : 'invocation',
    }).loss;
  },
  reference: (all, options) =>
    jointHeadReference(
      array64Input(all, 0),
      array64Input(all, 1),
      array64Input(all, 2),
      withPosterior(all, options),
    ),
  referenceGradient: (all, lossGradient, options) => [
    ...jointHeadReferenceGradient(
      array64Input(all, 0),
      array64Input(all, 1),
      array64Input(all, 2),
      lossGradient,
      withPosterior(all, options),
    ),
    ...all.slice(2).map(() => null),
  ],
  // WGSL allows exp 3 + 2 |x| ulp and log 3 ulp (or 2^-21 absolute near 1); a loss is a sum of some logs of such values.
  tolerance: { absolute: 2e-6, relative: 4e-6 },
  // Gradients are exponentials of differences of such logarithms: their absolute errors become relative ones.
  gradientTolerance: { absolute: 1e-6, relative: 1e-5 },
};

/** The chain of single ops, held to the same specification on the cases that it can compute. */
export const unfusedJointHeadCases: OpCases<Options> = {
  ...jointHeadCases,
  name: 'unfusedJointHead',
  variants: ['default'],
  cases: cases.filter(({ name }) => /^(em|ml) \[/.test(name)),
  run: (tape, all, options) =>
    unfusedJointHead(tape, floatInput(all, 0), floatInput(all, 1), labelInput(all, 2), options),
};

// Five locations for four lanes: one lane walks twice, three once.
export const raceCases = [
  raceCase(prior, {
    buffers: { locationLogits: Float32Array.of(1, -2, 3, 0, 0.5), prior: new Float32Array(10) },
    params: { images: 1, locationsPerImage: 5 },
    workgroups: 1,
    constants: { WORKGROUP: 4 },
  }),
  raceCase(likelihood, {
    buffers: {
      logits: Float32Array.of(1, 2, -1, 0, 3, 1, 0.5, 0.25, 2, 1),
      labels: Uint32Array.of(1),
      statistics: new Float32Array(10).fill(1),
      locationLogits: Float32Array.of(1, -2, 3, 0, 0.5),
      posterior: new Float32Array(5),
      weights: new Float32Array(10),
      loss: new Float32Array(1),
      probability: new Float32Array(1),
    },
    params: { images: 1, locationsPerImage: 5, classes: 2, infinity: 1e38, nanBits: 0x7fc0_0000 },
    workgroups: 1,
    constants: { WORKGROUP: 4 },
  }),
  raceCase(classMaps, {
    buffers: {
      logits: Float32Array.of(1, 2, -1, 0, 3, 1, 0.5, 0.25, 2, 1),
      classes: Uint32Array.of(1, 0),
      statistics: new Float32Array(10).fill(1),
      prior: new Float32Array(10).fill(-1),
      joint: new Float32Array(5),
      conditional: new Float32Array(5),
      posterior: new Float32Array(5),
      probability: new Float32Array(1),
    },
    params: { images: 1, locationsPerImage: 5, classes: 2, setSize: 2, nanBits: 0x7fc0_0000 },
    workgroups: 1,
    constants: { WORKGROUP: 4 },
  }),
];

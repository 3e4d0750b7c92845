/** Random shapes, values and labels of what makes a classifier: normalisation, softmax, losses, heads, maps. */
import type { FuzzedOp } from './random_case.ts';
import type { OpCases } from '../../../src/kernels/cases.ts';
import type { Random } from '../chance.ts';
import { allSoftmaxCases } from '../../../src/kernels/softmax/cases.ts';
import { batchNormCases } from '../../../src/kernels/batch_norm/cases.ts';
import { crossEntropyCases } from '../../../src/kernels/cross_entropy/cases.ts';
import { fuzzed, image, labels, logits, normal, shape, size } from './random_case.ts';
import { gradCamCases } from '../../../src/kernels/grad_cam/cases.ts';
import { jointHeadCases } from '../../../src/kernels/joint_head/cases.ts';
import { jointMapsCases } from '../../../src/kernels/joint_head/map_cases.ts';
import { nllLossCases, pixelwiseNllCases, selectClassCases } from '../../../src/kernels/nll/cases.ts';
import { pick } from '../chance.ts';

/** A loss of rows [N,C] and labels [N]. */
function rowLoss(op: OpCases<null>): FuzzedOp {
  return fuzzed(op, (random) => {
    const [rows, classes] = [size(random, 67), size(random, 200)];
    const values = op.name === 'crossEntropy' ? logits(random) : ({ kind: 'normal', mean: -3 } as const);
    return { inputs: [{ shape: [rows, classes], values }, labels(random, [rows], classes)], options: null };
  });
}

const RELU = { prior: 'relu' } as const;
const OFFICIAL = { ...RELU, detachNormalizer: true, officialEpsilons: true } as const;

function head(random: Random): readonly [number, number, number, number] {
  const classes = size(random, 129);
  const side = (): number => size(random, classes > 40 ? 7 : 13);
  return [1 + random(3), side(), side(), classes];
}

/** None on the kink of a ReLU. */
const locations = { kind: 'distinct', gap: 0.1 } as const;

export const classifierOps: readonly FuzzedOp[] = [
  fuzzed(batchNormCases, (random) => {
    const of = shape(random, 4000, 2);
    const channels = [of.at(-1) ?? 1];
    const mode = pick(random, ['train', 'eval', 'frozen'] as const);
    const residual = random(2) === 0;
    // Of few rows that are like one another only the last digits differ, and what they normalise to is as coarse.
    const rows = of.slice(0, -1).reduce((count, extent) => count * extent, 1);
    const input = rows < 16 && mode === 'train' ? [16, ...of] : of;
    const gradient = mode !== 'frozen';
    return {
      inputs: [
        { shape: input.slice(-4), values: { kind: 'normal', mean: 0.3, scale: 2 } },
        { shape: channels, values: { kind: 'normal', mean: 1, scale: 0.5 }, gradient },
        { shape: channels, values: normal, gradient },
        { shape: channels, values: normal, gradient: false },
        { shape: channels, values: { kind: 'uniform', low: 0.5, high: 4 }, gradient: false },
        ...(residual ? [{ shape: input.slice(-4), values: normal }] : []),
      ],
      options: { mode, epsilon: pick(random, [1e-5, 1e-3]), relu: random(2) === 0, residual },
    };
  }),
  ...allSoftmaxCases.map((op) =>
    fuzzed(op, (random) => ({
      inputs: [{ shape: shape(random, 4000), values: logits(random) }],
      options: null,
    })),
  ),
  rowLoss(crossEntropyCases),
  rowLoss(nllLossCases),
  fuzzed(pixelwiseNllCases, (random) => {
    const of = image(random, 13, 37);
    return {
      inputs: [
        { shape: of, values: { kind: 'normal', mean: -5, scale: 2 } },
        { shape: of.slice(0, 3), values: { kind: 'uniform', low: 0, high: 1 }, gradient: false },
        labels(random, [of[0]], of[3]),
      ],
      options: null,
    };
  }),
  fuzzed(selectClassCases, (random) => {
    const of = image(random, 13, 37);
    return { inputs: [{ shape: of, values: normal }, labels(random, [of[0]], of[3])], options: null };
  }),
  fuzzed(jointHeadCases, (random) => {
    const of = head(random);
    const objective = pick(random, ['ml', 'em'] as const);
    const form = pick(random, [{}, {}, RELU, { detachNormalizer: true }, OFFICIAL]);
    // As a loss has it that is given one, with a softplus prior.
    const given = objective === 'em' && !('prior' in form) && random(3) === 0;
    return {
      inputs: [
        { shape: of, values: logits(random) },
        { shape: [...of.slice(0, 3), 1], values: 'prior' in form ? locations : normal },
        labels(random, [of[0]], of[3]),
        ...(given
          ? [
              {
                shape: of.slice(0, 3),
                values: { kind: 'uniform', low: 0, high: 0.1 } as const,
                gradient: false,
              },
            ]
          : []),
      ],
      options: { objective, ...form },
    };
  }),
  fuzzed(jointMapsCases, (random) => {
    const of = head(random);
    const kind = pick(random, [
      'prior',
      'probabilities',
      'joint',
      'conditional',
      'posterior',
      'probability',
    ] as const);
    const form = pick(random, [{}, RELU, { ...RELU, officialEpsilons: true }]);
    const set = random(2) === 0 ? [of[0]] : [of[0], 1 + random(4)];
    return {
      inputs: [
        { shape: of, values: logits(random) },
        { shape: [...of.slice(0, 3), 1], values: locations },
        labels(random, set, of[3]),
      ],
      options: { kind, ...form },
    };
  }),
  fuzzed(gradCamCases, (random) => {
    const of = image(random, 14, 128);
    return {
      inputs: [
        { shape: of, values: { kind: 'uniform', low: 0, high: 3 }, gradient: false },
        { shape: of, values: { kind: 'normal', scale: 0.1 }, gradient: false },
      ],
      options: { plus: random(2) === 0 },
    };
  }),
];

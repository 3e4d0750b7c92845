import type { LoaderOptions } from '../../src/data/loader.ts';
import type { Model } from '../../src/model/model.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import type { SgdGroup } from '../../src/kernels/sgd/sgd.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import type { Normalisation } from '../../src/eval/score_map.ts';
import type { PosteriorSource } from '../../src/train/slow_posterior.ts';
import type { ThresholdType } from '../../src/eval/pixel_average_precision.ts';

/** How large the main job is. The defaults are sized for the embedded software adapter on two cores. */
export interface JobSettings {
  readonly out: string;
  readonly data: string;
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  /** Pictures of each split. */
  readonly train: number;
  readonly val: number;
  readonly test: number;
  readonly adapter?: string;
  /** Default: `CONTESTANTS`. */
  readonly models?: readonly Contestant[];
}

/** Side of the generated pictures, and of the part masks that cues are scored against. */
export const PICTURE_SIZE = 128;
/** Side after resizing, and of the crop that the network sees. */
const RESIZE = 72;
export const CROP = 64;
export const CLASSES = 12;

/** One of the models that the job compares: all but head and posterior is the same. */
export interface Contestant {
  readonly name: string;
  readonly description: string;
  readonly head: ModelOptions['head'];
  readonly posterior: NonNullable<TrainerOptions['posterior']>;
  /** How the released evaluation scales |s_A - s_B| and sets its thresholds: logits for CAM, probabilities for CALM. */
  readonly normalisation: Normalisation;
  readonly thresholdType: ThresholdType;
}

export const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'CAM',
    description: 'Cross entropy of the mean class logits; its map is the class logits, scaled per image.',
    head: 'cam',
    posterior: 'current',
    normalisation: 'minmax',
    thresholdType: 'even',
  },
  {
    name: 'CALM-EM',
    description:
      'EM with the posterior under the current parameters: the gradient is that of maximum likelihood (CALM-ML). Its map is p(y,z|x).',
    head: 'calm-em',
    posterior: 'current',
    normalisation: 'clipping',
    thresholdType: 'log',
  },
  {
    name: 'CALM-EM slow',
    description:
      "EM with the posterior under a slow copy theta' of the parameters (moving average, 0.9 kept a step).",
    head: 'calm-em',
    posterior: { kind: 'ema', momentum: 0.9 },
    normalisation: 'clipping',
    thresholdType: 'log',
  },
];

const CALM = CONTESTANTS[1];

/** CALM with another loss or posterior than the contestants above: `calm-ml`, or calm-em with a posterior. */
export function calmContestant(posterior: PosteriorSource | 'ml'): Contestant {
  if (CALM === undefined) throw new Error('the main job has no CALM-EM');
  if (posterior === 'current') return CALM;
  if (posterior === 'ml') {
    const description = 'The likelihood p(y|x) itself is maximised. Its map is p(y,z|x).';
    return { ...CALM, name: 'CALM-ML', description, head: 'calm-ml' };
  }
  const [value, how] =
    posterior.kind === 'ema'
      ? [posterior.momentum, `a moving average of the parameters, ${posterior.momentum} kept a step`]
      : [posterior.every, `a copy of the parameters taken every ${posterior.every} steps`];
  return {
    ...CALM,
    name: `CALM-EM ${posterior.kind} ${value}`,
    description: `EM with the posterior under ${how}.`,
    posterior,
  };
}

/**
 * A small ResNet for 64-pixel birds: two stages of one basic block, 16x16 locations. A location sees 23 pixels, less than a bird: were
 * it to see the whole bird from anywhere, no place would be where the cue is.
 */
export function modelOptions(head: ModelOptions['head'], seed: number): ModelOptions {
  return {
    architecture: 'resnet18',
    head,
    classes: CLASSES,
    layers: [1, 1],
    widths: [16, 32],
    strides: [1, 2],
    stem: { width: 16, kernel: 3, stride: 2, pool: false },
    seed,
  };
}

/** The same for all contestants; chosen on birdlets of another seed, which this job never sees. */
const LEARNING_RATE = 0.1;
const WEIGHT_DECAY = 1e-4;

/**
 * The location logits learn ten times as slowly as the rest: were the prior to settle on a place before the classes are known, it would
 * settle on one from which the cue is merely in sight.
 */
const LOCATION_RATE_FACTOR = 0.1;

/** All that is trained, with a slower rate for the location logits (CAM has none to train). */
function parameterGroups(model: Model): SgdGroup[] {
  const trained = model.parameters.entries
    .filter(({ value }) => value.requiresGradient)
    .map(({ name }) => name);
  const isLocation = (name: string): boolean => name.startsWith('attention.');
  const groups = [
    { parameters: trained.filter((name) => !isLocation(name)), learningRate: LEARNING_RATE },
    { parameters: trained.filter(isLocation), learningRate: LEARNING_RATE * LOCATION_RATE_FACTOR },
  ];
  return groups
    .filter(({ parameters }) => parameters.length > 0)
    .map((group) => ({ ...group, weightDecay: WEIGHT_DECAY }));
}

/** How a contestant is trained, here and in the demo's page. */
export function trainerOptions(
  model: Model,
  epochs: number,
  posterior: Contestant['posterior'],
): TrainerOptions {
  return {
    learningRate: LEARNING_RATE,
    groups: parameterGroups(model),
    schedule: { kind: 'cosine', epochs, warmupEpochs: 0.5 },
    posterior,
  };
}

/** How training pictures are loaded, here and in the demo's page. */
export function trainingLoaderOptions({ batch, seed }: Pick<JobSettings, 'batch' | 'seed'>): LoaderOptions {
  return { batchSize: batch, mode: 'train', resize: RESIZE, crop: CROP, seed, dropLast: true };
}

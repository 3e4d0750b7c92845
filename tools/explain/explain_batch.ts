import type { Model } from '../../src/model/model.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import type { Tape } from '../../src/runtime/tape.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import type { TrainingBatch } from '../../src/train/batch.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { counterfactualMap, explainCalm, explainCam, mapSum } from '../../src/attribution/maps.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { subtractScoreMaps } from '../../src/eval/score_map.ts';

/** The maps of the paper's section 4.1.3, and CAM's class logits. */
export const MAP_KINDS = [
  'joint',
  'conditional',
  'posterior',
  'saliency',
  'subset',
  'counterfactual',
  'cam',
] as const;

export type MapKind = (typeof MAP_KINDS)[number];

/** What to explain, the same for every image. Classes count from 0. */
export interface Wanted {
  /** Undefined: the most probable one of each image. */
  readonly classIndex?: number | undefined;
  /** The class to compare with. Undefined: the most probable other one of each image. */
  readonly versus?: number | undefined;
  readonly subset?: readonly number[] | undefined;
  readonly maps: readonly MapKind[];
}

/** What a model says of one image. */
export interface ImageExplanation {
  /** p(y|x) of all classes [C]. */
  readonly probabilities: Float32Array;
  readonly classIndex: number;
  /** Null when the model knows one class only. */
  readonly versus: number | null;
  /** Sum of the joint map over all locations, which should be p(y|x); null for CAM, whose maps sum to nothing. */
  readonly jointSum: number | null;
  /** p(Y|x) of the subset; null without one, and for CAM. */
  readonly subsetProbability: number | null;
  readonly maps: ReadonlyMap<MapKind, ScoreMap>;
}

/**
 * The maps to make where none are named: all that the head has.
 * @throws ArgumentError for a map that the head cannot give, or a subset map without a subset
 */
export function chooseMaps(
  model: Model,
  named: readonly MapKind[] | undefined,
  hasSubset: boolean,
): readonly MapKind[] {
  const { kind } = model.configuration.head;
  const possible = MAP_KINDS.filter((map) => {
    if (map === 'counterfactual') return true;
    return kind === 'cam' ? map === 'cam' : map !== 'cam';
  });
  for (const map of named ?? []) {
    if (!possible.includes(map))
      throw new ArgumentError(`explain: a ${kind} head has no ${map} map, wanted ${possible.join(', ')}`);
    if (map === 'subset' && !hasSubset)
      throw new ArgumentError('explain: the subset map needs --subset CLASSES');
  }
  return named ?? possible.filter((map) => map !== 'subset' || hasSubset);
}

/** Classes by probability, the most probable first; of equals the first. */
export function rankClasses(probabilities: Float32Array): number[] {
  return Array.from(probabilities.keys()).toSorted(
    (first, second) => (probabilities[second] ?? 0) - (probabilities[first] ?? 0),
  );
}

/** The class to explain, and the one to compare it with where there is another. */
function requestedClasses(probabilities: Float32Array, wanted: Wanted): readonly number[] {
  const ranked = rankClasses(probabilities);
  const classIndex = wanted.classIndex ?? ranked[0] ?? 0;
  const versus = wanted.versus ?? ranked.find((index) => index !== classIndex);
  return versus === undefined ? [classIndex] : [classIndex, versus];
}

/** Runs a batch through a model in eval mode and reads what was asked for. */
export async function explainBatch(
  model: Model,
  batch: TrainingBatch,
  wanted: Wanted,
): Promise<ImageExplanation[]> {
  const { engine } = model;
  const tape = startTape(engine, { gradients: false });
  try {
    const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
    const logits = model.forward(tape, images);
    return model.configuration.head.kind === 'cam'
      ? await explainByCam(tape, logits.classLogits, wanted)
      : await explainByCalm(tape, model, logits, wanted);
  } finally {
    tape.end();
  }
}

async function explainByCam(tape: Tape, classLogits: Tensor, wanted: Wanted): Promise<ImageExplanation[]> {
  const logits = { classLogits };
  const classified = await explainCam(tape, logits, { classes: { all: [] } });
  const classes = classified.map(({ probabilities }) => requestedClasses(probabilities, wanted));
  const explained = await explainCam(tape, logits, { classes });
  return explained.map(({ probabilities, classes: [first, second] }, image) => {
    const [classIndex = 0, versus = null] = classes[image] ?? [];
    const maps = new Map<MapKind, ScoreMap>();
    for (const kind of wanted.maps) {
      if (kind === 'cam' && first !== undefined) maps.set(kind, first);
      if (kind === 'counterfactual' && first !== undefined && second !== undefined)
        maps.set(kind, subtractScoreMaps(first, second));
    }
    return { probabilities, classIndex, versus, jointSum: null, subsetProbability: null, maps };
  });
}

async function explainByCalm(
  tape: Tape,
  model: Model,
  logits: { readonly classLogits: Tensor; readonly locationLogits: Tensor },
  wanted: Wanted,
): Promise<ImageExplanation[]> {
  const options = model.posteriorOptions;
  const classified = await explainCalm(tape, logits, { classes: { all: [] } }, options);
  const classes = classified.map(({ probabilities }) => requestedClasses(probabilities, wanted));
  const request = wanted.subset === undefined ? { classes } : { classes, subset: wanted.subset };
  const explained = await explainCalm(tape, logits, request, options);
  return explained.map(({ probabilities, saliency, classes: [first, second], subset }, image) => {
    const [classIndex = 0, versus = null] = classes[image] ?? [];
    const available: Readonly<Record<MapKind, ScoreMap | undefined>> = {
      joint: first?.joint,
      conditional: first?.conditional,
      posterior: first?.posterior,
      saliency,
      subset: subset?.joint,
      counterfactual:
        first === undefined || second === undefined ? undefined : counterfactualMap(first, second),
      cam: undefined,
    };
    const maps = new Map<MapKind, ScoreMap>();
    for (const kind of wanted.maps) {
      const map = available[kind];
      if (map !== undefined) maps.set(kind, map);
    }
    return {
      probabilities,
      classIndex,
      versus,
      jointSum: first === undefined ? null : mapSum(first.joint),
      subsetProbability: subset?.probability ?? null,
      maps,
    };
  });
}

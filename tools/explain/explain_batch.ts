import type { GradientOptions } from '../../src/attribution/gradient_maps.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { Model } from '../../src/model/model.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import type { TrainingBatch } from '../../src/train/batch.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { attributionMethod, methodsOf, offersMethod } from '../../src/attribution/methods.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { mapSum } from '../../src/attribution/maps.ts';
import { startTape } from '../../src/kernels/tape.ts';

/** What to explain, the same for every image. Classes count from 0. */
export interface Wanted {
  /** Undefined: the most probable one of each image. */
  readonly classIndex?: number | undefined;
  /** The class to compare with. Undefined: the most probable other one of each image. */
  readonly versus?: number | undefined;
  readonly subset?: readonly number[] | undefined;
  readonly methods: readonly MethodName[];
  readonly options?: GradientOptions;
  /** Size of the Gaussian over maps of image resolution. */
  readonly smoothing?: number;
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
  /** p(Y|x) of the subset; null without one. */
  readonly subsetProbability: number | null;
  readonly maps: ReadonlyMap<MethodName, ScoreMap>;
}

/**
 * The maps to make where none are named: CALM's own in the order of the paper's section 4.1.3, or CAM's; those of a superset where
 * there is one.
 * @throws ArgumentError for a method that the head cannot give, or one of a superset without any
 */
export function chooseMethods(
  model: Model,
  named: readonly MethodName[] | undefined,
  hasSubset: boolean,
): readonly MethodName[] {
  const { kind } = model.configuration.head;
  for (const name of named ?? []) {
    if (!offersMethod(kind, name)) {
      const possible = methodsOf(kind).map((method) => method.name);
      throw new ArgumentError(`explain: a ${kind} head has no ${name} map, wanted ${possible.join(', ')}`);
    }
    if (attributionMethod(name).needsSubset && !hasSubset)
      throw new ArgumentError(`explain: ${name} needs --superset or --subset`);
  }
  if (named !== undefined) return named;
  const own: readonly MethodName[] =
    kind === 'cam'
      ? ['counterfactual', 'cam', 'cam-subset']
      : ['joint', 'conditional', 'posterior', 'saliency', 'subset', 'counterfactual'];
  return own.filter((name) => hasSubset || !attributionMethod(name).needsSubset);
}

/** Classes by probability, the most probable first; of equals the first. */
export function rankClasses(probabilities: Float32Array): number[] {
  return Array.from(probabilities.keys()).toSorted(
    (first, second) => (probabilities[second] ?? 0) - (probabilities[first] ?? 0),
  );
}

/** Runs a batch through a model in eval mode and reads what was asked for. */
export async function explainBatch(
  model: Model,
  batch: TrainingBatch,
  wanted: Wanted,
): Promise<ImageExplanation[]> {
  const { kind } = model.configuration.head;
  const alone = model.configuration.classes === 1;
  const classOf = (probabilities: Float32Array): number =>
    wanted.classIndex ?? rankClasses(probabilities)[0] ?? 0;
  const versusOf = (probabilities: Float32Array): number =>
    wanted.versus ?? rankClasses(probabilities).find((index) => index !== classOf(probabilities)) ?? 0;
  // The joint map stands for completeness, asked for or not.
  const methods = new Set<MethodName>(kind === 'cam' ? [] : ['joint']);
  for (const name of wanted.methods) if (name !== 'counterfactual' || !alone) methods.add(name);
  const tape = startTape(model.engine, { gradients: false });
  try {
    const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
    const { probabilities, maps } = await attribute(model, images, {
      methods: [...methods],
      classes: (ofImage) => [classOf(ofImage)],
      versus: (ofImage) => [versusOf(ofImage)],
      ...(wanted.subset === undefined ? {} : { subset: { all: wanted.subset } }),
      ...(wanted.options === undefined ? {} : { options: wanted.options }),
      ...(wanted.smoothing === undefined ? {} : { smoothing: wanted.smoothing }),
    });
    return probabilities.map((ofImage, image) => {
      const mapOf = (name: MethodName): ScoreMap | undefined => maps.get(name)?.[image]?.[0];
      const joint = mapOf('joint');
      return {
        probabilities: ofImage,
        classIndex: classOf(ofImage),
        versus: alone ? null : versusOf(ofImage),
        jointSum: joint === undefined ? null : mapSum(joint),
        subsetProbability:
          wanted.subset?.reduce((sum, member) => sum + (ofImage[member] ?? Number.NaN), 0) ?? null,
        maps: new Map(
          wanted.methods.flatMap((name) => {
            const map = mapOf(name);
            return map === undefined ? [] : [[name, map] as const];
          }),
        ),
      };
    });
  } finally {
    tape.end();
  }
}

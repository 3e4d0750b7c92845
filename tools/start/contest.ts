import type { AttributionMaps } from '../../src/attribution/model_maps.ts';
import type { Contestant, JobSettings } from './settings.ts';
import type { CubCueTask } from '../../src/eval/cub_cues.node.ts';
import type { CubDataset } from '../../src/data/cub.node.ts';
import type { CueLocalisationResult } from '../../src/eval/cue_localisation.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { EpochSummary } from '../../src/train/epoch.ts';
import type { Loader } from '../../src/data/loader.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import { attributionMaps } from '../../src/attribution/model_maps.ts';
import { classificationMetrics } from '../../src/eval/classification.ts';
import type { ClassificationMetrics } from '../../src/eval/classification.ts';
import { CLASSES, CROP, modelOptions, trainerOptions, trainingLoaderOptions } from './settings.ts';
import { createLoader } from '../../src/data/loader.ts';
import { createModel } from '../../src/model/model.ts';
import { evaluateCueLocalisation } from '../../src/eval/cue_localisation.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { join } from 'node:path';
import { saveModel } from '../../src/train/checkpoint.node.ts';
import { trainingProgress } from '../progress.ts';

/** The three splits, resized once and then kept in memory. */
export interface Splits {
  readonly train: Loader;
  readonly val: Loader;
  readonly test: Loader;
}

/** What came of one contestant. */
export interface Outcome {
  readonly contestant: Contestant;
  readonly history: readonly EpochSummary[];
  readonly classification: ClassificationMetrics;
  readonly cue: CueLocalisationResult;
  /** Attribution maps of the test pictures, by position, of every class. */
  readonly maps: ReadonlyMap<number, AttributionMaps>;
  readonly trainingSeconds: number;
  readonly evaluationSeconds: number;
}

/** Makes the loaders that all contestants share: the same pictures in the same order. */
export function openSplits(
  sets: { readonly train: CubDataset; readonly val: CubDataset; readonly test: CubDataset },
  settings: JobSettings,
): Splits {
  const evaluation = { batchSize: settings.batch, mode: 'eval', crop: CROP } as const;
  return {
    train: createLoader(sets.train, trainingLoaderOptions(settings)),
    val: createLoader(sets.val, evaluation),
    test: createLoader(sets.test, evaluation),
  };
}

const everyClass = Array.from({ length: CLASSES }, (_, label) => label);

function mapsOfPair(maps: AttributionMaps | undefined, labels: readonly number[]): ScoreMap[] {
  return labels.map((label) => {
    const map = maps?.get(label);
    if (map === undefined) throw new RangeError(`no map of class ${label} was computed`);
    return map;
  });
}

/** Where a contestant's model is saved: what `calm explain --checkpoint` takes. */
export function modelFile(out: string, { name }: Contestant): string {
  return join(out, `${name.toLowerCase().replaceAll(' ', '-')}.safetensors`);
}

/** Trains one contestant from scratch, saves it, then measures it on the test split. */
export async function runContestant(
  engine: Engine,
  contestant: Contestant,
  splits: Splits,
  cues: {
    readonly task: CubCueTask;
    readonly labelOfClass: ReadonlyMap<number, number>;
    readonly classNames: readonly string[];
  },
  settings: JobSettings,
): Promise<Outcome> {
  const { epochs, seed } = settings;
  const { classNames } = cues;
  const model = createModel(engine, modelOptions(contestant.head, seed));
  const trainer = createTrainer(model, trainerOptions(model, epochs, contestant.posterior));
  const stepsPerEpoch = splits.train.batchesPerEpoch;
  const progress = trainingProgress(contestant.name.padEnd(12), 1, epochs, stepsPerEpoch);
  try {
    const start = performance.now();
    const history = await trainer.fit({
      epochs,
      stepsPerEpoch,
      train: (epoch) => splits.train.epoch(epoch),
      validate: () => splits.val.epoch(0),
      onStep: (event) => progress.onStep(event),
      onEpoch: (summary) => progress.onEpoch(summary),
    });
    progress.stop();
    const trained = performance.now();

    await saveModel(modelFile(settings.out, contestant), model, { classNames, crop: CROP });
    const evaluation = await trainer.evaluate(splits.test.epoch(0));
    const maps = await attributionMaps(model, splits.test.epoch(0), { all: everyClass });
    const cue = await evaluateCueLocalisation({
      pairs: cues.task.pairs,
      images: cues.task.images,
      partMap: cues.task.partMap,
      scoreMaps: async ({ index }, classIds) =>
        mapsOfPair(
          maps.get(index),
          classIds.map((id) => cues.labelOfClass.get(id) ?? -1),
        ),
      normalisation: contestant.normalisation,
      thresholdType: contestant.thresholdType,
    });
    return {
      contestant,
      history,
      classification: classificationMetrics(evaluation.probabilities, evaluation.labels, CLASSES),
      cue,
      maps,
      trainingSeconds: (trained - start) / 1000,
      evaluationSeconds: (performance.now() - trained) / 1000,
    };
  } finally {
    progress.stop();
    trainer.dispose();
    model.dispose();
  }
}

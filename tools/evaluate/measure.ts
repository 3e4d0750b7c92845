/** One pass of a model over a split: whatever is asked for of it, batch by batch, without keeping any map. */
import type { AttributionRequest } from '../../src/attribution/attribute.ts';
import type { Batch } from '../../src/data/loader.ts';
import type { ClassificationMetrics } from '../../src/eval/classification.ts';
import type { CueLocalisationResult } from '../../src/eval/cue_localisation.ts';
import type { EvaluationData } from './data.ts';
import type { EvaluationSettings, Metric } from './settings.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { Model } from '../../src/model/model.ts';
import type { ObjectLocalisationResult } from '../../src/eval/object_localisation.ts';
import type { RandomErasing } from '../../src/eval/remove_and_classify.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import type { SharpnessResult } from '../../src/eval/sharpness.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import type { BatchValues } from '../../src/distributed/gather_batches.ts';
import type { SumCounts } from '../../src/eval/shared_counts.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { attributionMethod } from '../../src/attribution/methods.ts';
import { checkProbabilities } from '../explain/probabilities.ts';
import { classificationMetrics } from '../../src/eval/classification.ts';
import { CueTally } from '../../src/eval/cue_localisation.ts';
import { erasureOrder, randomErasureOrder } from '../../src/eval/erasure.ts';
import { fillPictures } from '../../src/eval/fill_pictures.ts';
import { gatherBatches, sumCounts } from '../../src/distributed/gather_batches.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { ObjectLocalisation } from '../../src/eval/object_localisation.ts';
import { resizeScoreMap } from '../../src/eval/score_map.ts';
import { rightAfterErasing } from '../../src/eval/remove_and_classify.ts';
import { SharpnessTally } from '../../src/eval/sharpness.ts';
import { startTape } from '../../src/kernels/tape.ts';

/** What a model says without any map. */
export interface ModelMeasurement {
  readonly classification?: ClassificationMetrics;
  readonly random?: RandomErasing;
}

/** What is wanted of a method's maps. */
export interface MethodPlan {
  readonly method: MethodName;
  readonly metrics: ReadonlySet<Exclude<Metric, 'classification'>>;
}

/** What came of a method's maps; `right` are the images right after erasing, by share. */
export interface MethodMeasurement {
  readonly cue?: CueLocalisationResult;
  readonly wsol?: ObjectLocalisationResult;
  readonly right?: readonly number[];
  readonly sharpness?: SharpnessResult;
}

type OnImages = (images: number) => void;

/** About how many images all processes have done when this one has done so many. */
const doneOfAll = (own: number, { images, communicator }: EvaluationData): number =>
  Math.min(own * communicator.size, images);

/** Images of a batch in the GPU's memory, for the time of `use`. */
async function withImages<Result>(
  model: Model,
  batch: Batch,
  use: (images: Tensor) => Promise<Result>,
): Promise<Result> {
  const tape = startTape(model.engine, { gradients: false });
  try {
    return await use(uploadBatch(tape, batch, IMAGENET_NORMALIZATION).images);
  } finally {
    tape.end();
  }
}

/** Classifies the split, and classifies it again after random erasing, where that is wanted. */
export async function measureModel(
  { model, file }: { readonly model: Model; readonly file: string },
  data: EvaluationData,
  settings: EvaluationSettings,
  wanted: { readonly classification: boolean; readonly random: boolean },
  onImages: OnImages,
): Promise<ModelMeasurement> {
  const { classes } = model.configuration;
  const { shares, fill, draws, seed, calibrationBins } = settings;
  const own: BatchValues[] = [];
  let done = 0;
  const counts = Array.from({ length: draws }, () => shares.map(() => 0));
  for await (const batch of data.batches()) {
    await withImages(model, batch, async (images) => {
      const tape = startTape(model.engine, { gradients: false });
      try {
        const probabilities = await model.engine.read(model.predict(tape, images).probabilities);
        for (const [place, image] of batch.ids.entries())
          checkProbabilities(probabilities.subarray(place * classes, (place + 1) * classes), { file, image });
        own.push({ number: batch.number, labels: batch.labels, probabilities });
      } finally {
        tape.end();
      }
      if (!wanted.random) return;
      const pictures = {
        images: await model.engine.read(images),
        fills: await fillPictures(model.engine, images, fill, seed, batch.indices),
        height: batch.crop,
        width: batch.crop,
        labels: batch.labels,
      };
      for (const [draw, count] of counts.entries()) {
        const orders = Array.from(batch.indices, (index) =>
          randomErasureOrder(batch.crop * batch.crop, seed, index, draw),
        );
        const right = await rightAfterErasing(model, pictures, orders, shares);
        for (const [i, value] of right.entries()) count[i] = (count[i] ?? 0) + value;
      }
    });
    done += batch.labels.length;
    onImages(doneOfAll(done, data));
  }
  const all = await gatherBatches(data.communicator, own);
  const labels = all.flatMap((part) => [...part.labels]);
  const probabilities = new Float32Array(labels.length * classes);
  let end = 0;
  for (const part of all) {
    probabilities.set(part.probabilities, end);
    end += part.probabilities.length;
  }
  for (const count of counts)
    for (const [i, sum] of (await sumCounts(data.communicator)(Float64Array.from(count))).entries())
      count[i] = sum;
  const classification = classificationMetrics(probabilities, labels, classes, { calibrationBins });
  const right = Math.round((classification.top1 * labels.length) / 100);
  return {
    ...(wanted.classification ? { classification } : {}),
    ...(wanted.random ? { random: { images: labels.length, right, shares, draws: counts } } : {}),
  };
}

/** What is being counted of one method. */
class MethodTally {
  readonly plan: MethodPlan;
  readonly cue: CueTally | null;
  readonly wsol: ObjectLocalisation | null;
  readonly right: number[] | null;
  readonly sharpness: SharpnessTally | null;

  constructor(plan: MethodPlan, data: EvaluationData, settings: EvaluationSettings) {
    this.plan = plan;
    const normalisation = settings.normalisation ?? attributionMethod(plan.method).normalisation;
    const { interval, size, shares } = settings;
    const thresholdType = settings.thresholdType ?? (normalisation === 'clipping' ? 'log' : 'even');
    this.cue =
      plan.metrics.has('cue') && data.cue !== null
        ? new CueTally(data.cue.task.pairs, { normalisation, interval, thresholdType })
        : null;
    this.wsol = plan.metrics.has('wsol') ? new ObjectLocalisation(size, interval) : null;
    this.right = plan.metrics.has('remove') ? shares.map(() => 0) : null;
    this.sharpness = plan.metrics.has('sharpness') ? new SharpnessTally() : null;
  }

  /** Makes everything counted that of all processes. */
  async share(sum: SumCounts, images: number): Promise<void> {
    for (const part of [this.cue, this.wsol]) await part?.share(sum);
    await this.sharpness?.share(sum, images);
    this.right?.splice(0, this.right.length, ...(await sum(Float64Array.from(this.right))));
  }

  result(): MethodMeasurement {
    return {
      ...(this.cue === null ? {} : { cue: this.cue.compute() }),
      ...(this.wsol === null ? {} : { wsol: this.wsol.compute() }),
      ...(this.right === null ? {} : { right: this.right }),
      ...(this.sharpness === null ? {} : { sharpness: this.sharpness.compute() }),
    };
  }
}

/** Options of the attribution that evaluations and galleries share. */
export function attributionOptions(
  settings: EvaluationSettings,
): Pick<AttributionRequest, 'options' | 'smoothing' | 'subset'> {
  const { gradient, smoothing, superset } = settings;
  return {
    options: gradient,
    smoothing,
    ...(superset === null ? {} : { subset: { all: superset.classes } }),
  };
}

/** Makes the maps of all methods in one pass and measures each by its plan. */
export async function measureMethods(
  model: Model,
  data: EvaluationData,
  settings: EvaluationSettings,
  plans: readonly MethodPlan[],
  onImages: OnImages,
): Promise<Map<MethodName, MethodMeasurement>> {
  const tallies = plans.map((plan) => new MethodTally(plan, data, settings));
  let done = 0;
  for await (const batch of data.batches()) {
    await withImages(model, batch, (images) => measureBatch(model, data, settings, tallies, batch, images));
    done += batch.labels.length;
    onImages(doneOfAll(done, data));
  }
  for (const tally of tallies) await tally.share(sumCounts(data.communicator), data.images);
  return new Map(tallies.map((tally) => [tally.plan.method, tally.result()]));
}

async function measureBatch(
  model: Model,
  data: EvaluationData,
  settings: EvaluationSettings,
  tallies: readonly MethodTally[],
  batch: Batch,
  images: Tensor,
): Promise<void> {
  const { shares, fill, seed } = settings;
  const ofCues = tallies.find(({ cue }) => cue !== null)?.cue ?? null;
  const cues = await cuesOf(data, ofCues, batch);
  const { maps } = await attribute(model, images, {
    ...attributionOptions(settings),
    methods: tallies.map(({ plan }) => plan.method),
    classes: rowsOf(batch, cues),
  });
  const erases = tallies.some(({ right }) => right !== null);
  const pictures = {
    images: erases ? await model.engine.read(images) : new Float32Array(),
    fills: erases ? await fillPictures(model.engine, images, fill, seed, batch.indices) : new Float32Array(),
    height: batch.crop,
    width: batch.crop,
    labels: batch.labels,
  };
  const truths = tallies.some(({ wsol }) => wsol !== null)
    ? await Promise.all(Array.from(batch.indices, (index) => data.truth(index)))
    : [];
  for (const tally of tallies) {
    const ofMethod = maps.get(tally.plan.method) ?? [];
    const own = ofMethod.flatMap((ofImage) => (ofImage[0] === undefined ? [] : [ofImage[0]]));
    for (const [place, cue] of cues.entries()) {
      if (tally.cue === null || cue === null) continue;
      const byClass = new Map<number, ScoreMap>();
      for (const [i, map] of (ofMethod[place] ?? []).entries()) {
        const classId = cue.classIds[i];
        if (classId !== undefined) byClass.set(classId, map);
      }
      tally.cue.add(cue.image, cue.parts, byClass);
    }
    for (const [place, truth] of truths.entries()) {
      const map = own[place];
      if (map !== undefined) tally.wsol?.add(map, truth);
    }
    for (const [place, map] of own.entries()) tally.sharpness?.add(map, batch.indices[place] ?? 0);
    if (tally.right !== null) {
      const orders = own.map((map, place) => {
        const { data: scores } = resizeScoreMap(map, batch.crop, batch.crop);
        return erasureOrder(scores, seed, batch.indices[place] ?? 0);
      });
      const right = await rightAfterErasing(model, pictures, orders, shares);
      for (const [i, value] of right.entries()) tally.right[i] = (tally.right[i] ?? 0) + value;
    }
  }
}

type BatchCue = Awaited<ReturnType<typeof cuesOf>>[number];

/** Of every image of a batch its part map, and the class ids of which maps are needed, its own first. */
async function cuesOf(data: EvaluationData, tally: CueTally | null, batch: Batch) {
  const { cue } = data;
  if (tally === null || cue === null) return Array.from(batch.indices, () => null);
  return Promise.all(
    Array.from(batch.indices, async (index) => {
      const image = cue.task.images[index];
      if (image === undefined) return null;
      const parts = await cue.partMap(image);
      const needed = tally.classesOf(image, parts);
      return { image, parts, classIds: [image.classId, ...needed.filter((id) => id !== image.classId)], cue };
    }),
  );
}

/** Labels to explain, the image's own first; all rows as long as the longest, filled up with the own label. */
function rowsOf(batch: Batch, cues: readonly BatchCue[]): number[][] {
  const longest = Math.max(1, ...cues.map((cue) => cue?.classIds.length ?? 1));
  return Array.from(batch.labels, (label, place) => {
    const cue = cues[place] ?? null;
    const row = cue === null ? [label] : cue.classIds.map((id) => cue.cue.labelOfClass.get(id) ?? label);
    return [...row, ...Array.from({ length: longest - row.length }, () => label)];
  });
}

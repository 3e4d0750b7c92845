import type { HeadLogits } from '../../model/head.ts';
import type { Model } from '../../model/model.ts';
import type { ScoreMap } from '../../eval/score_map.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { explainCalm, explainCam, mapSum } from '../maps.ts';
import { imageShape } from '../../runtime/shape.ts';
import { normaliseScoreMap } from '../../eval/score_map.ts';
import { RandomStream } from '../../runtime/random.ts';
import { startTape } from '../../kernels/tape.ts';
import { subtract } from '../../kernels/elementwise/binary.ts';

/** One property measured over images: the worst deviation from what it asks for. */
export interface PropertyResult {
  readonly property: 'completeness' | 'implementation invariance' | 'sensitivity';
  /** What was compared. */
  readonly measured: string;
  /** Largest deviation, or the largest share of locations that break it. */
  readonly worst: number;
  /** Rounding allows for this much; above it the property does not hold. */
  readonly allowed: number;
}

/** Sums of some hundred f32 probabilities and exponentials: a few units of 2^-24 each. */
const ROUNDING = 1e-5;

/** Nats by which class logits are moved. */
const SHIFT = 3;

/** Locations of an image whose evidence is taken away, one at a time. */
const LOCATIONS = 32;

/** What a head says: probabilities and the maps of one class an image, as they are used (CAM: max-scaled). */
interface Said {
  readonly probabilities: readonly Float32Array[];
  readonly maps: readonly ScoreMap[];
}

async function say(tape: Tape, model: Model, logits: HeadLogits, classes: readonly number[]): Promise<Said> {
  const request = { classes: classes.map((index) => [index]) };
  if (model.configuration.head.kind === 'cam') {
    const explained = await explainCam(tape, logits, request);
    const maps = explained.flatMap((image) => image.classes.map((map) => normaliseScoreMap(map, 'max')));
    return { probabilities: explained.map((image) => image.probabilities), maps };
  }
  const explained = await explainCalm(tape, logits, request, model.posteriorOptions);
  return {
    probabilities: explained.map((image) => image.probabilities),
    maps: explained.flatMap((image) => image.classes.map(({ joint }) => joint)),
  };
}

function largestDifference(first: ArrayLike<number>, second: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < first.length; i++)
    worst = Math.max(worst, Math.abs((first[i] ?? Number.NaN) - (second[i] ?? Number.NaN)));
  return worst;
}

/**
 * The axioms of the paper's section 4.2 on images f32 [N,H,W,3], each for the most probable class: completeness (CALM's joint maps add up to
 * p(y|x) for every class, saliency and posterior to 1), implementation invariance (class logits moved by a constant, or by any number a
 * location, compute the same p(y|x): does the map stay?), and sensitivity (Sundararajan et al. 2017: evidence that the prediction
 * changes without has an attribution; of CALM's joint map the change itself). CAM's map is max-scaled to [0, 1], as it is shown and evaluated.
 */
export async function auditProperties(model: Model, images: Tensor, seed = 0): Promise<PropertyResult[]> {
  const tape = startTape(model.engine, { gradients: false });
  try {
    const logits = model.forward(tape, images);
    const isCam = model.configuration.head.kind === 'cam';
    const count = images.shape[0] ?? 0;
    const none = await say(tape, model, logits, new Array<number>(count).fill(0));
    const best = none.probabilities.map((p) => p.indexOf(Math.max(...p)));
    const said = await say(tape, model, logits, best);
    const results = isCam ? [camCompleteness(said, best)] : await completeness(tape, model, logits);
    results.push(...(await invariance(tape, model, logits, best, said, seed)));
    results.push(...(await sensitivity(tape, model, logits, best, said, seed)));
    return results;
  } finally {
    tape.end();
  }
}

async function completeness(tape: Tape, model: Model, logits: HeadLogits): Promise<PropertyResult[]> {
  const all = Array.from({ length: model.configuration.classes }, (_, index) => index);
  const worst = { joint: 0, saliency: 0, posterior: 0, probabilities: 0 };
  const raise = (key: keyof typeof worst, deviation: number): void => {
    worst[key] = Math.max(worst[key], Math.abs(deviation));
  };
  for (const index of all) {
    const request = { classes: { all: [index] } };
    for (const image of await explainCalm(tape, logits, request, model.posteriorOptions)) {
      raise('saliency', mapSum(image.saliency) - 1);
      raise('probabilities', image.probabilities.reduce((sum, p) => sum + p, 0) - 1);
      for (const { joint, posterior, probability } of image.classes) {
        raise('joint', mapSum(joint) - (image.probabilities[index] ?? Number.NaN));
        // Where the released code's epsilon is larger than p(y|x) the posterior rightly adds up to less.
        if (probability > 1e-4) raise('posterior', mapSum(posterior) - 1);
      }
    }
  }
  const result = (measured: string, deviation: number): PropertyResult => ({
    property: 'completeness',
    measured,
    worst: deviation,
    allowed: ROUNDING,
  });
  return [
    result('sum of p(y,z|x) over z against p(y|x), every class', worst.joint),
    result('sum of p(z|x) over z against 1', worst.saliency),
    result('sum of p(z|x,y) over z against 1, classes with p(y|x) > 1e-4', worst.posterior),
    result('sum of p(y|x) over y against 1', worst.probabilities),
  ];
}

function camCompleteness({ maps, probabilities }: Said, best: readonly number[]): PropertyResult {
  const deviations = maps.map((map, image) => {
    const mean = mapSum(map) / map.data.length;
    return Math.abs(mean - (probabilities[image]?.[best[image] ?? 0] ?? Number.NaN));
  });
  return {
    property: 'completeness',
    measured: 'mean of the scaled map against p(y|x)',
    worst: Math.max(...deviations),
    allowed: ROUNDING,
  };
}

async function invariance(
  tape: Tape,
  model: Model,
  logits: HeadLogits,
  best: readonly number[],
  said: Said,
  seed: number,
): Promise<PropertyResult[]> {
  const [images, height, width] = imageShape('audit', 'classLogits', logits.classLogits);
  const stream = new RandomStream(seed, 1);
  const results: PropertyResult[] = [];
  for (const kind of ['a constant', 'another number at every location'] as const) {
    const values = Float32Array.from({ length: images * height * width }, () =>
      kind === 'a constant' ? -SHIFT : stream.uniform(-SHIFT, SHIFT),
    );
    const shift = tape.empty([images, height, width, 1]);
    model.engine.write(shift, values);
    const moved = { ...logits, classLogits: subtract(tape, logits.classLogits, shift) };
    const after = await say(tape, model, moved, best);
    const deviations = said.maps.map(({ data }, image) =>
      largestDifference(data, after.maps[image]?.data ?? []),
    );
    const changes = said.probabilities.map((p, image) =>
      largestDifference(p, after.probabilities[image] ?? []),
    );
    const measured = `map when ${kind} is added to f (p(y|x) moves by ${Math.max(...changes).toExponential(0)})`;
    results.push({
      property: 'implementation invariance',
      measured,
      worst: Math.max(...deviations),
      allowed: ROUNDING,
    });
  }
  return results;
}

/** Takes the evidence for the class away at one location after the other: its logit becomes minus infinity (CALM) or 0 (CAM). */
async function sensitivity(
  tape: Tape,
  model: Model,
  logits: HeadLogits,
  best: readonly number[],
  said: Said,
  seed: number,
): Promise<PropertyResult[]> {
  const { engine } = model;
  const isCam = model.configuration.head.kind === 'cam';
  const [images, height, width, classes] = imageShape('audit', 'classLogits', logits.classLogits);
  const locations = height * width;
  const [f, a] = await Promise.all([engine.read(logits.classLogits), engine.read(logits.locationLogits)]);
  let worst = 0;
  let ignored = 0;
  for (let image = 0; image < images; image++) {
    const places = Array.from(new RandomStream(seed, 2, image).permutation(locations)).slice(0, LOCATIONS);
    const label = best[image] ?? 0;
    const part = f.subarray(image * locations * classes, (image + 1) * locations * classes);
    const changed = new Float32Array(places.length * part.length);
    const attention = new Float32Array(places.length * locations);
    for (const [copy, place] of places.entries()) {
      changed.set(part, copy * part.length);
      changed[copy * part.length + place * classes + label] = isCam ? 0 : -1e9;
      attention.set(a.subarray(image * locations, (image + 1) * locations), copy * locations);
    }
    const classLogits = tape.empty([places.length, height, width, classes]);
    const locationLogits = tape.empty([places.length, height, width, 1]);
    engine.write(classLogits, changed);
    engine.write(locationLogits, attention);
    const without = await say(
      tape,
      model,
      { classLogits, locationLogits },
      places.map(() => label),
    );
    tape.release(classLogits);
    tape.release(locationLogits);
    const probability = said.probabilities[image]?.[label] ?? Number.NaN;
    for (const [copy, place] of places.entries()) {
      const change = probability - (without.probabilities[copy]?.[label] ?? Number.NaN);
      const attribution = said.maps[image]?.data[place] ?? Number.NaN;
      worst = Math.max(worst, Math.abs(change - attribution));
      if (Math.abs(change) > ROUNDING && attribution === 0) ignored++;
    }
  }
  const share = ignored / (images * Math.min(LOCATIONS, locations));
  return [
    {
      property: 'sensitivity',
      measured: 'share of locations without attribution whose evidence the prediction changes without',
      worst: share,
      allowed: 0,
    },
    {
      property: 'sensitivity',
      measured: 'attribution of a location against the change of p(y|x) without its evidence',
      worst,
      allowed: ROUNDING,
    },
  ];
}

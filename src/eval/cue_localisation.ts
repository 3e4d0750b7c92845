/**
 * Cue localisation (the paper's table 1): does the counterfactual map s_A - s_B of two classes point at the parts in
 * which they differ? mPxAP is the mean over class pairs of the pixel-wise average precision of |s_A - s_B| against the
 * mask of the differing parts, by number of those parts.
 */
import { cueMask } from './cub_trait.ts';
import type { ClassPair, CueMaskSource, PartMap } from './cub_trait.ts';
import { PixelAveragePrecision } from './pixel_average_precision.ts';
import type { PixelAveragePrecisionOptions } from './pixel_average_precision.ts';
import { counterfactualEvidence } from './score_map.ts';
import type { Normalisation, ScoreMap } from './score_map.ts';

/** One test image; `classId` in the numbering of the pairs. */
export interface CueImage {
  readonly id: string;
  readonly classId: number;
}

export interface CueLocalisationOptions<Image extends CueImage> extends PixelAveragePrecisionOptions {
  readonly pairs: readonly ClassPair[];
  readonly images: readonly Image[];
  /** The image's cue parts; the map's size is the size at which everything is evaluated (officially 224). */
  readonly partMap: (image: Image) => PartMap | Promise<PartMap>;
  /** The attribution maps of an image for the given class ids, in their order; called once per image. */
  readonly scoreMaps: (image: Image, classIds: readonly number[]) => Promise<readonly ScoreMap[]>;
  /** `clipping` for probabilities (CALM's joint map), `minmax` or `max` for unbounded scores (CAM). */
  readonly normalisation: Normalisation;
  /** Called after each image. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface CuePairResult extends ClassPair {
  /** Images of the two classes that show a differing part. */
  readonly images: number;
  /** AUC in percent over this pair's images; null when no cue pixel was scored (the pair is left out of the means). */
  readonly averagePrecision: number | null;
  /**
   * AUC in percent over all pairs up to and with this one: the official script never resets its evaluator. Null before
   * the first cue pixel.
   */
  readonly runningAveragePrecision: number | null;
}

export interface CueCountResult {
  readonly differingParts: number;
  readonly pairs: number;
  /** Mean over the pairs with this number of differing parts, percent; NaN when there is none. */
  readonly meanAveragePrecision: number;
  /** The same mean of the official running values. */
  readonly runningMeanAveragePrecision: number;
}

export interface CueLocalisationResult {
  readonly pairs: readonly CuePairResult[];
  /** One entry per number of differing parts that occurs, ascending. */
  readonly byDifferingParts: readonly CueCountResult[];
  /** mPxAP over all pairs, percent; NaN when no pair could be evaluated. */
  readonly meanAveragePrecision: number;
  /**
   * What a map that knows nothing scores: the mean over the pairs of the share of cue pixels, percent. Every average
   * precision is to be read against it.
   */
  readonly chance: number;
  /** What the cue masks were made of; a result with `box` is no measurement on segmentations and must say so. */
  readonly maskSources: readonly CueMaskSource[];
}

function mean(values: readonly (number | null)[]): number {
  const numbers = values.filter((value) => value !== null);
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

interface PairTally {
  readonly pair: ClassPair;
  readonly evaluator: PixelAveragePrecision;
  images: number;
  cuePixels: number;
  pixels: number;
}

/** Evaluates the pairs in their order over the images of their two classes. */
export async function evaluateCueLocalisation<Image extends CueImage>(
  options: CueLocalisationOptions<Image>,
): Promise<CueLocalisationResult> {
  const { pairs, images, onProgress } = options;
  const tallies: PairTally[] = pairs.map((pair) => ({
    pair,
    evaluator: new PixelAveragePrecision(options),
    images: 0,
    cuePixels: 0,
    pixels: 0,
  }));
  const maskSources = new Set<CueMaskSource>();
  // Images are the outer loop, so that each passes through the network once however many pairs it serves.
  for (const [done, image] of images.entries()) {
    const concerned = tallies.filter(
      ({ pair }) => pair.firstClass === image.classId || pair.secondClass === image.classId,
    );
    if (concerned.length > 0) maskSources.add(await tallyImage(image, concerned, options));
    onProgress?.(done + 1, images.length);
  }
  const running = new PixelAveragePrecision(options);
  const results = tallies.map(({ pair, evaluator, images: count }): CuePairResult => {
    running.merge(evaluator);
    return {
      ...pair,
      images: count,
      averagePrecision: evaluator.hasPositives() ? evaluator.compute().auc : null,
      runningAveragePrecision: running.hasPositives() ? running.compute().auc : null,
    };
  });
  const counts = [...new Set(pairs.map((pair) => pair.differingParts.length))].toSorted((a, b) => a - b);
  return {
    pairs: results,
    byDifferingParts: counts.map((differingParts) => {
      const own = results.filter((result) => result.differingParts.length === differingParts);
      return {
        differingParts,
        pairs: own.filter((result) => result.averagePrecision !== null).length,
        meanAveragePrecision: mean(own.map((result) => result.averagePrecision)),
        runningMeanAveragePrecision: mean(own.map((result) => result.runningAveragePrecision)),
      };
    }),
    meanAveragePrecision: mean(results.map((result) => result.averagePrecision)),
    chance: mean(tallies.map(({ cuePixels, pixels }) => (cuePixels > 0 ? (100 * cuePixels) / pixels : null))),
    maskSources: [...maskSources],
  };
}

/** Adds one image to its pairs; gives what its part map was made of. */
async function tallyImage<Image extends CueImage>(
  image: Image,
  tallies: readonly PairTally[],
  options: CueLocalisationOptions<Image>,
): Promise<CueMaskSource> {
  const parts = await options.partMap(image);
  const work = tallies.flatMap((tally) => {
    const mask = cueMask(parts, tally.pair.differingParts);
    return mask === null ? [] : [{ tally, mask }];
  });
  if (work.length === 0) return parts.source;
  const classIds = [...new Set(work.flatMap(({ tally }) => [tally.pair.firstClass, tally.pair.secondClass]))];
  const maps = await options.scoreMaps(image, classIds);
  if (maps.length !== classIds.length) {
    throw new Error(
      `evaluateCueLocalisation: scoreMaps gave ${maps.length} maps for image '${image.id}', wanted ${classIds.length}`,
    );
  }
  const mapOfClass = new Map(maps.map((map, i) => [classIds[i], map]));
  for (const { tally, mask } of work) {
    const first = mapOfClass.get(tally.pair.firstClass);
    const second = mapOfClass.get(tally.pair.secondClass);
    if (first === undefined || second === undefined) {
      throw new Error(`evaluateCueLocalisation: a map is missing for image '${image.id}'`);
    }
    const evidence = counterfactualEvidence(first, second, parts.size, parts.size, options.normalisation);
    tally.evaluator.accumulate(Float64Array.from(evidence.data), mask);
    tally.images++;
    tally.pixels += mask.length;
    tally.cuePixels += mask.reduce((sum, value) => sum + value, 0);
  }
  return parts.source;
}

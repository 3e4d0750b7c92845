/**
 * Cue localisation (the paper's table 1): does the counterfactual map s_A - s_B of two classes point at the parts in
 * which they differ? mPxAP is the mean over class pairs of the pixel-wise average precision of |s_A - s_B| against the
 * mask of the differing parts, by number of those parts.
 */
import type { SumCounts } from './shared_counts.ts';
import { cueMask } from './cub_trait.ts';
import type { ClassPair, CueMaskSource, PartMap } from './cub_trait.ts';
import { PixelAveragePrecision, precisionAtRecalls } from './pixel_average_precision.ts';
import type { PixelAveragePrecisionOptions } from './pixel_average_precision.ts';
import { counterfactualEvidence } from './score_map.ts';
import type { Normalisation, ScoreMap } from './score_map.ts';

/** One test image; `classId` in the numbering of the pairs. */
export interface CueImage {
  readonly id: string;
  readonly classId: number;
}

/** Recalls, percent, at which curves are given. */
export const CURVE_RECALLS: readonly number[] = Array.from({ length: 50 }, (_, i) => 2 * (i + 1));

/** How maps are scored. */
export interface CueScoring extends PixelAveragePrecisionOptions {
  /** `clipping` for probabilities (CALM's joint map), `minmax` or `max` for unbounded scores (CAM). */
  readonly normalisation: Normalisation;
}

export interface CueLocalisationOptions<Image extends CueImage> extends CueScoring {
  readonly pairs: readonly ClassPair[];
  readonly images: readonly Image[];
  /** The image's cue parts; the map's size is the size at which everything is evaluated (officially 224). */
  readonly partMap: (image: Image) => PartMap | Promise<PartMap>;
  /** The attribution maps of an image for the given class ids, in their order; called once per image. */
  readonly scoreMaps: (image: Image, classIds: readonly number[]) => Promise<readonly ScoreMap[]>;
  /** Called after each image. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface CuePairResult extends ClassPair {
  /** Images of the two classes that show a differing part. */
  readonly images: number;
  /** AUC in percent over this pair's images; null when no cue pixel was scored (the pair is left out of the means). */
  readonly averagePrecision: number | null;
  /** Precision in percent at the recalls of `CURVE_RECALLS`; null without an average precision. */
  readonly precisions: readonly number[] | null;
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
  /** Mean over the pairs of the precision in percent at each of `CURVE_RECALLS`. */
  readonly precisions: readonly number[];
}

export interface CueLocalisationResult {
  readonly pairs: readonly CuePairResult[];
  /** One entry per number of differing parts that occurs, ascending. */
  readonly byDifferingParts: readonly CueCountResult[];
  /** mPxAP over all pairs, percent; NaN when no pair could be evaluated. */
  readonly meanAveragePrecision: number;
  /** The mean over all pairs of the official running values, percent. */
  readonly runningMeanAveragePrecision: number;
  /** Mean over all pairs of the precision in percent at each of `CURVE_RECALLS`. */
  readonly precisions: readonly number[];
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

const CUE_MASK_SOURCES: readonly CueMaskSource[] = ['segmentation', 'box', 'exact'];

interface PairTally {
  readonly pair: ClassPair;
  readonly evaluator: PixelAveragePrecision;
  images: number;
  cuePixels: number;
  pixels: number;
}

/** Scores image by image, in any order, against all pairs at once. */
export class CueTally {
  readonly #scoring: CueScoring;
  readonly #pairs: readonly PairTally[];
  readonly #maskSources = new Set<CueMaskSource>();

  constructor(pairs: readonly ClassPair[], scoring: CueScoring) {
    this.#scoring = scoring;
    this.#pairs = pairs.map((pair) => ({
      pair,
      evaluator: new PixelAveragePrecision(scoring),
      images: 0,
      cuePixels: 0,
      pixels: 0,
    }));
  }

  /** The class ids of which an image's maps are needed, each once; none where it shows no cue of any of its pairs. */
  classesOf(image: CueImage, parts: PartMap): number[] {
    const shown = this.#concerning(image).filter(({ pair }) => cueMask(parts, pair.differingParts) !== null);
    return [...new Set(shown.flatMap(({ pair }) => [pair.firstClass, pair.secondClass]))];
  }

  /** Adds an image; `maps` by class id. Throws when one of `classesOf` is missing. */
  add(image: CueImage, parts: PartMap, maps: ReadonlyMap<number, ScoreMap>): void {
    const concerning = this.#concerning(image);
    if (concerning.length > 0) this.#maskSources.add(parts.source);
    for (const tally of concerning) {
      const mask = cueMask(parts, tally.pair.differingParts);
      if (mask === null) continue;
      const first = maps.get(tally.pair.firstClass);
      const second = maps.get(tally.pair.secondClass);
      if (first === undefined || second === undefined)
        throw new Error(`CueTally.add: a map is missing for image '${image.id}'`);
      const { normalisation } = this.#scoring;
      const evidence = counterfactualEvidence(first, second, parts.size, parts.size, normalisation);
      tally.evaluator.accumulate(Float64Array.from(evidence.data), mask);
      tally.images++;
      tally.pixels += mask.length;
      tally.cuePixels += mask.reduce((sum, value) => sum + value, 0);
    }
  }

  /** Makes the counts those of all processes. */
  async share(sum: SumCounts): Promise<void> {
    for (const tally of this.#pairs) {
      await tally.evaluator.share(sum);
      const counts = Float64Array.of(tally.images, tally.cuePixels, tally.pixels);
      [tally.images = 0, tally.cuePixels = 0, tally.pixels = 0] = await sum(counts);
    }
    const sources = CUE_MASK_SOURCES.map((source) => (this.#maskSources.has(source) ? 1 : 0));
    for (const [index, count] of (await sum(Float64Array.from(sources))).entries()) {
      const source = CUE_MASK_SOURCES[index];
      if (count > 0 && source !== undefined) this.#maskSources.add(source);
    }
  }

  compute(): CueLocalisationResult {
    const running = new PixelAveragePrecision(this.#scoring);
    const results = this.#pairs.map(({ pair, evaluator, images }): CuePairResult => {
      running.merge(evaluator);
      const curve = evaluator.hasPositives() ? evaluator.compute() : null;
      return {
        ...pair,
        images,
        averagePrecision: curve?.auc ?? null,
        precisions: curve === null ? null : precisionAtRecalls(curve, CURVE_RECALLS),
        runningAveragePrecision: running.hasPositives() ? running.compute().auc : null,
      };
    });
    const counts = [...new Set(results.map((result) => result.differingParts.length))].toSorted(
      (a, b) => a - b,
    );
    return {
      pairs: results,
      byDifferingParts: counts.map((differingParts) => {
        const own = results.filter((result) => result.differingParts.length === differingParts);
        return {
          differingParts,
          pairs: own.filter((result) => result.averagePrecision !== null).length,
          ...meansOf(own),
        };
      }),
      ...meansOf(results),
      chance: mean(
        this.#pairs.map(({ cuePixels, pixels }) => (cuePixels > 0 ? (100 * cuePixels) / pixels : null)),
      ),
      maskSources: [...this.#maskSources],
    };
  }

  #concerning({ classId }: CueImage): PairTally[] {
    return this.#pairs.filter(({ pair }) => pair.firstClass === classId || pair.secondClass === classId);
  }
}

function meansOf(
  results: readonly CuePairResult[],
): Pick<CueLocalisationResult, 'meanAveragePrecision' | 'runningMeanAveragePrecision' | 'precisions'> {
  return {
    meanAveragePrecision: mean(results.map((result) => result.averagePrecision)),
    runningMeanAveragePrecision: mean(results.map((result) => result.runningAveragePrecision)),
    precisions: CURVE_RECALLS.map((_, i) => mean(results.map(({ precisions }) => precisions?.[i] ?? null))),
  };
}

/** Evaluates the pairs in their order over the images of their two classes. */
export async function evaluateCueLocalisation<Image extends CueImage>(
  options: CueLocalisationOptions<Image>,
): Promise<CueLocalisationResult> {
  const { pairs, images, onProgress } = options;
  const tally = new CueTally(pairs, options);
  const classesInPairs = new Set(pairs.flatMap((pair) => [pair.firstClass, pair.secondClass]));
  // Images are the outer loop, so that each passes through the network once however many pairs it serves.
  for (const [done, image] of images.entries()) {
    if (classesInPairs.has(image.classId)) {
      const parts = await options.partMap(image);
      const classIds = tally.classesOf(image, parts);
      const maps = classIds.length === 0 ? [] : await options.scoreMaps(image, classIds);
      if (maps.length !== classIds.length) {
        throw new Error(
          `evaluateCueLocalisation: scoreMaps gave ${maps.length} maps for image '${image.id}', wanted ${classIds.length}`,
        );
      }
      const byClass = new Map(classIds.flatMap((id, i) => (maps[i] ? [[id, maps[i]] as const] : [])));
      tally.add(image, parts, byClass);
    }
    onProgress?.(done + 1, images.length);
  }
  return tally.compute();
}

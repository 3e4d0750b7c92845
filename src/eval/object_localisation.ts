/**
 * Weakly supervised object localisation (the paper's table 3): boxes by MaxBoxAcc and MaxBoxAccV2, masks by PxAP, of one map an
 * image.
 */
import type { SumCounts } from './shared_counts.ts';
import type { BoxAccuracyAtOverlap } from './box_accuracy.ts';
import type { PixelBox } from './contours.ts';
import type { ScoreMap } from './score_map.ts';
import { BoxAccuracy } from './box_accuracy.ts';
import { CURVE_RECALLS } from './cue_localisation.ts';
import { normaliseScoreMap, resizeScoreMap } from './score_map.ts';
import { PixelAveragePrecision, precisionAtRecalls } from './pixel_average_precision.ts';

/** Where the object of an image is, in pixels of the size at which maps are evaluated. */
export interface ObjectTruth {
  readonly boxes: readonly PixelBox[];
  /** [size, size] as `localisationMask` gives it; null where there is none. */
  readonly mask: Uint8Array | null;
}

export interface BoxScores {
  readonly images: number;
  /** One box a map, intersection over union of at least 0.5, percent. */
  readonly maxBoxAcc: number;
  /** A box for each contour; mean over 0.3, 0.5 and 0.7, percent. */
  readonly maxBoxAccV2: number;
  readonly largest: readonly BoxAccuracyAtOverlap[];
  readonly all: readonly BoxAccuracyAtOverlap[];
}

export interface PixelScores {
  readonly images: number;
  /** Percent. */
  readonly averagePrecision: number;
  /** Precision, percent, at `CURVE_RECALLS`. */
  readonly precisions: readonly number[];
  /** Share of object pixels, percent: what a map that knows nothing scores. */
  readonly chance: number;
}

export interface ObjectLocalisationResult {
  /** Null where no image has a box. */
  readonly boxes: BoxScores | null;
  /** Null where no image has a mask. */
  readonly pixels: PixelScores | null;
}

const OVERLAPS = [0.3, 0.5, 0.7];

/** Scores image by image. Maps are scaled to the evaluation's size and min-max normalised, as officially. */
export class ObjectLocalisation {
  readonly #size: number;
  readonly #largest: BoxAccuracy;
  readonly #all: BoxAccuracy;
  readonly #pixels: PixelAveragePrecision;
  #boxImages = 0;
  #maskImages = 0;

  constructor(size: number, interval = 0.001) {
    this.#size = size;
    this.#largest = new BoxAccuracy({ contours: 'largest', overlaps: OVERLAPS, interval });
    this.#all = new BoxAccuracy({ contours: 'all', overlaps: OVERLAPS, interval });
    this.#pixels = new PixelAveragePrecision({ interval });
  }

  add(map: ScoreMap, { boxes, mask }: ObjectTruth): void {
    const scores = normaliseScoreMap(resizeScoreMap(map, this.#size, this.#size), 'minmax');
    if (boxes.length > 0) {
      this.#boxImages++;
      this.#largest.accumulate(scores, boxes);
      this.#all.accumulate(scores, boxes);
    }
    if (mask !== null) {
      this.#maskImages++;
      this.#pixels.accumulate(Float64Array.from(scores.data), mask);
    }
  }

  /** Makes the counts those of all processes. */
  async share(sum: SumCounts): Promise<void> {
    for (const part of [this.#largest, this.#all, this.#pixels]) await part.share(sum);
    const counts = Float64Array.of(this.#boxImages, this.#maskImages);
    [this.#boxImages = 0, this.#maskImages = 0] = await sum(counts);
  }

  compute(): ObjectLocalisationResult {
    return {
      boxes: this.#boxImages === 0 ? null : this.#boxScores(),
      pixels: this.#pixels.hasPositives() ? this.#pixelScores() : null,
    };
  }

  #boxScores(): BoxScores {
    const largest = this.#largest.compute();
    const all = this.#all.compute();
    return {
      images: this.#boxImages,
      maxBoxAcc: largest.byOverlap[OVERLAPS.indexOf(0.5)]?.accuracy ?? Number.NaN,
      maxBoxAccV2: all.mean,
      largest: largest.byOverlap,
      all: all.byOverlap,
    };
  }

  #pixelScores(): PixelScores {
    const curve = this.#pixels.compute();
    const count = (histogram: Float64Array): number => histogram.reduce((sum, value) => sum + value, 0);
    const [inside, outside] = [count(this.#pixels.positives), count(this.#pixels.negatives)];
    return {
      images: this.#maskImages,
      averagePrecision: curve.auc,
      precisions: precisionAtRecalls(curve, CURVE_RECALLS),
      chance: (100 * inside) / (inside + outside),
    };
  }
}

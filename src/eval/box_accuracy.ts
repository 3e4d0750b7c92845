/**
 * Weakly supervised localisation by boxes (the paper's table 3), as the official `BoxEvaluator` of wsolevaluation
 * (Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right", CVPR 2020) counts it.
 */
import type { SumCounts } from './shared_counts.ts';
import type { PixelBox } from './contours.ts';
import type { ScoreMap } from './score_map.ts';
import { ContourSweep } from './contour_sweep.ts';
import { scoreThresholds } from './pixel_average_precision.ts';

export interface BoxAccuracyOptions {
  /** `largest`: one box a map, that of its largest contour (MaxBoxAcc). `all`: a box for each contour (MaxBoxAccV2). */
  readonly contours: 'largest' | 'all';
  /** Least intersection over union of a right box, each counted by itself. Default [0.3, 0.5, 0.7]. */
  readonly overlaps?: readonly number[];
  /** Distance of neighbouring thresholds as a fraction of a map's maximum; in (0, 1). Default 0.001. */
  readonly interval?: number;
}

export interface BoxAccuracyAtOverlap {
  readonly overlap: number;
  /** Highest share of right images over the thresholds, percent. */
  readonly accuracy: number;
  /** The lowest threshold at which it is reached. */
  readonly threshold: number;
  /** Share of right images at each threshold, percent. */
  readonly curve: readonly number[];
}

export interface BoxAccuracyResult {
  readonly images: number;
  readonly thresholds: Float64Array;
  readonly byOverlap: readonly BoxAccuracyAtOverlap[];
  /** Mean of the accuracies over the overlaps, percent: MaxBoxAccV2 where `contours` is `all`. */
  readonly mean: number;
}

/** A box of the original picture in the picture scaled to [height, width], cut to whole pixels, as officially. */
export function resizeBox(
  box: PixelBox,
  image: { readonly width: number; readonly height: number },
  width: number,
  height: number,
): PixelBox {
  return {
    x0: Math.trunc((box.x0 * width) / image.width),
    y0: Math.trunc((box.y0 * height) / image.height),
    x1: Math.trunc((box.x1 * width) / image.width),
    y1: Math.trunc((box.y1 * height) / image.height),
  };
}

/** Counts, over any number of images, at how many each threshold gives a right box. */
export class BoxAccuracy {
  readonly contours: 'largest' | 'all';
  readonly overlaps: readonly number[];
  readonly thresholds: Float64Array;
  /** Right images by overlap and threshold. */
  readonly #correct: readonly Float64Array[];
  #images = 0;
  #sweep: ContourSweep | null = null;

  constructor({ contours, overlaps = [0.3, 0.5, 0.7], interval = 0.001 }: BoxAccuracyOptions) {
    this.contours = contours;
    this.overlaps = overlaps;
    this.thresholds = scoreThresholds('even', interval);
    this.#correct = overlaps.map(() => new Float64Array(this.thresholds.length));
  }

  /**
   * Adds one image: its score map in [0, 1], and the true boxes in pixels of the map. Throws when a score is no number in [0, 1]
   * or there is no box; nothing has been counted then.
   */
  accumulate(map: ScoreMap, boxes: readonly PixelBox[]): void {
    const levels = scoreLevels(map);
    if (this.#sweep?.width !== map.width || this.#sweep.height !== map.height)
      this.#sweep = new ContourSweep(map.width, map.height);
    const best = this.#sweep.overlaps(levels, boxes, this.contours);
    const highest = levels.reduce((high, level) => Math.max(high, level), 0);
    this.#images++;
    for (let i = 0; i < this.thresholds.length; i++) {
      // int(threshold * maximum), and a pixel is foreground when it is above that.
      const overlap = best[Math.trunc((this.thresholds[i] ?? 0) * highest)] ?? 0;
      for (const [place, correct] of this.#correct.entries())
        if (overlap >= (this.overlaps[place] ?? 1)) correct[i] = (correct[i] ?? 0) + 1;
    }
  }

  /** Makes the counts those of all processes. */
  async share(sum: SumCounts): Promise<void> {
    for (const correct of this.#correct) correct.set(await sum(correct));
    [this.#images = 0] = await sum(Float64Array.of(this.#images));
  }

  /** Throws when no image has been added. */
  compute(): BoxAccuracyResult {
    if (this.#images === 0) throw new Error('BoxAccuracy.compute: no image was added');
    const byOverlap = this.#correct.map((correct, place): BoxAccuracyAtOverlap => {
      const curve = Array.from(correct, (count) => (100 * count) / this.#images);
      const accuracy = Math.max(...curve);
      const threshold = this.thresholds[curve.indexOf(accuracy)] ?? 0;
      return { overlap: this.overlaps[place] ?? 0, accuracy, threshold, curve };
    });
    const mean = byOverlap.reduce((sum, { accuracy }) => sum + accuracy, 0) / byOverlap.length;
    return { images: this.#images, thresholds: this.thresholds, byOverlap, mean };
  }
}

/** A map of scores in [0, 1] as levels 0 to 255, cut off, not rounded, as officially. */
export function scoreLevels({ data, width, height }: ScoreMap): Uint8Array {
  if (data.length !== width * height) {
    throw new Error(
      `scoreLevels: data must hold ${height}x${width} = ${width * height} scores, got ${data.length}`,
    );
  }
  const levels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const score = data[i] ?? Number.NaN;
    if (!(score >= 0 && score <= 1))
      throw new Error(`scoreLevels: scores must lie in [0, 1], got ${score} at pixel ${i}`);
    levels[i] = score * 255;
  }
  return levels;
}

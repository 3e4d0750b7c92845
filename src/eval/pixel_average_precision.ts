/**
 * Pixel-wise average precision (PxAP): the area under the precision-recall curve of pixels scored by a map against a
 * binary mask, as the official `MaskEvaluator` of CALM and wsolevaluation computes it (histograms over fixed
 * thresholds, the area as a right Riemann sum over recall).
 */
import type { SumCounts } from './shared_counts.ts';

/** `even`: thresholds i * interval in [0, 1). `log`: 10^(-7 * i * interval), ascending, from just above 1e-7 to 1. */
export type ThresholdType = 'even' | 'log';

export interface PixelAveragePrecisionOptions {
  /** Default `even`. */
  readonly thresholdType?: ThresholdType;
  /** Distance of neighbouring thresholds as a fraction of their range; in (0, 1). Default 0.001. */
  readonly interval?: number;
}

export interface PrecisionRecall {
  /** Area under the curve, in percent. */
  readonly auc: number;
  /** Recall when the highest 1, 2, ... bins count as positive; [bins], ascending. */
  readonly recall: Float64Array;
  /** Precision at the same cuts; NaN while no pixel has been reached. */
  readonly precision: Float64Array;
}

/** Mask value of pixels which are left out of the evaluation. */
export const IGNORED_PIXEL = 255;

/** Ascending thresholds; the last decade of `log` ends at exactly 1. Throws on an interval outside (0, 1). */
export function scoreThresholds(thresholdType: ThresholdType, interval: number): Float64Array {
  if (!(interval > 0 && interval < 1)) {
    throw new Error(`scoreThresholds: interval must lie in (0, 1), got ${interval}`);
  }
  // numpy.arange(0, 1, interval) has ceil(1 / interval) entries.
  const count = Math.ceil(1 / interval);
  switch (thresholdType) {
    case 'even':
      return Float64Array.from({ length: count }, (_, i) => i * interval);
    case 'log': {
      // The grouping (7 * interval) first is the one that gives the official edges to the last bit.
      const step = 7 * interval;
      return Float64Array.from({ length: count }, (_, i) => 10 ** -((count - 1 - i) * step));
    }
    default:
      throw new Error(
        `scoreThresholds: thresholdType must be 'even' or 'log', got '${String(thresholdType)}'`,
      );
  }
}

/**
 * Precision, percent, where the curve first reaches each of the recalls (percent): what a plot of the curve needs, and what can be
 * averaged over curves.
 */
export function precisionAtRecalls(
  { recall, precision }: PrecisionRecall,
  recalls: readonly number[],
): number[] {
  return recalls.map((wanted) => {
    const cut = recall.findIndex((value) => value >= wanted / 100 - 1e-12);
    return 100 * (precision[cut < 0 ? recall.length - 1 : cut] ?? Number.NaN);
  });
}

/**
 * Accumulates the histograms of scores inside and outside the masks over any number of images.
 *
 * Bin edges are the thresholds followed by 1, 2, 3; a bin is [edge, next edge). With `log` thresholds a score below the
 * lowest edge falls out of the histogram and therefore out of the recall's denominator, as officially.
 */
export class PixelAveragePrecision {
  readonly thresholdType: ThresholdType;
  readonly interval: number;
  /** Pixels of value 1 per bin. */
  readonly positives: Float64Array;
  /** Pixels of value 0 per bin. */
  readonly negatives: Float64Array;
  private readonly edges: Float64Array;

  constructor(options: PixelAveragePrecisionOptions = {}) {
    this.thresholdType = options.thresholdType ?? 'even';
    this.interval = options.interval ?? 0.001;
    const thresholds = scoreThresholds(this.thresholdType, this.interval);
    this.edges = new Float64Array(thresholds.length + 3);
    this.edges.set(thresholds);
    this.edges.set([1, 2, 3], thresholds.length);
    this.positives = new Float64Array(this.edges.length - 1);
    this.negatives = new Float64Array(this.edges.length - 1);
  }

  /**
   * Adds one image: `scoreMap` in [0, 1], `mask` of the same length with 1 (cue), 0 (not) and 255 (ignored).
   * Throws when a score is not a number in [0, 1], when a mask value is another, or when the lengths differ; nothing
   * has been counted then.
   */
  accumulate(scoreMap: Float64Array, mask: Uint8Array): void {
    if (scoreMap.length !== mask.length) {
      throw new Error(
        `PixelAveragePrecision.accumulate: scoreMap has ${scoreMap.length} pixels, mask has ${mask.length}`,
      );
    }
    for (let i = 0; i < scoreMap.length; i++) {
      const score = scoreMap[i] ?? NaN;
      if (!(score >= 0 && score <= 1)) {
        throw new Error(
          `PixelAveragePrecision.accumulate: scores must lie in [0, 1], got ${score} at pixel ${i}`,
        );
      }
      const value = mask[i] ?? 0;
      if (value > 1 && value !== IGNORED_PIXEL) {
        throw new Error(
          `PixelAveragePrecision.accumulate: mask values must be 0, 1 or ${IGNORED_PIXEL}, got ${value} at pixel ${i}`,
        );
      }
    }
    for (let i = 0; i < scoreMap.length; i++) {
      const value = mask[i];
      if (value === IGNORED_PIXEL) continue;
      const bin = this.binOf(scoreMap[i] ?? 0);
      if (bin < 0) continue;
      const histogram = value === 1 ? this.positives : this.negatives;
      histogram[bin] = (histogram[bin] ?? 0) + 1;
    }
  }

  /** Adds the counts of another evaluator with the same thresholds; throws when they differ. */
  merge(other: PixelAveragePrecision): void {
    if (other.thresholdType !== this.thresholdType || other.interval !== this.interval) {
      throw new Error(
        `PixelAveragePrecision.merge: thresholds differ, got ${other.thresholdType} ${other.interval}, ` +
          `wanted ${this.thresholdType} ${this.interval}`,
      );
    }
    for (let bin = 0; bin < this.positives.length; bin++) {
      this.positives[bin] = (this.positives[bin] ?? 0) + (other.positives[bin] ?? 0);
      this.negatives[bin] = (this.negatives[bin] ?? 0) + (other.negatives[bin] ?? 0);
    }
  }

  /** Makes the counts those of all processes. */
  async share(sum: SumCounts): Promise<void> {
    this.positives.set(await sum(this.positives));
    this.negatives.set(await sum(this.negatives));
  }

  /** Whether any counted pixel lies inside a mask; without one the precision-recall curve does not exist. */
  hasPositives(): boolean {
    return this.positives.some((count) => count > 0);
  }

  /** The curve and its area. Throws when no counted pixel lies inside a mask. */
  compute(): PrecisionRecall {
    const bins = this.positives.length;
    const positiveCount = this.positives.reduce((sum, count) => sum + count, 0);
    if (positiveCount === 0) {
      throw new Error('PixelAveragePrecision.compute: no positive ground truth in the evaluated masks');
    }
    const recall = new Float64Array(bins);
    const precision = new Float64Array(bins);
    let truePositives = 0;
    let falsePositives = 0;
    let previousRecall = 0;
    let auc = 0;
    for (let cut = 0; cut < bins; cut++) {
      truePositives += this.positives[bins - 1 - cut] ?? 0;
      falsePositives += this.negatives[bins - 1 - cut] ?? 0;
      const currentRecall = truePositives / positiveCount;
      const currentPrecision = truePositives / (truePositives + falsePositives);
      recall[cut] = currentRecall;
      precision[cut] = currentPrecision;
      // The topmost bin holds scores in [2, 3], which cannot occur, so starting at cut 0 adds nothing.
      if (truePositives + falsePositives > 0) auc += currentPrecision * (currentRecall - previousRecall);
      previousRecall = currentRecall;
    }
    return { auc: auc * 100, recall, precision };
  }

  /** Index of the bin that holds `score` in [0, 1], or -1 below the lowest edge. */
  private binOf(score: number): number {
    const { edges } = this;
    if (score < (edges[0] ?? 0)) return -1;
    // A guess by the thresholds' formula, off by one at most through rounding, then put right against the edges.
    const guess =
      this.thresholdType === 'even'
        ? score / this.interval
        : edges.length - 4 + Math.log10(score) / (7 * this.interval);
    let bin = Math.min(Math.max(Math.floor(guess), 0), edges.length - 2);
    while (bin > 0 && score < (edges[bin] ?? 0)) bin--;
    while (bin + 1 < edges.length - 1 && score >= (edges[bin + 1] ?? Infinity)) bin++;
    return bin;
  }
}

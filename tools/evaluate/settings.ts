import type { Fill } from '../../src/eval/erasure.ts';
import type { GradientOptions } from '../../src/attribution/gradient_maps.ts';
import type { Normalisation } from '../../src/eval/score_map.ts';
import type { ThresholdType } from '../../src/eval/pixel_average_precision.ts';

/** What can be measured: the paper's tables 2 and 1, figure 5, table 3, and over how much of the picture maps spread. */
export const METRICS = ['classification', 'cue', 'remove', 'wsol', 'sharpness'] as const;

export type Metric = (typeof METRICS)[number];

/** How everything is measured; whatever here changes a metric is part of the key of its results. */
export interface EvaluationSettings {
  /** Of cue masks, of boxes and of masks. */
  readonly size: number;
  /** Between thresholds. */
  readonly interval: number;
  /** Of the evidence of cues. Undefined: each method's own, `clipping` for probabilities and `minmax` for others. */
  readonly normalisation: Normalisation | undefined;
  /** Undefined: `log` for maps of probabilities, which are clipped, `even` for others, as the released evaluation is called. */
  readonly thresholdType: ThresholdType | undefined;
  readonly shares: readonly number[];
  readonly fill: Fill;
  /** Random erasures of each image. */
  readonly draws: number;
  readonly seed: number;
  /** Of the methods that use gradients. */
  readonly gradient: GradientOptions;
  readonly smoothing: number;
  readonly calibrationBins: number;
  /** Classes of the superset, for the methods that need one; null without. */
  readonly superset: { readonly name: string; readonly classes: readonly number[] } | null;
  readonly batch: number;
}

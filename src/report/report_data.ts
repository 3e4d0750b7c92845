/** Everything that a report shows, as plain values. */
import type { Image } from '../data/image.ts';
import type { CueLocalisationResult } from '../eval/cue_localisation.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import type { MapColouring } from './overlay.ts';

/** One epoch of training. Losses in nats, accuracies in percent; null where nothing was measured. */
export interface EpochRecord {
  /** 1-based. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number | null;
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  readonly seconds: number;
}

export interface ReportModel {
  /** Short and unique: `CALM-EM`. */
  readonly name: string;
  /** One sentence on what sets this model apart. */
  readonly description: string;
  readonly history: readonly EpochRecord[];
  /** Top-1 on the test split, percent. */
  readonly accuracy: number;
  /** Nats per test image. */
  readonly negativeLogLikelihood: number;
  /** Percent. */
  readonly expectedCalibrationError: number;
  readonly cue: Pick<
    CueLocalisationResult,
    'byDifferingParts' | 'meanAveragePrecision' | 'chance' | 'maskSources'
  >;
  /** Training time, seconds. */
  readonly seconds: number;
}

export interface GalleryMap {
  /** Name of the model. */
  readonly model: string;
  /** What the map is: `counterfactual`, `joint p(y, z | x)`. */
  readonly kind: string;
  readonly map: ScoreMap;
  readonly colouring?: MapColouring;
}

export interface GalleryEntry {
  readonly image: Image;
  /** Cue mask [height, width] of the image, 1 inside; null where there is none. */
  readonly mask: Uint8Array | null;
  /** What the example is: the classes compared, the parts that differ. */
  readonly caption: string;
  readonly maps: readonly GalleryMap[];
}

export interface ReportData {
  readonly title: string;
  /** Paragraphs under the title: what was done, what came out. */
  readonly summary: readonly string[];
  readonly models: readonly ReportModel[];
  readonly gallery: readonly GalleryEntry[];
  /** Adapter, seed, versions, date, command line, times: shown in this order. */
  readonly provenance: readonly { readonly label: string; readonly value: string }[];
}

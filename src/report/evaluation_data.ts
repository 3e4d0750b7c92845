/** Everything that the page of an evaluation shows, as plain values. */
import type { Image } from '../data/image.ts';
import type { Plot } from './plot.ts';
import type { ResultTable } from './result_table.ts';
import type { ScoreMap } from '../eval/score_map.ts';

export interface EvaluatedMap {
  readonly model: string;
  readonly method: string;
  /** What of the method is shown: `of this class`, `this class minus the other`. */
  readonly kind: string;
  readonly map: ScoreMap;
  /** Whether its sign means for or against: shown on a diverging scale around 0. */
  readonly signed: boolean;
  /** Address of the raw map, relative to the page. */
  readonly file: string;
}

export interface EvaluatedPicture {
  /** Name of the picture in its data set. */
  readonly id: string;
  readonly image: Image;
  /** What maps should point at: [image height, image width], 1 inside; null where nobody knows. */
  readonly mask: Uint8Array | null;
  readonly caption: string;
  readonly maps: readonly EvaluatedMap[];
}

export interface EvaluationPage {
  readonly title: string;
  /** Paragraphs under the title: what was done, and what must be borne in mind. */
  readonly summary: readonly string[];
  readonly table: ResultTable;
  /** Under the table: how its columns are defined. */
  readonly definitions: readonly string[];
  readonly plots: readonly Plot[];
  readonly gallery: readonly EvaluatedPicture[];
  /** Files beside the page, by what they are. */
  readonly files: readonly { readonly label: string; readonly href: string }[];
  readonly provenance: readonly { readonly label: string; readonly value: string }[];
}

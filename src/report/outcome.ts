import type { ClassificationMetrics } from '../eval/classification.ts';
import type { CueLocalisationResult } from '../eval/cue_localisation.ts';
import type { MethodName } from '../attribution/methods.ts';
import type { ObjectLocalisationResult } from '../eval/object_localisation.ts';
import type { RemovalResult } from '../eval/remove_and_classify.ts';
import type { SharpnessResult } from '../eval/sharpness.ts';

/** What was measured of one method of one model; a metric that was not asked for, or that the method cannot have, is null. */
export interface MethodOutcome {
  readonly method: MethodName;
  readonly cue: CueLocalisationResult | null;
  readonly wsol: ObjectLocalisationResult | null;
  readonly removal: RemovalResult | null;
  readonly sharpness: SharpnessResult | null;
}

/** What was measured of one model. */
export interface ModelOutcome {
  /** Unique among the models. */
  readonly name: string;
  readonly file: string;
  readonly description: string;
  readonly classification: ClassificationMetrics | null;
  readonly methods: readonly MethodOutcome[];
}

import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { Evaluation } from '../../src/train/evaluate.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { quote } from '../../src/model/safetensors_header.ts';

/** The epoch with the best accuracy so far; of equals, the one with the lower negative log likelihood. */
export interface BestEpoch {
  readonly epoch: number;
  readonly accuracy: number;
  readonly negativeLogLikelihood: number;
}

/** What a run stores beside the weights: what explaining needs, and what carrying on needs. */
export interface CheckpointInfo {
  readonly classNames: readonly string[];
  readonly crop: number;
  readonly best: BestEpoch | null;
  /** The last epoch whose evaluation is done, or was not wanted. */
  readonly judged: number;
}

/**
 * How far a checkpoint's run has been judged. Files from before that was kept were saved after evaluations only.
 * @throws ArgumentError when what is there is something else
 */
export function judgementOf({ info, training }: Checkpoint): Pick<CheckpointInfo, 'best' | 'judged'> {
  const { best = null, judged = training?.epochsDone ?? 0 } = (info ?? {}) as Partial<CheckpointInfo>;
  const isNumber = (value: unknown): boolean => typeof value === 'number';
  const isBest =
    best === null ||
    [best.epoch, best.accuracy, best.negativeLogLikelihood].every((value) => isNumber(value));
  if (!isBest || !isNumber(judged))
    throw new ArgumentError(
      `checkpoint: best and judged are ${quote([best, judged])}, wanted an epoch and a number`,
    );
  return { best, judged };
}

/** Whether an evaluation beats the best one so far. */
export function isBetter({ accuracy, negativeLogLikelihood }: Evaluation, best: BestEpoch | null): boolean {
  if (best === null || accuracy > best.accuracy) return true;
  return accuracy === best.accuracy && negativeLogLikelihood < best.negativeLogLikelihood;
}

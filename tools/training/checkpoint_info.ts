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

/** What is known of the images that a model was trained on. */
export interface ImagesInfo {
  /** By label; null where nobody named them. */
  readonly classNames: readonly string[] | null;
  /** Side of the images, where the checkpoint says so. */
  readonly crop: number | null;
}

/** What a run stores beside the weights: what explaining needs, and what carrying on needs. */
export interface CheckpointInfo extends ImagesInfo {
  readonly classNames: readonly string[];
  readonly crop: number;
  readonly best: BestEpoch | null;
  /** The last epoch whose evaluation is done, or was not wanted. */
  readonly judged: number;
}

/** As a file has it. */
interface Stored {
  readonly best?:
    (Omit<BestEpoch, 'negativeLogLikelihood'> & { negativeLogLikelihood: number | null }) | null;
  readonly judged?: number;
}

/**
 * How far a checkpoint's run has been judged. Files from before that was kept were saved after evaluations only.
 * @throws ArgumentError when what is there is something else
 */
export function judgementOf({ info, training }: Checkpoint): Pick<CheckpointInfo, 'best' | 'judged'> {
  const { best: stored = null, judged = training?.epochsDone ?? 0 } = (info ?? {}) as Stored;
  // JSON has null for infinity.
  const best =
    stored === null
      ? null
      : { ...stored, negativeLogLikelihood: stored.negativeLogLikelihood ?? Number.POSITIVE_INFINITY };
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

/** Largest side of images that a checkpoint may ask for: a small file must not make whoever explains by it take much memory. */
export const LARGEST_CROP = 1024;

/**
 * What a checkpoint says of its images; it may say nothing.
 * @throws ArgumentError when what is there is something else
 */
export function imagesInfo({
  info,
  configuration: { classes },
}: Pick<Checkpoint, 'info' | 'configuration'>): ImagesInfo {
  const { classNames, crop } = (info ?? {}) as { readonly [Key in keyof ImagesInfo]?: unknown };
  const names = classNames ?? null;
  const side = crop ?? null;
  if (names !== null && !isTexts(names))
    throw new ArgumentError(`checkpoint: classNames are ${quote(names)}, wanted a list of texts`);
  if (names !== null && names.length !== classes)
    throw new ArgumentError(
      `checkpoint: there are ${names.length} classNames, wanted one for each of the ${classes} classes`,
    );
  if (side !== null && !(isWhole(side) && side >= 1 && side <= LARGEST_CROP))
    throw new ArgumentError(
      `checkpoint: crop is ${quote(side)}, wanted a whole number from 1 to ${LARGEST_CROP}`,
    );
  return { classNames: names, crop: side };
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
/** Whether something out of JSON is a list of texts. */
export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Whether an evaluation beats the best one so far. A model whose probabilities are no numbers is not good for anything. */
export function isBetter(
  { accuracy, negativeLogLikelihood }: Pick<Evaluation, 'accuracy' | 'negativeLogLikelihood'>,
  best: BestEpoch | null,
): boolean {
  if (Number.isNaN(negativeLogLikelihood)) return false;
  if (best === null || accuracy > best.accuracy) return true;
  return accuracy === best.accuracy && negativeLogLikelihood < best.negativeLogLikelihood;
}

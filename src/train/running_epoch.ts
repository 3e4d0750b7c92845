import type { EpochOptions, EpochProgress, EpochSummary } from './epoch.ts';
import type { NonFinitePlace } from './step_watch.ts';
import type { TrainingBatch } from './batch.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { SkippedEpochError, UnhealthyStep } from './non_finite.ts';

/** What a step or a part of it gives. */
export interface StepResult {
  /** Mean over its images, in nats. */
  readonly loss: number;
  /** Images whose highest score is the label's. */
  readonly correct: number;
  /** Of the step: null when all was finite. */
  readonly nonFinite: NonFinitePlace | null;
}

/** A step that has been launched, whose numbers are still on their way. */
export interface PendingStep {
  readonly batchSize: number;
  readonly learningRate: number;
  readonly batch: TrainingBatch;
  readonly results: Promise<StepResult>;
}

/** The books of an epoch under way: steps launched, and what those that have been reported add up to. */
export class RunningEpoch {
  readonly #options: EpochOptions;
  readonly #start = performance.now();
  readonly #pending: (PendingStep & { readonly step: number })[] = [];
  #progress: EpochProgress;
  readonly #imagesBefore: number;

  /** `begun`: where the epoch was left, if it was. */
  constructor(options: EpochOptions, begun: EpochProgress | null) {
    const { epoch } = options;
    this.#options = options;
    this.#progress = begun?.epoch === epoch ? begun : { epoch, step: 0, images: 0, lossSum: 0, correct: 0 };
    this.#imagesBefore = this.#progress.images;
  }

  /** Its `step` counts what has been launched, its sums what has been reported: the same when nothing is pending. */
  get progress(): EpochProgress {
    return this.#progress;
  }

  get pending(): number {
    return this.#pending.length;
  }

  launched(pending: PendingStep): void {
    const step = this.#progress.step + 1;
    this.#progress = { ...this.#progress, step };
    this.#pending.push({ ...pending, step });
  }

  /**
   * Waits for the oldest step's numbers and tells of them: once they are known to be finite `onHealthy`, which completes the step, and
   * then `onStep`, which may throw. Rejects with an UnhealthyStep when some are not finite.
   */
  async report(onHealthy?: () => void): Promise<void> {
    const oldest = this.#pending.shift();
    if (oldest === undefined) return;
    const { epoch, stepsPerEpoch, onStep } = this.#options;
    const { step, batch, batchSize, learningRate } = oldest;
    const result = await oldest.results;
    const { loss, correct, nonFinite } = result;
    if (nonFinite !== null || !Number.isFinite(loss))
      throw new UnhealthyStep(step, batch, learningRate, result);
    onHealthy?.();
    const before = this.#progress;
    const images = before.images + batchSize;
    const sums = { images, lossSum: before.lossSum + loss * batchSize, correct: before.correct + correct };
    this.#progress = { ...before, ...sums };
    const accuracy = correct / batchSize;
    const means = { meanLoss: sums.lossSum / images, meanAccuracy: sums.correct / images };
    const seconds = this.#seconds();
    onStep?.({
      epoch,
      step,
      stepsPerEpoch,
      batchSize,
      images,
      loss,
      accuracy,
      ...means,
      learningRate,
      seconds,
    });
  }

  /** Reports all that is pending. */
  async drain(): Promise<void> {
    while (this.#pending.length > 0) await this.report();
  }

  /** Of the whole epoch. Throws ArgumentError when it had no batches, SkippedEpochError when all were left out. */
  summary(learningRate: number): EpochSummary {
    const { epoch, step, images, lossSum, correct } = this.#progress;
    if (step === 0) throw new ArgumentError('training: the epoch has no batches');
    if (images === 0) throw new SkippedEpochError('training: every step of the epoch was skipped');
    const seconds = this.#seconds();
    return {
      epoch,
      steps: step,
      images,
      loss: lossSum / images,
      accuracy: correct / images,
      learningRate,
      seconds,
      imagesPerSecond: (images - this.#imagesBefore) / seconds,
    };
  }

  #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }
}

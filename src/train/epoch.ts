import type { Evaluation } from './evaluate.ts';
import type { TrainingBatch } from './batch.ts';

/** One training step, told when its numbers have arrived: at least one step late. */
export interface StepEvent {
  /** From 1. */
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Images of this epoch so far. */
  readonly images: number;
  /** Of this batch, in nats. */
  readonly loss: number;
  /** Share of this batch whose highest score is the label's, before the step. */
  readonly accuracy: number;
  /** Means over the epoch so far. */
  readonly meanLoss: number;
  readonly meanAccuracy: number;
  /** Of the first group. */
  readonly learningRate: number;
  /** Since the epoch began. */
  readonly seconds: number;
}

/** One epoch of training. */
export interface EpochSummary {
  readonly epoch: number;
  readonly steps: number;
  readonly images: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  readonly seconds: number;
  /** Of the validation images, where there are any. */
  readonly validation?: Evaluation;
}

/** How to run an epoch. */
export interface EpochOptions {
  /** From 1. */
  readonly epoch: number;
  readonly stepsPerEpoch: number;
  readonly onStep?: (event: StepEvent) => void;
  /** Ends training between two steps; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How to run several. */
export interface FitOptions extends Omit<EpochOptions, 'epoch'> {
  /** Last epoch, counted from 1. */
  readonly epochs: number;
  /** The batches of an epoch. */
  readonly train: (epoch: number) => AsyncIterable<TrainingBatch>;
  /** Batches to validate on after every epoch. */
  readonly validate?: () => AsyncIterable<TrainingBatch>;
  /** Is awaited after every epoch: the place to save a checkpoint. */
  readonly onEpoch?: (summary: EpochSummary) => void | Promise<void>;
}

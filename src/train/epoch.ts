import type { Evaluation } from './evaluate.ts';
import type { NonFiniteStep } from './non_finite.ts';
import type { TrainingBatch } from './batch.ts';

/** How far an epoch is that has begun and not ended: with the weights, what carrying on within it takes. Plain JSON. */
export interface EpochProgress {
  /** From 1. */
  readonly epoch: number;
  /** Optimiser steps done. */
  readonly step: number;
  /** Of those steps: images, the sum of their losses in nats, and how many of them had the label's score highest. */
  readonly images: number;
  readonly lossSum: number;
  readonly correct: number;
}

/** One training step, told when its numbers have arrived: at least one step late. */
export interface StepEvent {
  /** From 1. */
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Of this batch. */
  readonly batchSize: number;
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
  /** Since the epoch began, or was carried on. */
  readonly seconds: number;
}

/** One epoch of training, the steps before an interruption included. */
export interface EpochSummary {
  readonly epoch: number;
  readonly steps: number;
  readonly images: number;
  /** Mean over the images, in nats. */
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  /** Since the epoch began, or was carried on. */
  readonly seconds: number;
  /** Over those seconds. */
  readonly imagesPerSecond: number;
  /** Of the validation images, where there are any. */
  readonly validation?: Evaluation;
}

/** How to run an epoch. */
export interface EpochOptions {
  /** From 1. */
  readonly epoch: number;
  readonly stepsPerEpoch: number;
  readonly onStep?: (event: StepEvent) => void;
  /** Is told of steps left out since they had numbers that are not finite: see `TrainerOptions.onNonFinite`. */
  readonly onSkippedStep?: (step: NonFiniteStep) => void;
  /**
   * Ends training between two steps; the call then rejects with the signal's reason, after `onStep` has been told of every step that
   * was begun. A checkpoint made then carries the epoch on at its next batch.
   */
  readonly signal?: AbortSignal;
  /** Optimiser steps, over all epochs, from one `onCheckpoint` to the next. The last step of an epoch is left to whoever awaits it. */
  readonly checkpointEvery?: number;
  /** Is awaited with no step under way: the place to save a checkpoint within an epoch. */
  readonly onCheckpoint?: () => void | Promise<void>;
}

/** How to run several. */
export interface FitOptions extends Omit<EpochOptions, 'epoch'> {
  /** Last epoch, counted from 1. */
  readonly epochs: number;
  /** The batches of an epoch, from number `first` (counted from 0) on: not 0 where an interrupted epoch is carried on. */
  readonly train: (epoch: number, first: number) => AsyncIterable<TrainingBatch>;
  /** Batches to validate on after every epoch. */
  readonly validate?: () => AsyncIterable<TrainingBatch>;
  /** Is awaited after every epoch: the place to save a checkpoint. */
  readonly onEpoch?: (summary: EpochSummary) => void | Promise<void>;
}

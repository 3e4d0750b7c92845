import type { Evaluation } from './evaluate.ts';
import type { EpochOptions, EpochProgress, EpochSummary, FitOptions } from './epoch.ts';
import type { GroupKind } from './parameter_groups.ts';
import type { Model } from '../model/model.ts';
import type { Normalization, TrainingBatch } from './batch.ts';
import type { PosteriorSource } from './slow_posterior.ts';
import type { Schedule } from './schedule.ts';
import type { Sgd, SgdGroup } from '../kernels/sgd/sgd.ts';
import { reject } from '../runtime/errors.ts';
import { checkPosteriorSource, SlowPosterior } from './slow_posterior.ts';
import { createSgd } from '../kernels/sgd/sgd.ts';
import { evaluate } from './evaluate.ts';
import { IMAGENET_NORMALIZATION } from './batch.ts';
import { learningRateFactor } from './schedule.ts';
import { parameterGroups } from './parameter_groups.ts';
import { RunningEpoch } from './running_epoch.ts';
import { StepLauncher } from './step_launcher.ts';

/**
 * How to train. Only the learning rate is needed. The rest defaults to what the released CALM code does, but for the groups: there its
 * evident intention is the default, and its letter an option.
 */
export interface TrainerOptions {
  /** Of the slow group (the released code: 0.01); without meaning when `groups` are lists. */
  readonly learningRate: number;
  /** A kind of groups, or the groups themselves: trainable parameters in none stay as they are. Default: 'modules'. */
  readonly groups?: GroupKind | readonly SgdGroup[];
  /** The fast group's learning rate over the slow one's; without meaning when `groups` are lists. Default: 10. */
  readonly fastFactor?: number;
  /** Default: 1e-4, on everything. */
  readonly weightDecay?: number;
  /** Share of the velocity kept at each step, torch.optim.SGD with dampening 0. Default: 0.9. */
  readonly momentum?: number;
  /** Nesterov's look-ahead form. Default: true where there is momentum. */
  readonly nesterov?: boolean;
  /** Default: times 0.1 before epochs 30, 60, ... */
  readonly schedule?: Schedule;
  /** Default: 'current'. */
  readonly posterior?: PosteriorSource;
  /** Default: ImageNet's. */
  readonly normalization?: Normalization;
  /**
   * Most images that go through the network at a time. A larger batch is cut into parts of so many (the last one possibly smaller)
   * whose gradients add up to the batch's before the one optimiser step: memory for activations is then this size's, whatever the
   * batch. A size rather than a number of parts, because it is what memory bounds, and holds for a smaller last batch too.
   *
   * Loss and gradient are means over the whole batch, as without, but for rounding - and but for batch norms in training: each
   * part is normalised by its own statistics, and the running ones move once a part. So parts of a few images train otherwise than the
   * whole batch; at least two values a channel are needed. Frozen batch norms see no difference. Default: whole batches.
   */
  readonly microBatchSize?: number;
  /**
   * Optimiser steps that may be under way before the oldest one's loss is read. Two keep the GPU busy while the CPU prepares and
   * reports; more only delay the reports. Default: 2.
   */
  readonly stepsInFlight?: number;
  /**
   * Record the step of an epoch's batches once and replay it (see `Engine.capture`), wherever a whole batch goes through the network at
   * a time. The numbers are the same to the bit; the memory of a step stays reserved during the epoch. Default: true.
   */
  readonly capture?: boolean;
}

/** Trains a model by SGD: preprocessing, forward, loss, backward and update are one batch of GPU work a step. */
export class Trainer {
  readonly model: Model;
  readonly optimizer: Sgd;
  /** The slow copy theta', where the posterior comes from one. */
  readonly slow: SlowPosterior | null;
  readonly #options: TrainerOptions;
  readonly #normalization: Normalization;
  readonly #schedule: Schedule;
  readonly #baseRates: readonly number[];
  readonly #launcher: StepLauncher;
  /** An epoch that `fit` has trained and not yet validated and told of. */
  #unjudged: EpochSummary | null = null;
  #epochsDone = 0;
  /** The epoch under way, or the last one; before any, where a checkpoint left one. */
  #epoch: { readonly progress: EpochProgress } | null = null;

  constructor(model: Model, options: TrainerOptions) {
    const { groups: wanted = 'modules', momentum = 0.9 } = options;
    const { posterior = 'current', stepsInFlight = 2, microBatchSize } = options;
    checkPosteriorSource(model, posterior);
    for (const [name, value] of Object.entries({ stepsInFlight, microBatchSize })) {
      if (value !== undefined && !(Number.isInteger(value) && value >= 1))
        reject('createTrainer', name, String(value), 'a whole number >= 1');
    }
    const trainable = model.parameters.entries.filter(({ value }) => value.requiresGradient);
    const names = trainable.map(({ name }) => name);
    const { architecture } = model.configuration;
    const groups =
      typeof wanted === 'string' ? parameterGroups(wanted, names, { ...options, architecture }) : wanted;
    this.model = model;
    this.#options = options;
    this.#normalization = options.normalization ?? IMAGENET_NORMALIZATION;
    this.#schedule = options.schedule ?? { kind: 'step', every: 30, factor: 0.1 };
    this.#baseRates = groups.map((group) => group.learningRate);
    const nesterov = options.nesterov ?? momentum > 0;
    this.optimizer = createSgd(model.engine, model.parameters, { groups, momentum, nesterov });
    this.slow = posterior === 'current' ? null : new SlowPosterior(model, posterior);
    this.#launcher = new StepLauncher({
      ...{ model, microBatchSize, optimizer: this.optimizer, slow: this.slow },
      normalization: this.#normalization,
      capture: options.capture ?? true,
    });
  }

  /** Epochs finished, over all runs that a checkpoint carried on. */
  get epochsDone(): number {
    return this.#epochsDone;
  }

  /** Optimiser steps done. */
  get steps(): number {
    return this.#launcher.steps;
  }

  /**
   * Of an epoch that has begun and not ended, else null. Its numbers belong together while no step is under way: between two epochs, in
   * `onCheckpoint`, and when `trainEpoch` has rejected with the reason of its signal.
   */
  get progress(): EpochProgress | null {
    const progress = this.#epoch?.progress;
    return progress !== undefined && progress.step > 0 && progress.epoch !== this.#epochsDone
      ? progress
      : null;
  }

  /** Takes over the counters of a checkpoint; the tensors are written by whoever read it. */
  resumeAt(counters: {
    readonly epochsDone: number;
    readonly steps: number;
    readonly progress: EpochProgress | null;
  }): void {
    this.#epochsDone = counters.epochsDone;
    this.#unjudged = null;
    this.#launcher.steps = counters.steps;
    this.#epoch = counters.progress === null ? null : { progress: counters.progress };
  }

  /** Number, from 0, of the batch with which an epoch goes on: 0 but for the one that was interrupted. */
  firstBatch(epoch: number): number {
    return this.progress?.epoch === epoch ? this.progress.step : 0;
  }

  /**
   * Trains epochs `epochsDone + 1` to `epochs`. Interrupted by the signal, and called again (or called on a trainer to which
   * `resumeTraining` gave a checkpoint), it goes on with the next batch, to the same bits as without the interruption. Called again
   * after it was interrupted in a validation, it begins with that one.
   */
  async fit(options: FitOptions): Promise<EpochSummary[]> {
    const { epochs, train, validate, onEpoch, signal } = options;
    const summaries: EpochSummary[] = [];
    const first = this.#unjudged?.epoch ?? this.#epochsDone + 1;
    for (let epoch = first; epoch <= epochs; epoch++) {
      const trained =
        this.#unjudged ??
        (await this.trainEpoch(train(epoch, this.firstBatch(epoch)), { ...options, epoch }));
      this.#unjudged = trained;
      const validation =
        validate === undefined
          ? undefined
          : await this.evaluate(validate(), signal === undefined ? {} : { signal });
      const summary = validation === undefined ? trained : { ...trained, validation };
      this.#unjudged = null;
      summaries.push(summary);
      await onEpoch?.(summary);
    }
    return summaries;
  }

  /**
   * One optimiser step for every batch. `batches` are the epoch's from number `firstBatch(epoch)` on. Rejects when the loss is no
   * longer finite.
   */
  async trainEpoch(batches: AsyncIterable<TrainingBatch>, options: EpochOptions): Promise<EpochSummary> {
    const { epoch, stepsPerEpoch, checkpointEvery, onCheckpoint, signal } = options;
    if (checkpointEvery !== undefined && !(Number.isInteger(checkpointEvery) && checkpointEvery >= 1))
      reject('trainEpoch', 'checkpointEvery', String(checkpointEvery), 'a whole number >= 1');
    const { stepsInFlight = 2 } = this.#options;
    const running = new RunningEpoch(options, this.progress);
    if (running.progress.step > stepsPerEpoch) {
      const done = `${running.progress.step}, where epoch ${epoch} was left`;
      reject(
        'trainEpoch',
        'stepsPerEpoch',
        String(stepsPerEpoch),
        `at least ${done}: the same batches as before`,
      );
    }
    this.#epoch = running;
    try {
      for await (const batch of batches) {
        signal?.throwIfAborted();
        const learningRate = this.#setLearningRate(epoch, running.progress.step, stepsPerEpoch);
        const batchSize = batch.labels.length;
        running.launched({ batchSize, learningRate, results: this.#launcher.launch(batch) });
        if (running.pending >= stepsInFlight) await running.report();
        const isDue = checkpointEvery !== undefined && this.steps % checkpointEvery === 0;
        if (isDue && running.progress.step < stepsPerEpoch) {
          await running.drain();
          await onCheckpoint?.();
        }
      }
      await running.drain();
    } catch (error) {
      // So that what is saved now, and what has been told, are the steps that were done. Further errors say no more than the first.
      while (running.pending > 0) await running.report().catch(() => undefined);
      throw error;
    } finally {
      // Its memory is for whatever comes between two epochs.
      this.#launcher.release();
    }
    const summary = running.summary(this.optimizer.learningRates[0] ?? 0);
    this.#epochsDone = epoch;
    return summary;
  }

  /** Classifies the images of the batches in eval mode, normalised as in training. */
  evaluate(
    batches: AsyncIterable<TrainingBatch>,
    options: { readonly signal?: AbortSignal; readonly onBatch?: (images: number) => void } = {},
  ): Promise<Evaluation> {
    return evaluate(this.model, batches, { ...options, normalization: this.#normalization });
  }

  /** Frees the optimiser's memory and the slow copy; the model stays. */
  dispose(): void {
    this.optimizer.dispose();
    this.slow?.dispose();
    this.#launcher.dispose();
  }

  /** Sets every group's rate for a step, counted from 0; returns the first group's. */
  #setLearningRate(epoch: number, step: number, stepsPerEpoch: number): number {
    const factor = learningRateFactor(this.#schedule, epoch, step / stepsPerEpoch, 1 / stepsPerEpoch);
    for (const [group, rate] of this.#baseRates.entries()) {
      if (this.optimizer.learningRates[group] !== rate * factor)
        this.optimizer.setLearningRate(group, rate * factor);
    }
    return this.optimizer.learningRates[0] ?? 0;
  }
}

/** A trainer for a model. Throws ArgumentError naming the option that does not fit. */
export function createTrainer(model: Model, options: TrainerOptions): Trainer {
  return new Trainer(model, options);
}

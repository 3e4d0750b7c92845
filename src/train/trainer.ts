import type { Evaluation } from './evaluate.ts';
import type { DataParallel } from '../distributed/data_parallel.ts';
import type { EpochOptions, EpochProgress, EpochSummary, FitOptions, StepEvent } from './epoch.ts';
import type { GroupKind } from './parameter_groups.ts';
import type { Model } from '../model/model.ts';
import type { NonFiniteOrigin } from './non_finite.ts';
import type { Normalization, TrainingBatch } from './batch.ts';
import type { PosteriorSource } from './slow_posterior.ts';
import type { Schedule } from './schedule.ts';
import type { Sgd, SgdGroup } from '../kernels/sgd/sgd.ts';
import { ArgumentError, reject } from '../runtime/errors.ts';
import { checkPosteriorSource, SlowPosterior } from './slow_posterior.ts';
import { createSgd } from '../kernels/sgd/sgd.ts';
import { evaluate } from './evaluate.ts';
import { IMAGENET_NORMALIZATION } from './batch.ts';
import { learningRateFactor } from './schedule.ts';
import { parameterGroups } from './parameter_groups.ts';
import { explainStep } from './explain_step.ts';
import { NonFiniteError, UnhealthyStep, untraced } from './non_finite.ts';
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
  /**
   * What to do with a step whose loss, gradients or running statistics have numbers that are not finite (NaN, infinity). It is held
   * either way: weights, momentum and running statistics stay as they were before it, and it is done again to find the kernel and the
   * layer that made the first one. 'stop': `trainEpoch` rejects with a NonFiniteError that says so. 'skip': its batch is left out,
   * `onSkippedStep` is told, and training goes on, but not after MOST_SKIPPED in a row, nor where doing it again failed; every step's
   * loss is then awaited before the next step begins. Where the update itself makes a weight so, training stops. Several processes,
   * which must all hold a step or none, judge by the gradients: one whose loss alone is so is done, and ends training. Default: 'stop'.
   */
  readonly onNonFinite?: 'stop' | 'skip';
  /**
   * Other processes that train the same model with it: `train` gives each its share of every batch (a loader's `shard`, with
   * `wholeSize`), and `validate` its turns. Losses, accuracies and batch sizes told are those of whole batches.
   */
  readonly parallel?: DataParallel;
}

/** Steps left out one after the other, after which 'skip' stops: it is not this batch then. */
const MOST_SKIPPED = 10;

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
  readonly #parallel: DataParallel | null;
  readonly #stepsInFlight: number;
  #skippedInRow = 0;
  #failure: NonFiniteError | null = null;
  /** An epoch that `fit` has trained and not yet validated and told of. */
  #unjudged: EpochSummary | null = null;
  #epochsDone = 0;
  /** The epoch under way, or the last one; before any, where a checkpoint left one. */
  #epoch: { readonly progress: EpochProgress } | null = null;

  constructor(model: Model, options: TrainerOptions) {
    const { groups: wanted = 'modules', momentum = 0.9 } = options;
    const { posterior = 'current', stepsInFlight = 2, microBatchSize, onNonFinite = 'stop' } = options;
    checkPosteriorSource(model, posterior);
    this.#parallel = options.parallel ?? null;
    if (microBatchSize !== undefined && this.#parallel?.synchronizesBatchNorm === true)
      throw new ArgumentError(
        'createTrainer: synchronizeBatchNorm takes statistics over whole batches, microBatchSize over parts of one; wanted either',
      );
    if (onNonFinite !== 'stop' && onNonFinite !== 'skip')
      reject('createTrainer', 'onNonFinite', String(onNonFinite), "'stop' or 'skip'");
    const skips = onNonFinite === 'skip';
    if (skips && this.#parallel !== null)
      throw new ArgumentError("createTrainer: onNonFinite 'skip' is for one process; several can only stop");
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
      parallel: this.#parallel,
      followsLater: skips,
    });
    // Whether a step is left out must be known before the next one.
    this.#stepsInFlight = skips ? 1 : stepsInFlight;
  }

  /** Why the model is no longer worth saving: training ended with numbers that are not finite. Null while all is well. */
  get failure(): NonFiniteError | null {
    return this.#failure;
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
    this.#failure = null;
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
   * One optimiser step for every batch. `batches` are the epoch's from number `firstBatch(epoch)` on. Rejects with a NonFiniteError
   * after a step whose numbers are not finite, see `TrainerOptions.onNonFinite`; there is nothing to save then.
   */
  async trainEpoch(batches: AsyncIterable<TrainingBatch>, options: EpochOptions): Promise<EpochSummary> {
    const { epoch, stepsPerEpoch, checkpointEvery, onCheckpoint } = options;
    if (checkpointEvery !== undefined && !(Number.isInteger(checkpointEvery) && checkpointEvery >= 1))
      reject('trainEpoch', 'checkpointEvery', String(checkpointEvery), 'a whole number >= 1');
    const { told, stop } = this.#stopping(options);
    const running = new RunningEpoch(told, this.progress);
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
    this.#launcher.begin();
    try {
      for await (const batch of batches) {
        stop();
        const learningRate = this.#setLearningRate(epoch, running.progress.step, stepsPerEpoch);
        const batchSize = batch.wholeSize ?? batch.labels.length;
        running.launched({ batchSize, learningRate, batch, results: this.#launcher.launch(batch) });
        if (running.pending >= this.#stepsInFlight) await this.#report(running, options);
        const isDue = checkpointEvery !== undefined && this.steps % checkpointEvery === 0;
        if (isDue && running.progress.step < stepsPerEpoch) {
          await this.#drain(running, options);
          await onCheckpoint?.();
        }
      }
      await this.#drain(running, options);
    } catch (error) {
      // So that what is saved now, and what has been told, are the steps that were done. Further errors say no more than the first, but
      // that a step was not done after all.
      while (running.pending > 0)
        await (this.#failure === null ? this.#report(running, options) : running.report()).catch(
          () => undefined,
        );
      throw this.#failure ?? error;
    } finally {
      // Its memory is for whatever comes between two epochs.
      this.#launcher.release();
    }
    const summary = running.summary(this.optimizer.learningRates[0] ?? 0);
    this.#epochsDone = epoch;
    return summary;
  }

  /** Classifies the images of the batches in eval mode, normalised as in training: those of all processes, where there are several. */
  async evaluate(
    batches: AsyncIterable<TrainingBatch>,
    options: { readonly signal?: AbortSignal; readonly onBatch?: (images: number) => void } = {},
  ): Promise<Evaluation> {
    const { engine, weights } = this.model;
    const normalization = this.#normalization;
    const parallel = this.#parallel;
    if (parallel === null) return evaluate(this.model, batches, { ...options, normalization });
    const { signal, onBatch } = options;
    await parallel.shareStatistics(engine, weights.statistics.values());
    const evaluation = await evaluate(this.model, batches, {
      ...(onBatch === undefined ? {} : { onBatch }),
      normalization,
      gather: (own) => parallel.gather(own),
    });
    // Not in between, where processes would stop at different batches.
    await parallel.agreeOnStop(signal);
    return evaluation;
  }

  async #drain(running: RunningEpoch, options: EpochOptions): Promise<void> {
    while (running.pending > 0) await this.#report(running, options);
  }

  /** Reports the oldest step; leaves it out, or rejects, where its numbers are not finite. */
  async #report(running: RunningEpoch, options: EpochOptions): Promise<void> {
    const skips = this.#options.onNonFinite === 'skip';
    try {
      await running.report(() => {
        if (skips) this.#launcher.follow();
        this.#skippedInRow = 0;
      });
    } catch (error) {
      if (!(error instanceof UnhealthyStep)) throw error;
      const { epoch, onSkippedStep } = options;
      const { step, learningRate, result } = error;
      const mayLeaveOut = skips && result.nonFinite === 'gradients';
      const isTooMany = mayLeaveOut && ++this.#skippedInRow > MOST_SKIPPED;
      const adviceOn = ({ pass }: NonFiniteOrigin): string =>
        (isTooMany ? `${MOST_SKIPPED} steps before it were left out already; ` : '') +
        (pass === 'weights'
          ? 'load weights that are finite'
          : `lower the learning rate (${learningRate.toPrecision(3)})?`);
      const whereOf = (origin: NonFiniteOrigin) => ({ epoch, step, loss: result.loss, origin });
      // Before it is looked into, which moves running statistics for a while, and may fail: nothing is to be saved then.
      const notYet = untraced('not yet');
      this.#failure = new NonFiniteError(whereOf(notYet), adviceOn(notYet));
      const where = whereOf(await this.#explain(error));
      // Where that failed, whether the statistics are what they were is not known.
      if (mayLeaveOut && !isTooMany && where.origin.reason === undefined) {
        this.#failure = null;
        this.#launcher.leaveOut();
        onSkippedStep?.(where);
        return;
      }
      this.#failure = new NonFiniteError(where, adviceOn(where.origin));
      throw this.#failure;
    }
  }

  /** Where the step's first number that is not finite comes from; never rejects. */
  async #explain(unhealthy: UnhealthyStep): Promise<NonFiniteOrigin> {
    if (this.#parallel?.synchronizesBatchNorm === true)
      return untraced('with synchronizeBatchNorm it would take all processes to do the step again');
    try {
      return await this.#trace(unhealthy);
    } catch (error) {
      return untraced(String(error));
    }
  }

  /** Does the step again, and sets the running statistics back. */
  async #trace({ batch, result }: UnhealthyStep): Promise<NonFiniteOrigin> {
    const { microBatchSize } = this.#options;
    const { model, slow } = this;
    const saved = [model.weights, ...(slow === null ? [] : [slow.weights])].map(({ statisticsValues }) => {
      const copy = model.engine.empty(statisticsValues.shape);
      model.engine.copy(statisticsValues, copy);
      return { statisticsValues, copy };
    });
    try {
      this.#launcher.release();
      const normalization = this.#normalization;
      return await explainStep(model, batch, result.nonFinite, { normalization, slow, microBatchSize });
    } finally {
      for (const { statisticsValues, copy } of saved) {
        model.engine.copy(copy, statisticsValues);
        copy.dispose();
      }
      this.#launcher.begin();
    }
  }

  /** Frees the optimiser's memory and the slow copy; the model stays. */
  dispose(): void {
    this.optimizer.dispose();
    this.slow?.dispose();
    this.#launcher.dispose();
  }

  /** What ends an epoch between two steps: its signal or, where there are several processes, what they agree on as steps are told. */
  #stopping(options: EpochOptions): { readonly told: EpochOptions; readonly stop: () => void } {
    const { signal, onStep } = options;
    const parallel = this.#parallel;
    if (parallel === null) return { told: options, stop: () => signal?.throwIfAborted() };
    const stop = parallel.watchForStop(signal);
    const told = (event: StepEvent): void => {
      stop.told();
      onStep?.(event);
    };
    return { told: { ...options, onStep: told }, stop: stop.check };
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

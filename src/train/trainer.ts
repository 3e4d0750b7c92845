import type { Evaluation } from './evaluate.ts';
import type { EpochOptions, EpochSummary, FitOptions } from './epoch.ts';
import type { Model } from '../model/model.ts';
import type { BatchTensors, Normalization, TrainingBatch } from './batch.ts';
import type { RecordedStep } from './captured_step.ts';
import type { PosteriorSource } from './slow_posterior.ts';
import type { Schedule } from './schedule.ts';
import type { Sgd, SgdGroup } from '../kernels/sgd/sgd.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { accuracyCount } from '../kernels/argmax/argmax.ts';
import { ArgumentError, reject } from '../runtime/errors.ts';
import { checkPosteriorSource, SlowPosterior } from './slow_posterior.ts';
import { createSgd } from '../kernels/sgd/sgd.ts';
import { evaluate } from './evaluate.ts';
import { CapturedStep } from './captured_step.ts';
import { IMAGENET_NORMALIZATION, splitBatch, uploadBatch } from './batch.ts';
import { learningRateFactor } from './schedule.ts';
import { officialGroups } from './parameter_groups.ts';
import { startTape } from '../kernels/tape.ts';

/** How to train. Only the learning rate is needed; the rest defaults to what the released CALM code does. */
export interface TrainerOptions {
  /** Of the slow group (see `officialGroups`); without meaning when `groups` are given. */
  readonly learningRate: number;
  /** Instead of the official groups. Trainable parameters in no group stay as they are. */
  readonly groups?: readonly SgdGroup[];
  /** The official fine-tuning groups: only the head is fast. Default: false. */
  readonly fineTune?: boolean;
  /** Default: 1e-4, on everything. */
  readonly weightDecay?: number;
  /** Default: 0.9. */
  readonly momentum?: number;
  /** Default: true. */
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

/** A step whose numbers are still on their way. */
interface PendingStep {
  readonly step: number;
  readonly size: number;
  readonly learningRate: number;
  readonly results: Promise<StepResult>;
}

/** Which part of a batch goes through the network at a time. */
interface PartOfBatch {
  /** Of the batch's images. */
  readonly share: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** What a step or a part of it gives. */
interface StepResult {
  /** Mean over its images, in nats. */
  readonly loss: number;
  /** Images whose highest score is the label's. */
  readonly correct: number;
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
  /** Scalars that backward starts with, by their value: the share of a batch that goes through the network at a time. */
  readonly #shares = new Map<number, Tensor>();
  /** Sizes of batches whose step has been launched: its kernels and the optimiser's tables are then ready. */
  readonly #launched = new Set<string>();
  /** The captured step of the epoch that is under way, with the size of its batches. */
  #captured: { readonly size: string; readonly step: CapturedStep } | null = null;
  #epochsDone = 0;
  #steps = 0;

  constructor(model: Model, options: TrainerOptions) {
    const { learningRate, fineTune = false, weightDecay = 1e-4, momentum = 0.9 } = options;
    const { posterior = 'current', stepsInFlight = 2, microBatchSize } = options;
    checkPosteriorSource(model, posterior);
    for (const [name, value] of Object.entries({ stepsInFlight, microBatchSize })) {
      if (value !== undefined && !(Number.isInteger(value) && value >= 1))
        reject('createTrainer', name, String(value), 'a whole number >= 1');
    }
    const trainable = model.parameters.entries.filter(({ value }) => value.requiresGradient);
    const names = trainable.map(({ name }) => name);
    const groups = options.groups ?? officialGroups(names, { learningRate, weightDecay, fineTune });
    this.model = model;
    this.#options = options;
    this.#normalization = options.normalization ?? IMAGENET_NORMALIZATION;
    this.#schedule = options.schedule ?? { kind: 'step', every: 30, factor: 0.1 };
    this.#baseRates = groups.map((group) => group.learningRate);
    const nesterov = options.nesterov ?? momentum > 0;
    this.optimizer = createSgd(model.engine, model.parameters, { groups, momentum, nesterov });
    this.slow = posterior === 'current' ? null : new SlowPosterior(model, posterior);
  }

  /** Epochs finished, over all runs that a checkpoint carried on. */
  get epochsDone(): number {
    return this.#epochsDone;
  }

  /** Optimiser steps done. */
  get steps(): number {
    return this.#steps;
  }

  /** Takes over the counters of a checkpoint; the tensors are written by whoever read it. */
  resumeAt(counters: { readonly epochsDone: number; readonly steps: number }): void {
    this.#epochsDone = counters.epochsDone;
    this.#steps = counters.steps;
  }

  /** Trains epochs `epochsDone + 1` to `epochs`. */
  async fit(options: FitOptions): Promise<EpochSummary[]> {
    const { epochs, train, validate, onEpoch, signal } = options;
    const summaries: EpochSummary[] = [];
    for (let epoch = this.#epochsDone + 1; epoch <= epochs; epoch++) {
      const trained = await this.trainEpoch(train(epoch), { ...options, epoch });
      const validation =
        validate === undefined
          ? undefined
          : await this.evaluate(validate(), signal === undefined ? {} : { signal });
      const summary = validation === undefined ? trained : { ...trained, validation };
      summaries.push(summary);
      await onEpoch?.(summary);
    }
    return summaries;
  }

  /** One optimiser step for every batch. Rejects when the loss is no longer finite. */
  async trainEpoch(batches: AsyncIterable<TrainingBatch>, options: EpochOptions): Promise<EpochSummary> {
    const { epoch, stepsPerEpoch, onStep, signal } = options;
    const start = performance.now();
    const { stepsInFlight = 2 } = this.#options;
    const pending: PendingStep[] = [];
    let images = 0;
    let lossSum = 0;
    let correctSum = 0;
    const seconds = (): number => (performance.now() - start) / 1000;
    const report = async (): Promise<void> => {
      const oldest = pending.shift();
      if (oldest === undefined) return;
      const { step, size, learningRate } = oldest;
      const { loss, correct } = await oldest.results;
      if (!Number.isFinite(loss)) {
        throw new ArgumentError(
          `training: the loss of epoch ${epoch}, step ${step} is ${loss}; lower the learning rate (${learningRate})`,
        );
      }
      images += size;
      lossSum += loss * size;
      correctSum += correct;
      const means = { meanLoss: lossSum / images, meanAccuracy: correctSum / images };
      const event = { epoch, step, stepsPerEpoch, images, loss, accuracy: correct / size, learningRate };
      onStep?.({ ...event, ...means, seconds: seconds() });
    };
    let step = 0;
    try {
      for await (const batch of batches) {
        signal?.throwIfAborted();
        const learningRate = this.#setLearningRate(epoch, step, stepsPerEpoch);
        step++;
        pending.push({ step, size: batch.labels.length, learningRate, results: this.#launchStep(batch) });
        if (pending.length >= stepsInFlight) await report();
      }
      while (pending.length > 0) await report();
    } finally {
      // Its memory is for whatever comes between two epochs.
      this.#captured?.step.dispose();
      this.#captured = null;
    }
    if (step === 0) throw new ArgumentError('training: the epoch has no batches');
    this.#epochsDone = epoch;
    return {
      epoch,
      steps: step,
      images,
      loss: lossSum / images,
      accuracy: correctSum / images,
      learningRate: this.optimizer.learningRates[0] ?? 0,
      seconds: seconds(),
    };
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
    for (const share of this.#shares.values()) share.dispose();
    this.#shares.clear();
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

  /** Records and submits one step; nothing is waited for. */
  #launchStep(batch: TrainingBatch): Promise<StepResult> {
    const count = batch.labels.length;
    const parts = splitBatch(batch, this.#options.microBatchSize ?? Math.max(count, 1));
    const results: Promise<StepResult>[] = [];
    for (const [index, part] of parts.entries()) {
      const place = {
        share: part.labels.length / count,
        isFirst: index === 0,
        isLast: index === parts.length - 1,
      };
      results.push(this.#launchPart(part, place));
    }
    const whole = Promise.all(results).then((all) => ({
      loss: all.reduce((sum, { loss }, index) => sum + loss * (parts[index]?.labels.length ?? 0), 0) / count,
      correct: all.reduce((sum, { correct }) => sum + correct, 0),
    }));
    // Whoever awaits it sees the failure; should an earlier step fail first, this one must not end the process.
    whole.catch(() => undefined);
    return whole;
  }

  /** Adds the gradients of a part of a batch to those of the parts before; after the last one the parameters move. */
  #launchPart(part: TrainingBatch, place: PartOfBatch): Promise<StepResult> {
    const { engine } = this.model;
    const tape = startTape(engine, { gradients: false });
    let recorded: RecordedStep | null = null;
    try {
      const inputs = uploadBatch(tape, part, this.#normalization);
      const captured = this.#capturedStep(inputs, place);
      const { loss, correct } = captured?.replay(inputs) ?? (recorded = this.#record(inputs, place));
      if (place.isLast) {
        this.#steps++;
        this.slow?.follow(this.#steps);
      }
      const read = Promise.all([engine.read(loss), engine.read(correct)]);
      const numbers = read.then(([[lossValue = Number.NaN], [count = 0]]) => ({
        loss: lossValue,
        correct: count,
      }));
      // As in #launchStep; and the launch of the next part may throw before anybody awaits this one.
      numbers.catch(() => undefined);
      return numbers;
    } finally {
      recorded?.end();
      tape.end();
    }
  }

  /** Launches forward, backward and, after a batch's last part, the update. */
  #record({ images, labels }: BatchTensors, { share, isFirst, isLast }: PartOfBatch): RecordedStep {
    const { engine, parameters } = this.model;
    const tape = startTape(engine);
    const slowTape = startTape(engine, { gradients: false });
    const end = (): void => {
      slowTape.end();
      tape.end();
    };
    try {
      parameters.placeGradients(tape, { accumulate: !isFirst });
      const posterior = this.slow?.posterior(slowTape, images, labels);
      const { loss, scores } = this.model.loss(
        tape,
        images,
        labels,
        posterior === undefined ? {} : { posterior },
      );
      const correct = accuracyCount(tape, scores, labels);
      tape.backward(loss, this.#share(share));
      if (isLast) this.optimizer.step(tape);
      return { loss, correct, end };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** The captured step for batches of this size, captured now if that can be; null where the step must be launched anew. */
  #capturedStep(inputs: BatchTensors, place: PartOfBatch): CapturedStep | null {
    const { engine, weights } = this.model;
    const size = inputs.images.shape.join('x');
    const mayCapture = (this.#options.capture ?? true) && engine.canCapture && place.isFirst && place.isLast;
    if (!mayCapture) return null;
    if (this.#captured !== null) return this.#captured.size === size ? this.#captured.step : null;
    if (!this.#launched.has(size)) {
      this.#launched.add(size);
      return null;
    }
    const statistics = [weights, this.slow?.weights].flatMap((own) => [...(own?.statistics.values() ?? [])]);
    const step = new CapturedStep(engine, inputs, statistics, (own) => this.#record(own, place));
    this.#captured = { size, step };
    return step;
  }

  /** The gradient of the batch's loss by a part's. Made once for every value. */
  #share(value: number): Tensor {
    const known = this.#shares.get(value);
    if (known !== undefined) return known;
    const share = this.model.engine.tensor(Float32Array.of(value), []);
    this.#shares.set(value, share);
    return share;
  }
}

/** A trainer for a model. Throws ArgumentError naming the option that does not fit. */
export function createTrainer(model: Model, options: TrainerOptions): Trainer {
  return new Trainer(model, options);
}

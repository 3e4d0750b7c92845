import type { BatchTensors, Normalization, TrainingBatch } from './batch.ts';
import type { DataParallel, ImagesResult } from '../distributed/data_parallel.ts';
import type { Model } from '../model/model.ts';
import type { RecordedStep } from './captured_step.ts';
import type { RunningStatistics } from '../model/weights.ts';
import type { Sgd } from '../kernels/sgd/sgd.ts';
import type { SlowPosterior } from './slow_posterior.ts';
import type { StepResult } from './running_epoch.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { accuracyCount } from '../kernels/argmax/argmax.ts';
import { CapturedStep } from './captured_step.ts';
import { checkLabels, splitBatch, uploadBatch } from './batch.ts';
import { startTape } from '../kernels/tape.ts';
import { StepWatch } from './step_watch.ts';

/** Which part of a batch goes through the network at a time. */
interface PartOfBatch {
  /** Of the whole batch's images. */
  readonly share: number;
  /** Images of the batch, over all processes. */
  readonly wholeSize: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** What steps are made of. */
export interface StepParts {
  readonly model: Model;
  readonly optimizer: Sgd;
  readonly slow: SlowPosterior | null;
  readonly normalization: Normalization;
  /** Most images that go through the network at a time; undefined: whole batches. */
  readonly microBatchSize: number | undefined;
  /** Replay steps that can be recorded. */
  readonly capture: boolean;
  /** Other processes that have the rest of every batch. */
  readonly parallel: DataParallel | null;
  /** The slow copy follows when `follow` is called, not with the step. */
  readonly followsLater: boolean;
}

/** Launches training steps: preprocessing, forward, backward and update of a batch, whole or in parts, recorded or anew. */
export class StepLauncher {
  /** Optimiser steps launched. */
  steps = 0;
  readonly #model: Model;
  readonly #optimizer: Sgd;
  readonly #slow: SlowPosterior | null;
  readonly #normalization: Normalization;
  readonly #microBatchSize: number | undefined;
  readonly #capture: boolean;
  readonly #parallel: DataParallel | null;
  readonly #followsLater: boolean;
  readonly #watch: StepWatch;
  /** Batches that the running statistics had seen before the step launched last. */
  #batchesBefore: readonly number[] = [];
  /** Scalars that backward starts with, by their value: the share of a batch that goes through the network at a time. */
  readonly #shares = new Map<number, Tensor>();
  /** Sizes of batches whose step has been launched: its kernels and the optimiser's tables are then ready. */
  readonly #launched = new Set<string>();
  /** The captured step, with the size of its batches. */
  #captured: { readonly size: string; readonly step: CapturedStep } | null = null;

  constructor({
    model,
    optimizer,
    slow,
    normalization,
    microBatchSize,
    capture,
    parallel,
    followsLater,
  }: StepParts) {
    this.#model = model;
    this.#optimizer = optimizer;
    this.#slow = slow;
    this.#normalization = normalization;
    this.#microBatchSize = microBatchSize;
    this.#capture = capture;
    this.#parallel = parallel;
    this.#followsLater = followsLater;
    this.#watch = new StepWatch(model, slow);
  }

  /** Takes what is there for good: before an epoch's first step, and after a step that was held. No step may be under way. */
  begin(): void {
    this.#watch.begin();
  }

  /** Leaves out the step launched last, which was held: takes back what the CPU counted. */
  leaveOut(): void {
    for (const [index, statistics] of this.#statistics().entries())
      statistics.batches = this.#batchesBefore[index] ?? 0;
    this.#follow({ leftOut: true });
  }

  /** Lets the slow copy follow the step launched last. */
  follow(): void {
    this.#follow({ leftOut: false });
  }

  #follow(step: { readonly leftOut: boolean }): void {
    if (this.#slow === null) return;
    this.#slow.follow(this.steps, step);
    // A refresh sets the copy's statistics, which the next step must not set back where it is held.
    if (this.#followsLater) this.#watch.begin();
  }

  /**
   * Submits one step; nothing is waited for. Throws ArgumentError when the batch's parts do not fit or a label is no class, and no step is
   * done then.
   */
  launch(batch: TrainingBatch): Promise<StepResult> {
    checkLabels('training', batch.labels, this.#model.configuration.classes);
    this.#batchesBefore = this.#statistics().map(({ batches }) => batches);
    const count = batch.labels.length;
    const parts = splitBatch(batch, this.#microBatchSize ?? Math.max(count, 1));
    const wholeSize = batch.wholeSize ?? count;
    const results: Promise<ImagesResult>[] = [];
    for (const [index, part] of parts.entries()) {
      const place = {
        share: part.labels.length / wholeSize,
        wholeSize,
        isFirst: index === 0,
        isLast: index === parts.length - 1,
      };
      results.push(this.#launchPart(part, place, [...results]));
    }
    // The last part's result is the whole batch's where processes add theirs up.
    const numbers = Promise.all(this.#parallel === null ? results : results.slice(-1));
    const whole = Promise.all([numbers, this.#watch.read()]).then(([all, nonFinite]) => ({
      loss: all.reduce((sum, { loss, images }) => sum + loss * images, 0) / wholeSize,
      correct: all.reduce((sum, { correct }) => sum + correct, 0),
      nonFinite,
    }));
    // Whoever awaits it sees the failure; should an earlier step fail first, this one must not end the process.
    whole.catch(() => undefined);
    return whole;
  }

  /** Adds the gradients of a part of a batch to those of the parts before; after the last one the parameters move. */
  #launchPart(
    part: TrainingBatch,
    place: PartOfBatch,
    earlier: readonly Promise<ImagesResult>[],
  ): Promise<ImagesResult> {
    const { engine } = this.#model;
    const tape = startTape(engine, { gradients: false });
    let recorded: RecordedStep | null = null;
    try {
      const inputs = uploadBatch(tape, part, this.#normalization);
      const captured = this.#capturedStep(inputs, place);
      const { loss, correct } = captured?.replay(inputs) ?? (recorded = this.#record(inputs, place));
      if (place.isLast) {
        this.steps++;
        this.#model.weights.changes++;
        if (!this.#followsLater) this.follow();
      }
      const images = part.labels.length;
      const numbers =
        place.isLast && this.#parallel !== null
          ? this.#parallel.result(engine, loss, correct, images, Promise.all(earlier))
          : Promise.all([engine.read(loss), engine.read(correct)]).then(
              ([[lossValue = Number.NaN], [count = 0]]) => ({ images, loss: lossValue, correct: count }),
            );
      // As in launch; and the launch of the next part may throw before anybody awaits this one.
      numbers.catch(() => undefined);
      return numbers;
    } finally {
      recorded?.end();
      tape.end();
    }
  }

  /** Launches forward, backward and, after a batch's last part, the update. */
  #record({ images, labels }: BatchTensors, place: PartOfBatch): RecordedStep {
    const { share, wholeSize, isFirst, isLast } = place;
    const { engine, parameters } = this.#model;
    const tape = startTape(engine);
    const slowTape = startTape(engine, { gradients: false });
    const end = (): void => {
      slowTape.end();
      tape.end();
    };
    try {
      parameters.placeGradients(tape, { accumulate: !isFirst });
      const synchronization = this.#parallel?.synchronization(labels.size, wholeSize);
      const options = synchronization === undefined ? {} : { synchronization };
      const posterior = this.#slow?.posterior(slowTape, images, labels, options);
      const { loss, scores } = this.#model.loss(tape, images, labels, {
        ...options,
        ...(posterior === undefined ? {} : { posterior }),
      });
      const correct = accuracyCount(tape, scores, labels);
      if (isLast) this.#parallel?.watch(tape, parameters);
      tape.backward(loss, this.#share(share));
      if (isLast) {
        this.#parallel?.finish();
        // Several processes see the same gradients, but each has a loss of its own: they must all hold a step, or none.
        this.#watch.judge(this.#parallel === null ? loss : null);
        this.#optimizer.step(tape, this.#watch.verdict);
        this.#watch.judgeWeights();
      } else if (this.#parallel === null) this.#watch.judgeLoss(loss);
      return { loss, correct, end };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** The captured step for batches of this size, captured now if that can be; null where the step must be launched anew. */
  #capturedStep(inputs: BatchTensors, place: PartOfBatch): CapturedStep | null {
    const { engine } = this.#model;
    const size = `${inputs.images.shape.join('x')} of ${place.wholeSize}`;
    const mayCapture = this.#capture && engine.canCapture && place.isFirst && place.isLast;
    if (!mayCapture) return null;
    if (this.#captured !== null) return this.#captured.size === size ? this.#captured.step : null;
    if (!this.#launched.has(size)) {
      this.#launched.add(size);
      return null;
    }
    const step = new CapturedStep(engine, inputs, this.#statistics(), (own) => this.#record(own, place));
    this.#captured = { size, step };
    return step;
  }

  #statistics(): RunningStatistics[] {
    const owners = [this.#model.weights, this.#slow?.weights];
    return owners.flatMap((own) => [...(own?.statistics.values() ?? [])]);
  }

  /** The gradient of the batch's loss by a part's. Made once for every value. */
  #share(value: number): Tensor {
    const known = this.#shares.get(value);
    if (known !== undefined) return known;
    const share = this.#model.engine.tensor(Float32Array.of(value), []);
    this.#shares.set(value, share);
    return share;
  }

  /** Gives the captured step's memory back, when the steps under way are done; the next one is captured anew. */
  release(): void {
    this.#captured?.step.dispose();
    this.#captured = null;
  }

  dispose(): void {
    this.release();
    for (const share of this.#shares.values()) share.dispose();
    this.#shares.clear();
    this.#watch.dispose();
  }
}

import type { BatchTensors, Normalization, TrainingBatch } from './batch.ts';
import type { Model } from '../model/model.ts';
import type { RecordedStep } from './captured_step.ts';
import type { Sgd } from '../kernels/sgd/sgd.ts';
import type { SlowPosterior } from './slow_posterior.ts';
import type { StepResult } from './running_epoch.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { accuracyCount } from '../kernels/argmax/argmax.ts';
import { CapturedStep } from './captured_step.ts';
import { splitBatch, uploadBatch } from './batch.ts';
import { startTape } from '../kernels/tape.ts';

/** Which part of a batch goes through the network at a time. */
interface PartOfBatch {
  /** Of the batch's images. */
  readonly share: number;
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
  /** Scalars that backward starts with, by their value: the share of a batch that goes through the network at a time. */
  readonly #shares = new Map<number, Tensor>();
  /** Sizes of batches whose step has been launched: its kernels and the optimiser's tables are then ready. */
  readonly #launched = new Set<string>();
  /** The captured step, with the size of its batches. */
  #captured: { readonly size: string; readonly step: CapturedStep } | null = null;

  constructor({ model, optimizer, slow, normalization, microBatchSize, capture }: StepParts) {
    this.#model = model;
    this.#optimizer = optimizer;
    this.#slow = slow;
    this.#normalization = normalization;
    this.#microBatchSize = microBatchSize;
    this.#capture = capture;
  }

  /** Submits one step; nothing is waited for. Throws ArgumentError when the batch's parts do not fit, and no step is done then. */
  launch(batch: TrainingBatch): Promise<StepResult> {
    const count = batch.labels.length;
    const parts = splitBatch(batch, this.#microBatchSize ?? Math.max(count, 1));
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
    const { engine } = this.#model;
    const tape = startTape(engine, { gradients: false });
    let recorded: RecordedStep | null = null;
    try {
      const inputs = uploadBatch(tape, part, this.#normalization);
      const captured = this.#capturedStep(inputs, place);
      const { loss, correct } = captured?.replay(inputs) ?? (recorded = this.#record(inputs, place));
      if (place.isLast) {
        this.steps++;
        this.#slow?.follow(this.steps);
      }
      const read = Promise.all([engine.read(loss), engine.read(correct)]);
      const numbers = read.then(([[lossValue = Number.NaN], [count = 0]]) => ({
        loss: lossValue,
        correct: count,
      }));
      // As in launch; and the launch of the next part may throw before anybody awaits this one.
      numbers.catch(() => undefined);
      return numbers;
    } finally {
      recorded?.end();
      tape.end();
    }
  }

  /** Launches forward, backward and, after a batch's last part, the update. */
  #record({ images, labels }: BatchTensors, { share, isFirst, isLast }: PartOfBatch): RecordedStep {
    const { engine, parameters } = this.#model;
    const tape = startTape(engine);
    const slowTape = startTape(engine, { gradients: false });
    const end = (): void => {
      slowTape.end();
      tape.end();
    };
    try {
      parameters.placeGradients(tape, { accumulate: !isFirst });
      const posterior = this.#slow?.posterior(slowTape, images, labels);
      const { loss, scores } = this.#model.loss(
        tape,
        images,
        labels,
        posterior === undefined ? {} : { posterior },
      );
      const correct = accuracyCount(tape, scores, labels);
      tape.backward(loss, this.#share(share));
      if (isLast) this.#optimizer.step(tape);
      return { loss, correct, end };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** The captured step for batches of this size, captured now if that can be; null where the step must be launched anew. */
  #capturedStep(inputs: BatchTensors, place: PartOfBatch): CapturedStep | null {
    const { engine, weights } = this.#model;
    const size = inputs.images.shape.join('x');
    const mayCapture = this.#capture && engine.canCapture && place.isFirst && place.isLast;
    if (!mayCapture) return null;
    if (this.#captured !== null) return this.#captured.size === size ? this.#captured.step : null;
    if (!this.#launched.has(size)) {
      this.#launched.add(size);
      return null;
    }
    const statistics = [weights, this.#slow?.weights].flatMap((own) => [...(own?.statistics.values() ?? [])]);
    const step = new CapturedStep(engine, inputs, statistics, (own) => this.#record(own, place));
    this.#captured = { size, step };
    return step;
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
  }
}

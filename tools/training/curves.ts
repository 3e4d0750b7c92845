import type { Evaluation } from '../../src/train/evaluate.ts';
import type { LoggedStep } from './run_folder.ts';
import type { OptionValues } from './config_file.ts';
import type { StepEvent } from '../../src/train/epoch.ts';
import { EventFile } from '../../src/train/event_file.node.ts';

/** What TensorBoard shows of a run, over optimiser steps: `train/...` every step, `val/...` or `test/...` every evaluation. */
export class RunCurves {
  readonly #events: EventFile;
  /** Of the epoch, when the step before was reported. */
  #seconds = 0;

  /** Begins the file of a session, the first step of which has this number. */
  constructor(folder: string, firstStep: number) {
    this.#events = new EventFile(folder, firstStep);
  }

  addOptions(options: OptionValues): void {
    const lines = Object.entries(options).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`);
    this.#events.addText(0, 'options', lines.join('\n'));
  }

  beginEpoch(): void {
    this.#seconds = 0;
  }

  addStep(step: number, { loss, accuracy, learningRate, batchSize, seconds }: StepEvent): void {
    const duration = seconds - this.#seconds;
    this.#seconds = seconds;
    this.#events.addScalars(step, {
      'train/loss': loss,
      'train/accuracy': accuracy,
      'train/learning_rate': learningRate,
      // Two steps whose numbers arrive together have no time between them.
      ...(duration > 0 ? { 'train/images_per_second': batchSize / duration } : {}),
    });
  }

  /** Tells of a step again, as the log has it. */
  repeatStep(step: number, { loss, accuracy, learningRate }: LoggedStep): void {
    this.#events.addScalars(step, {
      'train/loss': loss,
      'train/accuracy': accuracy,
      'train/learning_rate': learningRate,
    });
  }

  addEvaluation(step: number, split: string, { accuracy, negativeLogLikelihood }: Evaluation): void {
    this.#events.addScalars(step, {
      [`${split}/accuracy`]: accuracy,
      [`${split}/negative_log_likelihood`]: negativeLogLikelihood,
    });
  }

  /** Waits until the disk has them. */
  sync(): void {
    this.#events.sync();
  }
}

/** Errors and events of numbers that are not finite. */
import type { StepResult } from './running_epoch.ts';
import type { TrainingBatch } from './batch.ts';
import { CalmError } from '../runtime/errors.ts';

/** What made the first number that is not finite. */
export interface NonFiniteOrigin {
  /**
   * weights: they were so before the step. forward, backward: a kernel made it of finite numbers. update: the optimiser's step did.
   * unknown: the step, done again, had none; or `reason` says why it could not be traced.
   */
  readonly pass: 'weights' | 'forward' | 'backward' | 'update' | 'unknown';
  /** The layer, by its PyTorch name, or the parameter; null where it belongs to none. */
  readonly layer: string | null;
  /** Of the tape, such as `conv2d`; null for weights and update. */
  readonly operation: string | null;
  /** `<op>/<file>` and the binding that it wrote. */
  readonly kernel: string | null;
  readonly shape: readonly number[];
  readonly reason?: string;
}

/** Of numbers that could not be traced. */
export function untraced(reason: string): NonFiniteOrigin {
  return { pass: 'unknown', layer: null, operation: null, kernel: null, shape: [], reason };
}

/** A step with numbers that are not finite. */
export interface NonFiniteStep {
  /** From 1. */
  readonly epoch: number;
  /** Within the epoch, from 1. */
  readonly step: number;
  /** Of the batch, in nats. */
  readonly loss: number;
  readonly origin: NonFiniteOrigin;
}

export function describeOrigin({ pass, layer, operation, kernel, shape, reason }: NonFiniteOrigin): string {
  const size = `[${shape.join(',')}]`;
  const where = layer === null ? '' : ` of ${layer}`;
  switch (pass) {
    case 'weights':
      return `${layer ?? 'a parameter'} ${size} was not finite before the step`;
    case 'update':
      return `the update made ${layer ?? 'a parameter'} ${size} so`;
    case 'forward':
    case 'backward':
      return `first in ${operation ?? 'an operation'}${where}, ${pass}: ${kernel ?? 'a kernel'} ${size}`;
    case 'unknown':
      return reason === undefined
        ? 'the step, done again on this process, had none'
        : `where they come from could not be traced (${reason})`;
  }
}

/** Every step of an epoch was left out, because its numbers were not finite: the weights do not move any more. */
export class SkippedEpochError extends CalmError {
  override name = 'SkippedEpochError';
}

/** Training met numbers that are not finite, NaN or infinite. Nothing that was saved has any. */
export class NonFiniteError extends CalmError {
  override name = 'NonFiniteError';
  readonly where: NonFiniteStep;

  constructor(where: NonFiniteStep, advice: string) {
    const { epoch, step, loss, origin } = where;
    super(
      `training: epoch ${epoch}, step ${step} has numbers that are not finite (its loss is ${loss}): ${describeOrigin(origin)}; ${advice}`,
    );
    this.where = where;
  }
}

/** Between the epoch's books and the trainer: what is known of such a step before it is looked into. */
export class UnhealthyStep extends Error {
  readonly step: number;
  readonly batch: TrainingBatch;
  readonly learningRate: number;
  readonly result: StepResult;

  constructor(step: number, batch: TrainingBatch, learningRate: number, result: StepResult) {
    super('numbers that are not finite');
    this.step = step;
    this.batch = batch;
    this.learningRate = learningRate;
    this.result = result;
  }
}

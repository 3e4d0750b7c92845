import type { ForwardOptions, Model } from '../model/model.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { WeightsCopy } from '../model/weights.ts';
import { ArgumentError, reject } from '../runtime/errors.ts';
import { exponentialMovingAverage } from '../kernels/sgd/flat_update.ts';

/**
 * Whose posterior p(z|x,y) EM takes its expectation over. 'current': the parameters being trained, as the released code does; the
 * gradient is then ML's. Otherwise a slow copy theta': an exponential moving average (`momentum` is the share kept at each step),
 * or a snapshot taken anew every `every` steps (generalised EM).
 */
export type PosteriorSource =
  | 'current'
  | { readonly kind: 'ema'; readonly momentum: number }
  | { readonly kind: 'refresh'; readonly every: number };

/** Throws ArgumentError unless the source is one that the model's head can use. */
export function checkPosteriorSource(model: Model, source: PosteriorSource): void {
  if (source === 'current') return;
  const { kind } = model.configuration.head;
  if (kind !== 'calm-em') throw new ArgumentError(`posterior: the head is ${kind}, wanted calm-em`);
  if (source.kind === 'ema' && !(source.momentum >= 0 && source.momentum <= 1))
    reject('posterior', 'momentum', String(source.momentum), '0 to 1');
  if (source.kind === 'refresh' && !(Number.isInteger(source.every) && source.every >= 1))
    reject('posterior', 'every', String(source.every), 'a whole number >= 1');
}

/** A slow copy of a model's weights, and the posterior under it. */
export class SlowPosterior {
  readonly weights: WeightsCopy;
  readonly #model: Model;
  readonly #source: Exclude<PosteriorSource, 'current'>;

  /** Starts as a copy of the present weights. */
  constructor(model: Model, source: Exclude<PosteriorSource, 'current'>) {
    this.#model = model;
    this.#source = source;
    this.weights = model.copyWeights();
  }

  /**
   * p(z|x,y; theta') of a training batch, [N,H,W]. Batch norms use the batch's statistics, as in the pass that is trained, so that
   * with theta' = theta this is exactly its posterior; the copy's own running statistics move.
   */
  posterior(
    tape: Tape,
    images: Tensor,
    labels: Tensor<'u32'>,
    options: Pick<ForwardOptions, 'synchronization'> = {},
  ): Tensor {
    return this.#model.posterior(tape, images, labels, { ...options, weights: this.weights, mode: 'train' });
  }

  /**
   * To be called after optimiser step `step`, counted from 1. Where it was left out, nothing has moved to be averaged, but a refresh
   * that is due is not put off to the next time.
   */
  follow(step: number, { leftOut = false }: { readonly leftOut?: boolean } = {}): void {
    const { engine, weights } = this.#model;
    const source = this.#source;
    if (source.kind === 'refresh') {
      if (step % source.every === 0) this.weights.assign(weights);
    } else if (!leftOut)
      exponentialMovingAverage(engine, this.weights.values, weights.parameters.values, source.momentum);
  }

  dispose(): void {
    this.weights.dispose();
  }
}

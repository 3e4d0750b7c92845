import type { Model } from '../model/model.ts';
import type { SlowPosterior } from './slow_posterior.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { findNonFinite, judge, settle, wordsFor } from '../kernels/non_finite/non_finite.ts';

/**
 * Where a step first had numbers that are not finite: `gradients` (or the loss, or running statistics), and nothing has moved; or
 * `weights`, which its update made so.
 */
export type NonFinitePlace = 'gradients' | 'weights';

interface Watched {
  readonly current: Tensor;
  readonly saved: Tensor;
}

/**
 * Watches training steps for numbers that are not finite, on the GPU: a step whose loss, gradients or running statistics are so is held,
 * weights, momentum and running statistics staying as they were before it, and those launched after it are too, until the host has seen it and calls `begin`.
 * Reads gradients and weights once more, 8 bytes a parameter beside the 20 that the update moves.
 */
export class StepWatch {
  readonly #model: Model;
  readonly #statistics: readonly Watched[];
  /** What the searches through gradients and, from `#ofWeights` on, weights left; from twice that on, those through running statistics. */
  readonly #found: Tensor<'u32'>;
  readonly #ofWeights: number;
  /** [1]: not 0 where steps are held. For `Sgd.step`. */
  readonly verdict: Tensor<'u32'>;

  constructor(model: Model, slow: SlowPosterior | null) {
    const { engine, weights } = model;
    this.#model = model;
    const currents = [weights.statisticsValues, ...(slow === null ? [] : [slow.weights.statisticsValues])];
    this.#statistics = currents.map((current) => ({ current, saved: engine.empty(current.shape) }));
    const words = wordsFor(engine, weights.parameters.gradients);
    this.#ofWeights = words;
    const ofStatistics = currents.reduce((sum, current) => sum + wordsFor(engine, current), 0);
    this.#found = engine.zeros([2 * words + ofStatistics], 'u32');
    this.verdict = engine.zeros([1], 'u32');
  }

  /** What is there now is good. To be called before the first step, with none under way. */
  begin(): void {
    const { engine } = this.#model;
    for (const { current, saved } of this.#statistics) engine.copy(current, saved);
    engine.clear(this.#found);
    engine.clear(this.verdict);
  }

  /** Launches the judgement of a loss [] alone: that of a part of a batch before the last one. */
  judgeLoss(loss: Tensor): void {
    judge(this.#model.engine, this.#found, loss, this.verdict);
  }

  /**
   * Launches the judgement of a loss [] and of running statistics (null: they are not this process's alone to judge), and of the gradients:
   * before the update. Where a variance overflows, what is divided by its root may be 0, and all else finite; in training the running ones
   * are not even read.
   */
  judge(loss: Tensor | null): void {
    const { engine, parameters } = this.#model;
    findNonFinite(engine, parameters.gradients, this.#found, 0);
    let first = 2 * this.#ofWeights;
    for (const { current } of loss === null ? [] : this.#statistics) {
      findNonFinite(engine, current, this.#found, first);
      first += wordsFor(engine, current);
    }
    judge(engine, this.#found, loss, this.verdict);
    for (const { current, saved } of this.#statistics) settle(engine, this.verdict, current, saved);
  }

  /** Launches the judgement of the weights: after the update. */
  judgeWeights(): void {
    const { engine, parameters } = this.#model;
    findNonFinite(engine, parameters.values, this.#found, this.#ofWeights);
  }

  /** What became of the step launched last. */
  async read(): Promise<NonFinitePlace | null> {
    const { engine } = this.#model;
    const ofWeights = this.#found.slice(this.#ofWeights, [this.#ofWeights]);
    const [[held = 0], weights] = await Promise.all([engine.read(this.verdict), engine.read(ofWeights)]);
    if (held !== 0) return 'gradients';
    return weights.some((word) => word !== 0) ? 'weights' : null;
  }

  dispose(): void {
    for (const { saved } of this.#statistics) saved.dispose();
    this.#found.dispose();
    this.verdict.dispose();
  }
}

import type { BatchTensors } from './batch.ts';
import type { Capture } from '../runtime/capture.ts';
import type { Engine } from '../runtime/engine.ts';
import type { RunningStatistics } from '../model/weights.ts';
import type { Tensor } from '../runtime/tensor.ts';

/** What a step leaves to be read, and its memory. */
export interface RecordedStep {
  /** Mean over the batch, []. */
  readonly loss: Tensor;
  /** Images whose highest score is the label's, []. */
  readonly correct: Tensor<'u32'>;
  /** Gives everything back, these two included. */
  readonly end: () => void;
}

/**
 * A training step for batches of one size, recorded once and then replayed: a ResNet-50's costs the CPU a third of what operations and
 * tape cost it anew. The running statistics' batch counters, which are the CPU's, move at every replay.
 */
export class CapturedStep {
  readonly #engine: Engine;
  readonly #inputs: BatchTensors;
  readonly #capture: Capture;
  readonly #counters: readonly { readonly statistics: RunningStatistics; readonly batches: number }[];
  readonly #recorded: RecordedStep;

  /** Captures what `record` launches for tensors shaped as `like`. Every kernel of it must have been launched before. */
  constructor(
    engine: Engine,
    like: BatchTensors,
    statistics: readonly RunningStatistics[],
    record: (inputs: BatchTensors) => RecordedStep,
  ) {
    this.#engine = engine;
    this.#inputs = {
      images: engine.empty(like.images.shape),
      labels: engine.empty(like.labels.shape, 'u32'),
    };
    const before = statistics.map(({ batches }) => batches);
    const recorded: RecordedStep[] = [];
    try {
      this.#capture = engine.capture(() => void recorded.push(record(this.#inputs)));
    } catch (error) {
      this.#disposeInputs();
      throw error;
    } finally {
      this.#counters = statistics.map((own, index) => {
        const count = before[index] ?? 0;
        const batches = own.batches - count;
        // Nothing has run yet.
        own.batches = count;
        return { statistics: own, batches };
      });
    }
    const [step] = recorded;
    if (step === undefined) throw new Error('a capture that returned has recorded');
    this.#recorded = step;
  }

  /** One step on a batch, which is copied; its loss and number of correct images are to be read before the next replay. */
  replay({ images, labels }: BatchTensors): Pick<RecordedStep, 'loss' | 'correct'> {
    this.#engine.copy(images, this.#inputs.images);
    this.#engine.copy(labels, this.#inputs.labels);
    this.#capture.replay();
    for (const { statistics, batches } of this.#counters) statistics.batches += batches;
    return this.#recorded;
  }

  /** Gives all memory back, when the steps under way are done. */
  dispose(): void {
    this.#recorded.end();
    this.#capture.dispose();
    this.#disposeInputs();
  }

  #disposeInputs(): void {
    this.#inputs.images.dispose();
    this.#inputs.labels.dispose();
  }
}

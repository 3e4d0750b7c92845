import type { BatchValues } from './gather_batches.ts';
import type { BatchSynchronization } from '../kernels/batch_norm/synchronization.ts';
import type { BucketStatistics } from './gradient_buckets.ts';
import type { Communicator } from './communicator.ts';
import type { Engine } from '../runtime/engine.ts';
import type { ParameterStore } from '../runtime/parameters.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { CalmError } from '../runtime/errors.ts';
import { gatherBatches } from './gather_batches.ts';
import { GradientBuckets } from './gradient_buckets.ts';
import { synchronizeOver } from './batch_statistics.ts';

/** How ranks train together. */
export interface DataParallelOptions {
  /**
   * Batch norms take their statistics over the batch of all ranks (torch.nn.SyncBatchNorm), so that N ranks with B images each train as one
   * process with N * B does: at two exchanges a layer and step. Default: false, every rank's own images, as PyTorch's DistributedDataParallel.
   */
  readonly synchronizeBatchNorm?: boolean;
  /** Gradients that travel together, in bytes. Default: 25 MB, as PyTorch's DistributedDataParallel. */
  readonly bucketBytes?: number;
  /** Is called when the ranks have agreed to stop since the signal of one of them was aborted: the place to abort this rank's. */
  readonly onStop?: () => void;
}

/** What images gave. */
export interface ImagesResult {
  readonly images: number;
  /** Mean over the images, in nats. */
  readonly loss: number;
  /** Of the images, how many had the label's score highest. */
  readonly correct: number;
}

/**
 * Data-parallel training: every rank has the whole model and a part of each batch. Losses are scaled to the whole batch (see `Trainer`), so
 * gradients only have to be added up. With the same start and the same sums, parameters and momentum stay the same bits on all ranks.
 */
export class DataParallel {
  readonly communicator: Communicator;
  readonly synchronizesBatchNorm: boolean;
  readonly #bucketBytes: number;
  readonly #onStop: (() => void) | undefined;
  #buckets: GradientBuckets | null = null;
  #isRequested = false;
  /** Of steps whose numbers have come and that have not been told of: whether any rank asked to stop. */
  readonly #stops: boolean[] = [];

  constructor(communicator: Communicator, options: DataParallelOptions = {}) {
    this.communicator = communicator;
    this.synchronizesBatchNorm = options.synchronizeBatchNorm ?? false;
    this.#bucketBytes = options.bucketBytes ?? 25e6;
    this.#onStop = options.onStop;
  }

  /** Time and bytes of gradients so far. */
  get statistics(): BucketStatistics {
    return this.#buckets?.statistics ?? { milliseconds: 0, bytes: 0 };
  }

  /** To be called before the backward that makes a batch's gradients whole. */
  watch(tape: Tape, store: ParameterStore): void {
    this.#buckets ??= new GradientBuckets(tape.engine, store, this.communicator, this.#bucketBytes);
    this.#buckets.watch(tape);
  }

  /** To be called after it, before the update: records that the gradients become the sums over all ranks. */
  finish(): void {
    this.#buckets?.finish();
  }

  /** For batch norms, where a rank has `own` of a batch's `whole` images; undefined unless they are synchronised. */
  synchronization(own: number, whole: number): BatchSynchronization | undefined {
    return this.synchronizesBatchNorm ? synchronizeOver(this.communicator, own, whole) : undefined;
  }

  /**
   * A step's numbers over all ranks, from `loss` [] (mean over `images` of this rank) and `correct` [], and what earlier parts of this rank's batch
   * gave. In order with the gradients.
   */
  async result(
    engine: Engine,
    loss: Tensor,
    correct: Tensor<'u32'>,
    images: number,
    earlier: Promise<readonly ImagesResult[]>,
  ): Promise<ImagesResult> {
    let parts: readonly ImagesResult[] = [];
    const arrived = earlier.then((results) => (parts = results));
    // Where the last part never comes to be computed, nobody waits for it; who waits for the earlier parts is told.
    arrived.catch(() => undefined);
    const sum = (bytes: ArrayBuffer): Promise<Float32Array> => {
      const [own = Number.NaN] = new Float32Array(bytes, 0, 1);
      const [count = 0] = new Uint32Array(bytes, 4, 1);
      const all = [...parts, { images, loss: own, correct: count }];
      const total = (of: (part: ImagesResult) => number): number =>
        all.reduce((before, part) => before + of(part), 0);
      return this.communicator.allReduce(
        Float32Array.of(
          total((part) => part.loss * part.images),
          total((part) => part.correct),
          total((part) => part.images),
          this.#isRequested ? 1 : 0,
        ),
      );
    };
    const work = engine.hostWorks.start([loss, correct], sum, arrived);
    const [lossSum = Number.NaN, all = 0, whole = 1, stop = 0] = await engine.hostWorks.result(work);
    this.#stops.push(stop > 0);
    return { images: whole, loss: lossSum / whole, correct: all };
  }

  /**
   * For an epoch of steps: `check` is to be called before every step, `told` as each is told of, in order. An abort of any rank's signal travels with
   * the next step's numbers, so that all ranks stop before the same step; `check` throws then.
   */
  watchForStop(signal: AbortSignal | undefined): { readonly check: () => void; readonly told: () => void } {
    this.#stops.length = 0;
    this.#isRequested = false;
    let isAgreed = false;
    return {
      check: () => {
        if (isAgreed) this.#stop(signal);
        this.#isRequested = signal?.aborted ?? false;
      },
      told: () => {
        if (this.#stops.shift() === true) isAgreed = true;
      },
    };
  }

  /** Throws on every rank when the signal of any is aborted. */
  async agreeOnStop(signal: AbortSignal | undefined): Promise<void> {
    const [asking = 0] = await this.communicator.allReduce(Float32Array.of(signal?.aborted === true ? 1 : 0));
    if (asking > 0) this.#stop(signal);
  }

  /** See `gatherBatches`. */
  gather(own: readonly BatchValues[]): Promise<BatchValues[]> {
    return gatherBatches(this.communicator, own);
  }

  /** Gives every rank the running statistics of rank 0, which are those that checkpoints hold; a no-op where they are synchronised. */
  async shareStatistics(
    engine: Engine,
    statistics: Iterable<{ readonly mean: Tensor; readonly variance: Tensor }>,
  ): Promise<void> {
    if (this.synchronizesBatchNorm || this.communicator.size === 1) return;
    const tensors = [...statistics].flatMap(({ mean, variance }) => [mean, variance]);
    if (tensors.length === 0) return;
    const { rank } = this.communicator;
    const work = engine.hostWorks.start(tensors, async (bytes) => {
      // Of its own memory: `bytes` goes when the engine ends.
      const own = new Uint8Array(rank === 0 ? bytes.slice(0) : []);
      const first = await this.communicator.broadcast(own);
      return new Float32Array(first.slice().buffer);
    });
    engine.hostWorks.finish(work, tensors);
    await engine.sync();
  }

  #stop(signal: AbortSignal | undefined): never {
    this.#onStop?.();
    signal?.throwIfAborted();
    throw new CalmError('another process of the job asked to stop');
  }
}

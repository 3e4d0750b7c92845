import type { Communicator } from './communicator.ts';
import type { DType, Tensor } from '../runtime/tensor.ts';
import type { Engine } from '../runtime/engine.ts';
import type { HostWork } from '../runtime/host_work.ts';
import type { ParameterStore } from '../runtime/parameters.ts';
import type { Tape } from '../runtime/tape.ts';
import { elementCount } from '../runtime/shape.ts';

/** Neighbours in the store whose gradients travel together. */
interface Bucket {
  /** Of the flat gradients. */
  readonly first: number;
  readonly size: number;
  readonly parameters: readonly Tensor<DType>[];
}

/** How buckets fared; for benchmarks. */
export interface BucketStatistics {
  /** Milliseconds from a bucket's arrival at the CPU to its sum, added up: what would be lost without any overlap. */
  milliseconds: number;
  bytes: number;
}

/**
 * Neighbouring trained parameters, from the last of the network to the first, in buckets of about `bytes`: backward produces them in that order.
 * A parameter is never cut, and what is not trained does not travel. Exported for its test.
 */
export function bucketsOf(store: ParameterStore, bytes: number): Bucket[] {
  const buckets: { first: number; end: number; parameters: Tensor<DType>[] }[] = [];
  let last: (typeof buckets)[number] | null = null;
  for (const { value, offset } of store.entries.toReversed()) {
    const end = offset + elementCount(value.shape);
    if (!value.requiresGradient) {
      last = null;
    } else if (last === null || 4 * (last.end - offset) > bytes) {
      last = { first: offset, end, parameters: [value] };
      buckets.push(last);
    } else {
      last.first = offset;
      last.parameters.push(value);
    }
  }
  return buckets.map(({ first, end, parameters }) => ({ first, size: end - first, parameters }));
}

/**
 * Sums a store's gradients over all ranks, bucket by bucket: each leaves the GPU as soon as backward has launched the last of its gradients,
 * and is added up while the GPU computes those of earlier layers. How often backward adds to a parameter is learned at the first step, whose
 * buckets all leave at its end.
 */
export class GradientBuckets {
  readonly statistics: BucketStatistics = { milliseconds: 0, bytes: 0 };
  readonly #engine: Engine;
  readonly #store: ParameterStore;
  readonly #communicator: Communicator;
  readonly #buckets: readonly Bucket[];
  /** How often backward adds to a parameter; null before the first step. */
  #expected: ReadonlyMap<Tensor<DType>, number> | null = null;
  #arrived = new Map<Tensor<DType>, number>();
  #started: HostWork[] = [];

  constructor(engine: Engine, store: ParameterStore, communicator: Communicator, bucketBytes: number) {
    this.#engine = engine;
    this.#store = store;
    this.#communicator = communicator;
    this.#buckets = bucketsOf(store, bucketBytes);
  }

  /** To be called before a tape's backward, at the end of which the gradients are whole. */
  watch(tape: Tape): void {
    this.#arrived = new Map();
    this.#started = [];
    tape.onGradient = (parameter) => {
      this.#arrived.set(parameter, (this.#arrived.get(parameter) ?? 0) + 1);
      // In one order on all ranks, whichever is whole first.
      for (let next = this.#next(); next !== undefined && this.#isWhole(next); next = this.#next())
        this.#start(next);
    };
  }

  /** To be called after backward and before the update. */
  finish(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#start(next);
    for (const [index, { first, size }] of this.#buckets.entries()) {
      const work = this.#started[index];
      if (work !== undefined)
        this.#engine.hostWorks.finish(work, [this.#store.gradients.slice(first, [size])]);
    }
    if (this.#expected === null) {
      this.#expected = this.#arrived;
      return;
    }
    for (const { value, name } of this.#store.entries) {
      const [count, wanted] = [this.#arrived.get(value) ?? 0, this.#expected.get(value) ?? 0];
      // A part of its gradient would have come after its bucket had left.
      if (count !== wanted)
        throw new Error(`backward added ${count} times to ${name}, and ${wanted} times at first`);
    }
  }

  #next(): Bucket | undefined {
    return this.#buckets[this.#started.length];
  }

  #isWhole({ parameters }: Bucket): boolean {
    const expected = this.#expected;
    return (
      expected !== null &&
      parameters.every((parameter) => (this.#arrived.get(parameter) ?? 0) === (expected.get(parameter) ?? 0))
    );
  }

  #start({ first, size }: Bucket): void {
    const source = this.#store.gradients.slice(first, [size]);
    const work = this.#engine.hostWorks.start([source], async (bytes, room) => {
      const start = performance.now();
      const { byteLength } = bytes;
      const sum = await this.#communicator.allReduce(new Float32Array(bytes), room);
      this.statistics.milliseconds += performance.now() - start;
      this.statistics.bytes += byteLength;
      return sum;
    });
    this.#started.push(work);
  }
}

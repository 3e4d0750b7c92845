import type { Communicator } from './communicator.ts';
import type { MpiLibrary, RequestHandle } from './mpi_library.node.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { hostname } from 'node:os';
import { orderedSum, partsOf, shareOf } from './communicator.ts';
import { SilenceWatch, TELLING_MILLISECONDS } from './silence_watch.node.ts';
import { waitPolitely, waitRestlessly } from '../runtime/polite_waiting.node.ts';

/**
 * Up to this size a message goes to everybody as it is; beyond it, or where all together are more, ranks share the work. Either way
 * the sums have the same bits.
 */
const SMALL_BYTES = 64 * 1024;
const SMALL_TOTAL = 1024 * 1024;

/** The longest that a core is kept busy with moving values. */
const RESTLESS_MILLISECONDS = 1000;

/** MPI counts in ints, and the pieces of all ranks lie in one buffer: what a piece may have at most. */
const LARGEST_BUFFER = 2 ** 30;

const inBytes = (floats: number): number => 4 * floats;

const asBytes = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/**
 * A communicator on MPI. No call of MPI waits: what is started is looked after at every turn of the event loop, so this thread goes on recording, and can
 * always tell others how far it is. Every call first waits until all ranks have come, at rest between two looks; values that are large then move without a rest, as
 * MPI moves them only while it is called. Measured in docs/distributed.md.
 */
export class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  hosts: readonly string[] = [];
  readonly #mpi: MpiLibrary;
  readonly #watch: SilenceWatch;
  /** The last call: the next one begins when it is done. */
  #last: Promise<unknown> = Promise.resolve();
  /** Memory for sums that is kept: fresh memory costs as much as copying it. */
  readonly #memory = { all: new Float32Array(), others: new Float32Array() };

  private constructor(mpi: MpiLibrary, timeoutSeconds: number) {
    this.#mpi = mpi;
    this.rank = mpi.rank;
    this.size = mpi.size;
    this.#watch = new SilenceWatch(mpi, timeoutSeconds, () => this.hosts);
  }

  /** Meets the other ranks. `timeoutSeconds`: how long to wait for a rank before the job is ended. */
  static async open(mpi: MpiLibrary, timeoutSeconds: number): Promise<MpiCommunicator> {
    const communicator = new MpiCommunicator(mpi, timeoutSeconds);
    const names = await communicator.allGather(new TextEncoder().encode(hostname()));
    communicator.hosts = names.map((name) => new TextDecoder().decode(name));
    return communicator;
  }

  get localRank(): number {
    const own = this.hosts[this.rank];
    return this.hosts.slice(0, this.rank).filter((host) => host === own).length;
  }

  get description(): string {
    return `${this.#mpi.version}, rank ${this.rank} of ${this.size} on ${this.hosts[this.rank] ?? ''}`;
  }

  allReduce(
    values: Float32Array,
    target: Float32Array = new Float32Array(values.length),
  ): Promise<Float32Array> {
    const { length, byteLength } = values;
    return this.#inTurn(async () => {
      if (byteLength <= SMALL_BYTES && byteLength * this.size <= SMALL_TOTAL)
        return orderedSum(partsOf(await this.#gatherFloats(values), length), target);
      // Everybody adds up one share of the values, and hands it round.
      const shares = Array.from({ length: this.size }, (_, rank) =>
        shareOf(length, { rank, size: this.size }),
      );
      const sizes = shares.map(({ first, end }) => end - first);
      const own = sizes[this.rank] ?? 0;
      // Not `values` itself, which may be memory of the GPU: that goes when an engine ends, even while a network reads it.
      const all = this.#scratch('all', length);
      all.set(values);
      const others = this.#scratch('others', own * this.size);
      await this.#meet();
      const bytes = sizes.map(inBytes);
      await this.#move((request) => this.#mpi.startExchange(asBytes(all), bytes, asBytes(others), request));
      const parts = own === 0 ? [] : partsOf(others, own);
      const { first, end } = shares[this.rank] ?? { first: 0, end: 0 };
      const sum = all.subarray(first, end);
      parts[this.rank] = sum;
      orderedSum(parts, sum);
      await this.#move((request) => this.#mpi.startGather(asBytes(all), bytes, request));
      target.set(all);
      return target;
    });
  }

  allGatherFloats(values: Float32Array): Promise<Float32Array> {
    return this.#inTurn(() => this.#gatherFloats(values));
  }

  allGather(bytes: Uint8Array): Promise<Uint8Array[]> {
    return this.#inTurn(async () => {
      const all = await this.#gatherLengths(bytes);
      const longest = Math.max(...all);
      const results = all.map((length) => new Uint8Array(length));
      const step = Math.max(1, Math.floor(LARGEST_BUFFER / this.size));
      for (let first = 0; first < longest; first += step) {
        const count = Math.min(step, longest - first);
        const piece = new Uint8Array(count);
        piece.set(bytes.subarray(first, first + count));
        const gathered = new Uint8Array(count * this.size);
        await this.#move((request) => this.#mpi.startAllGather(piece, gathered, request));
        for (const [rank, result] of results.entries()) {
          const own = gathered.subarray(rank * count, rank * count + Math.min(count, result.length - first));
          if (first < result.length) result.set(own, first);
        }
      }
      return results;
    });
  }

  broadcast(bytes: Uint8Array, root = 0): Promise<Uint8Array> {
    if (!(Number.isInteger(root) && root >= 0 && root < this.size))
      throw new ArgumentError(`broadcast: root is ${root}, wanted a rank below ${this.size}`);
    return this.#inTurn(async () => {
      const length = (await this.#gatherLengths(bytes))[root] ?? 0;
      const result = this.rank === root ? bytes.slice() : new Uint8Array(length);
      for (let first = 0; first < length; first += LARGEST_BUFFER) {
        const piece = result.subarray(first, first + LARGEST_BUFFER);
        await this.#move((request) => this.#mpi.startBroadcast(piece, root, request));
      }
      return result;
    });
  }

  barrier(): Promise<void> {
    return this.#inTurn(() => this.#meet());
  }

  async abort(code = 1): Promise<void> {
    this.#watch.stop();
    await new Promise((resolve) => setTimeout(resolve, TELLING_MILLISECONDS));
    this.#mpi.abort(code);
  }

  async close(): Promise<void> {
    await this.barrier();
    this.#watch.stop();
    this.#mpi.finalize();
  }

  /** `length` numbers of what came before. */
  #scratch(name: 'all' | 'others', length: number): Float32Array {
    if (this.#memory[name].length < length) this.#memory[name] = new Float32Array(length);
    return this.#memory[name].subarray(0, length);
  }

  /** Runs calls one after the other, whoever makes them; a failed one does not hold up the next. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #gatherLengths({ length }: Uint8Array): Promise<number[]> {
    // Two digits: a float32 is exact up to 2^24.
    const digits = await this.#gatherFloats(Float32Array.of(Math.floor(length / 2 ** 20), length % 2 ** 20));
    return Array.from(
      { length: this.size },
      (_, rank) => (digits[2 * rank] ?? 0) * 2 ** 20 + (digits[2 * rank + 1] ?? 0),
    );
  }

  /** A few numbers of every rank, one behind the other. */
  async #gatherFloats(values: Float32Array): Promise<Float32Array> {
    const all = new Float32Array(values.length * this.size);
    const send = asBytes(values.slice());
    await this.#poll((request) => this.#mpi.startAllGather(send, asBytes(all), request));
    return all;
  }

  #meet(): Promise<void> {
    return this.#poll((request) => this.#mpi.startBarrier(request));
  }

  /** Starts a call that does not block, and looks after it at every turn of the event loop; between two turns the core rests. */
  #poll(start: (request: RequestHandle) => void): Promise<void> {
    const request = new BigInt64Array(1);
    this.#watch.begin();
    start(request);
    if (this.#mpi.test(request)) {
      this.#watch.end();
      return Promise.resolve();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      try {
        if (!this.#mpi.test(request)) {
          setImmediate(look);
          return;
        }
        this.#watch.end();
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    setImmediate(look);
    return waitPolitely(promise);
  }

  /** The same without a rest, but for a network that takes its time: for what all ranks have come to. */
  async #move(start: (request: RequestHandle) => void): Promise<void> {
    const rest = waitRestlessly();
    const limit = setTimeout(rest, RESTLESS_MILLISECONDS);
    try {
      await this.#poll(start);
    } finally {
      clearTimeout(limit);
      rest();
    }
  }
}

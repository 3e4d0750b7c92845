import type { Communicator } from './communicator.ts';
import type { MpiLibrary, RequestHandle } from './mpi_library.node.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { hostname } from 'node:os';
import { orderedSum } from './communicator.ts';
import { SilenceWatch } from './silence_watch.node.ts';
import { waitPolitely } from '../runtime/polite_waiting.node.ts';

/**
 * Up to this size a message goes to everybody as it is; beyond it, or where all together are more, ranks share the work. Either way
 * the sums have the same bits.
 */
const SMALL_BYTES = 64 * 1024;
const SMALL_TOTAL = 1024 * 1024;

/** MPI counts in ints, and the pieces of all ranks lie in one buffer: what a piece may have at most. */
const LARGEST_BUFFER = 2 ** 30;

const asBytes = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/**
 * A communicator on MPI. Every call first waits until all ranks have come, by a non-blocking MPI call that is polled while the event loop turns;
 * then small messages are there already, and large ones are moved by a blocking call on another thread. So this thread goes on recording
 * and no core spins for ranks that are late, which blocking calls of MPI do; measured in docs/distributed.md.
 */
export class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  hosts: readonly string[] = [];
  readonly #mpi: MpiLibrary;
  readonly #watch: SilenceWatch;
  /** The last call: the next one begins when it is done. */
  #last: Promise<unknown> = Promise.resolve();

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

  allReduce(values: Float32Array): Promise<Float32Array> {
    return this.#inTurn(async () => {
      const { byteLength } = values;
      if (byteLength <= SMALL_BYTES && byteLength * this.size <= SMALL_TOTAL)
        return orderedSum(await this.#gatherFloats(values), this.size);
      // Everybody adds up one piece of the values, and hands it round.
      const length = Math.ceil(values.length / this.size);
      const padded = new Float32Array(length * this.size);
      padded.set(values);
      const pieces = new Float32Array(padded.length);
      await this.#meet();
      await this.#inWorker(() => this.#mpi.allToAll(asBytes(padded), asBytes(pieces)));
      const own = orderedSum(pieces, this.size);
      await this.#inWorker(() => this.#mpi.allGather(asBytes(own), asBytes(padded)));
      return padded.subarray(0, values.length);
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
        await this.#inWorker(() => this.#mpi.allGather(piece, gathered));
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
        await this.#inWorker(() => this.#mpi.broadcast(piece, root));
      }
      return result;
    });
  }

  barrier(): Promise<void> {
    return this.#inTurn(() => this.#meet());
  }

  abort(code = 1): void {
    this.#watch.stop();
    this.#mpi.abort(code);
  }

  async close(): Promise<void> {
    await this.barrier();
    this.#watch.stop();
    this.#mpi.finalize();
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

  async #inWorker(call: () => Promise<void>): Promise<void> {
    this.#watch.pause();
    try {
      await call();
    } finally {
      this.#watch.resume();
    }
  }
}

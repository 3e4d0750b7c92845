import type { BufferRange, CommandQueue } from './commands.ts';
import type { DType, Tensor } from './tensor.ts';
import { CalmError, reject } from './errors.ts';

/** What the CPU does to the values that left the GPU: little-endian bytes of all sources, one behind the other. */
export type HostFunction = (bytes: ArrayBuffer) => Promise<Float32Array>;

/** Work of the CPU between two launches: begun with `start`, its result put to use with `finish` or `result`. */
export interface HostWork {
  /** Of the latest run, once its values have left the GPU. */
  result: Promise<Float32Array> | null;
}

/** What host works ask of their engine. */
export interface HostWorkOwner {
  readonly commands: CommandQueue;
  /** The range of a tensor's memory. Throws when it is another engine's. */
  readonly range: (operation: string, tensor: Tensor<DType>) => BufferRange;
  /** Waits for the GPU. */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>;
  /** Rejects with whatever goes wrong on the device meanwhile, and at once when the engine ends. */
  readonly during: <T>(operation: string, work: () => Promise<T>) => Promise<T>;
}

const MAP_READ = 0x01;

/**
 * Lets the CPU work on values in the middle of recorded work: values leave after what was recorded before `start`, and what was
 * recorded after `finish` waits for the result; in between the GPU goes on. For sums over processes, say. May be captured and replayed.
 */
export class HostWorks {
  readonly #owner: HostWorkOwner;
  /** The last work's beginning: works begin in the order in which they were recorded, whenever their values arrive. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(owner: HostWorkOwner) {
    this.#owner = owner;
  }

  /** Records that `work` begins with the values of `sources` then; not before earlier works have begun, nor before `after`. */
  start(sources: readonly Tensor<DType>[], work: HostFunction, after?: Promise<unknown>): HostWork {
    const state: HostWork = { result: null };
    this.#download('hostWork', sources, (bytes) => {
      const begun = Promise.all([bytes, this.#turn, after]);
      state.result = begun.then(([values]) => work(values));
      // Whoever waits for the result sees the failure.
      state.result.catch(() => undefined);
      this.#turn = begun.catch(() => undefined);
    });
    return state;
  }

  /** Records that the work's result goes into `targets`, one behind the other; whatever is recorded then sees it. */
  finish(work: HostWork, targets: readonly Tensor[]): void {
    const { commands, range } = this.#owner;
    const ranges = targets.map((target) => range('hostWork', target));
    const size = targets.reduce((sum, target) => sum + target.size, 0);
    const values = async (): Promise<Float32Array> => {
      const result = await work.result;
      if (result?.length !== size)
        reject('hostWork', 'length of the result', String(result?.length), `${size} for its targets`);
      return result;
    };
    commands.add({ kind: 'upload', targets: ranges, values });
  }

  /** Submits what is recorded and waits for the work's result. Rejects with whatever went wrong before. */
  result(work: HostWork): Promise<Float32Array> {
    return this.#owner.during('hostWork', async () => {
      await this.#owner.wait(this.#owner.commands.flush());
      const result = await work.result;
      if (result === null) throw new CalmError('hostWork: what was recorded before it failed');
      return result;
    });
  }

  /** The bytes of a tensor, after all that has been recorded. */
  async read(tensor: Tensor<DType>): Promise<ArrayBuffer> {
    const arriving: Promise<ArrayBuffer>[] = [];
    this.#download('read', [tensor], (bytes) => void arriving.push(bytes));
    await this.#owner.wait(this.#owner.commands.flush());
    const [bytes] = await Promise.all(arriving);
    return bytes ?? new ArrayBuffer();
  }

  #download(
    operation: string,
    tensors: readonly Tensor<DType>[],
    arrive: (bytes: Promise<ArrayBuffer>) => void,
  ): void {
    const { commands, range } = this.#owner;
    const sources = tensors.map((tensor) => range(operation, tensor));
    commands.add({ kind: 'download', sources, arrive: (staging) => arrive(this.#map(staging)) });
  }

  async #map(staging: GPUBuffer): Promise<ArrayBuffer> {
    try {
      await this.#owner.wait(staging.mapAsync(MAP_READ));
      return staging.getMappedRange().slice(0);
    } finally {
      staging.destroy();
    }
  }
}

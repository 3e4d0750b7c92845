import type { BufferPool } from './pool.ts';
import type { BufferRange, CommandQueue } from './commands.ts';
import type { DType, Tensor } from './tensor.ts';
import { CalmError, reject } from './errors.ts';

/**
 * What the CPU does to the values that left the GPU: little-endian bytes of all sources, one behind the other. In `room`, of as many bytes, a result
 * that goes back into tensors lies best: elsewhere it has to be copied there. Both are gone when the promise settles, or the engine ends.
 */
export type HostFunction = (bytes: ArrayBuffer, room: Float32Array) => Promise<Float32Array>;

/** Work of the CPU between two launches: begun with `start`, its result put to use with `finish` or `result`. */
export interface HostWork {
  /** Of the latest run, once its values have left the GPU. */
  result: Promise<Float32Array> | null;
  /** What that run passes through, until its result has been put to use. */
  staging: Staging | null;
  /** Of the result, which may be gone. */
  length: number;
}

/** Memory that both CPU and GPU reach: values come by `download`, and results go by `upload`. */
interface Staging {
  readonly download: GPUBuffer;
  readonly upload: GPUBuffer;
}

/** What host works ask of their engine. */
export interface HostWorkOwner {
  readonly device: GPUDevice;
  readonly commands: CommandQueue;
  readonly pool: Pick<BufferPool, 'makeRoom' | 'stagingBytes'>;
  /** The range of a tensor's memory. Throws when it is another engine's. */
  readonly range: (operation: string, tensor: Tensor<DType>) => BufferRange;
  /** Waits for the GPU. */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>;
  /** Rejects with whatever goes wrong on the device meanwhile, and at once when the engine ends. */
  readonly during: <T>(operation: string, work: () => Promise<T>) => Promise<T>;
}

const MAP_READ = 0x01;
const MAP_WRITE = 0x02;
const COPY_SOURCE = 0x04;
const COPY_DESTINATION = 0x08;

const bytesOf = (ranges: readonly BufferRange[]): number => ranges.reduce((sum, { size }) => sum + size, 0);

/**
 * Lets the CPU work on values in the middle of recorded work: values leave after what was recorded before `start`, and what was
 * recorded after `finish` waits for the result; in between the GPU goes on. For sums over processes, say. May be captured and replayed.
 */
export class HostWorks {
  readonly #owner: HostWorkOwner;
  /** The last work's beginning: works begin in the order in which they were recorded, whenever their values arrive. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Of works that are done, for the next ones of their size: fresh memory costs as much as copying it. */
  readonly #idle: Staging[] = [];

  constructor(owner: HostWorkOwner) {
    this.#owner = owner;
  }

  /**
   * Records that `work` begins with the values of `sources` then; not before earlier works have begun, nor before `after`. Throws
   * OutOfMemoryError where what they pass through has no room beside the engine's tensors.
   */
  start(sources: readonly Tensor<DType>[], work: HostFunction, after?: Promise<unknown>): HostWork {
    const state: HostWork = { result: null, staging: null, length: 0 };
    const ranges = this.#ranges(sources);
    const size = bytesOf(ranges);
    if (this.#placeOf(size) < 0) this.#owner.pool.makeRoom(2 * size, 'hostWork');
    const run = async ({ download, upload }: Staging): Promise<Float32Array> => {
      const room = new Float32Array(upload.getMappedRange());
      const result = await work(download.getMappedRange(), room);
      state.length = result.length;
      if (result !== room && result.length === room.length) room.set(result);
      download.unmap();
      upload.unmap();
      return result;
    };
    this.#owner.commands.add({
      kind: 'download',
      sources: ranges,
      staging: () => (state.staging = this.#take(size)).download,
      arrive: () => {
        const { staging } = state;
        if (staging === null) return;
        const maps = [staging.download.mapAsync(MAP_READ), staging.upload.mapAsync(MAP_WRITE)];
        const begun = Promise.all([this.#owner.wait(Promise.all(maps)), this.#turn, after]);
        state.result = begun.then(() => run(staging));
        // Whoever waits for the result sees the failure.
        state.result.catch(() => this.#destroy(staging));
        this.#turn = begun.catch(() => undefined);
      },
    });
    return state;
  }

  /** Records that the work's result goes into `targets`, one behind the other; whatever is recorded then sees it. */
  finish(work: HostWork, targets: readonly Tensor[]): void {
    const size = targets.reduce((sum, target) => sum + target.size, 0);
    const values = async (): Promise<GPUBuffer> => {
      await work.result;
      const { staging, length } = work;
      if (staging?.upload.size === 4 * size && length === size) return staging.upload;
      this.#give(work);
      return reject(
        'hostWork',
        'length of the result',
        String(length),
        `${size} for its targets, and its sources`,
      );
    };
    this.#owner.commands.add({
      kind: 'upload',
      targets: this.#ranges(targets),
      values,
      done: () => this.#give(work),
    });
  }

  /** Submits what is recorded and waits for the work's result. Rejects with whatever went wrong before. */
  result(work: HostWork): Promise<Float32Array> {
    return this.#owner.during('hostWork', async () => {
      await this.#owner.wait(this.#owner.commands.flush());
      const result = await work.result;
      if (result === null) throw new CalmError('hostWork: what was recorded before it failed');
      this.#give(work);
      return result;
    });
  }

  /** The bytes of a tensor, after all that has been recorded. */
  async read(tensor: Tensor<DType>): Promise<ArrayBuffer> {
    const { commands, wait } = this.#owner;
    const sources = this.#ranges([tensor], 'read');
    const arriving: Promise<ArrayBuffer>[] = [];
    const staging = (): GPUBuffer => this.#create(bytesOf(sources), MAP_READ | COPY_DESTINATION);
    commands.add({ kind: 'download', sources, staging, arrive: (from) => arriving.push(this.#copyOf(from)) });
    await wait(commands.flush());
    const [bytes] = await Promise.all(arriving);
    return bytes ?? new ArrayBuffer();
  }

  /** Frees what no work uses. */
  trim(): void {
    for (const staging of this.#idle.splice(0)) this.#destroy(staging);
  }

  #destroy({ download, upload }: Staging): void {
    for (const buffer of [download, upload]) buffer.destroy();
    this.#owner.pool.stagingBytes -= 2 * download.size;
  }

  async #copyOf(staging: GPUBuffer): Promise<ArrayBuffer> {
    try {
      await this.#owner.wait(staging.mapAsync(MAP_READ));
      return staging.getMappedRange().slice(0);
    } finally {
      staging.destroy();
    }
  }

  #ranges(tensors: readonly Tensor<DType>[], operation = 'hostWork'): BufferRange[] {
    return tensors.map((tensor) => this.#owner.range(operation, tensor));
  }

  #create(size: number, usage: number): GPUBuffer {
    return this.#owner.device.createBuffer({ label: 'staging', size, usage });
  }

  #placeOf(size: number): number {
    return this.#idle.findIndex(({ download }) => download.size === size);
  }

  #take(size: number): Staging {
    const place = this.#placeOf(size);
    const [known] = place < 0 ? [] : this.#idle.splice(place, 1);
    if (known !== undefined) return known;
    this.#owner.pool.stagingBytes += 2 * size;
    return {
      download: this.#create(size, MAP_READ | COPY_DESTINATION),
      upload: this.#create(size, MAP_WRITE | COPY_SOURCE),
    };
  }

  #give(work: HostWork): void {
    if (work.staging !== null) this.#idle.push(work.staging);
    work.staging = null;
  }
}

import type { PictureDecoder, PictureSource } from './dataset.ts';
import { availableParallelism } from 'node:os';
import { CalmError, DisposedError, reject } from '../runtime/errors.ts';
import { ImageDecodeError } from './image.ts';
import { resizedPicture } from './resized_picture.node.ts';
import { Worker } from 'node:worker_threads';

/** What a thread is asked. */
export interface DecodeRequest {
  readonly id: number;
  readonly source: PictureSource;
  readonly side: number;
}

/** What it answers: the picture, whose memory it hands over, or why there is none (`bad`: the picture's own fault). */
export type DecodeReply =
  | { readonly id: number; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly message: string; readonly bad: boolean };

export interface DecoderPoolOptions {
  /** Threads; 0 decodes on the caller's. Default: defaultWorkers(). */
  readonly workers?: number;
}

/** Threads that decode. They do not keep the process alive while they have nothing to do. */
export interface DecoderPool extends PictureDecoder {
  readonly workers: number;
  /** Ends the threads; what they were asked rejects with a DisposedError. */
  dispose(): Promise<void>;
}

/**
 * How many threads to decode on: one fewer than there are cores, at most 16. Where the kernels run on the same cores (a software adapter) none: a thread would only take
 * turns with the kernels. On two cores with Mesa lavapipe a step of ResNet-50 on two images took 1042 ms with none, 1203 with one, 1100 with two, and 1054
 * without any loading (`bench/loading.ts`).
 */
export function defaultWorkers({ software = false } = {}): number {
  return software ? 0 : Math.min(Math.max(availableParallelism() - 1, 1), 16);
}

/** Makes a pool; threads start when there is something to do. Results do not depend on their number. Throws an ArgumentError on a number that does not fit. */
export function createDecoderPool({ workers = defaultWorkers() }: DecoderPoolOptions = {}): DecoderPool {
  if (!Number.isInteger(workers) || workers < 0 || workers > 256)
    reject('createDecoderPool', 'workers', String(workers), 'an integer in [0, 256]');
  if (workers > 0) return new ThreadPool(workers);
  return {
    workers,
    async resized(source, side, signal) {
      signal.throwIfAborted();
      return resizedPicture(source, side);
    },
    dispose: () => Promise.resolve(),
  };
}

interface Job extends DecodeRequest {
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

/** Jobs a thread holds at a time: one to work on, and one to go on with. */
const JOBS_A_THREAD = 2;

class ThreadPool implements DecoderPool {
  readonly workers: number;
  readonly #threads = new Set<Thread>();
  /** In order; only paths, so that it may be long. */
  readonly #waiting = new Map<number, Job>();
  #nextId = 0;
  #disposed = false;

  constructor(workers: number) {
    this.workers = workers;
  }

  async resized(source: PictureSource, side: number, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#disposed) throw new DisposedError('the decoder pool was disposed of');
    signal.throwIfAborted();
    const { promise, resolve, reject: fail } = Promise.withResolvers<Uint8Array>();
    const id = this.#nextId++;
    const onAbort = (): void => {
      if (this.#waiting.delete(id)) fail(signal.reason);
    };
    signal.addEventListener('abort', onAbort);
    this.#waiting.set(id, { id, source, side, resolve, reject: fail });
    this.#dispatch();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const ended = new DisposedError('the decoder pool was disposed of');
    for (const job of this.#waiting.values()) job.reject(ended);
    this.#waiting.clear();
    const threads = [...this.#threads];
    for (const thread of threads) this.#drop(thread, ended);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    for (const [id, job] of this.#waiting) {
      const thread = this.#leastBusy();
      if (!thread) return;
      this.#waiting.delete(id);
      if (thread.jobs.size === 0) thread.worker.ref();
      thread.jobs.set(id, job);
      const request: DecodeRequest = { id, source: job.source, side: job.side };
      thread.worker.postMessage(request, []);
    }
  }

  /** A thread that may take a job; a new one as long as all are busy and there may be more. */
  #leastBusy(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of this.#threads) if (!best || thread.jobs.size < best.jobs.size) best = thread;
    if (this.#threads.size < this.workers && (!best || best.jobs.size > 0)) return this.#start();
    return best && best.jobs.size < JOBS_A_THREAD ? best : undefined;
  }

  #start(): Thread {
    // Without the process's own flags: some (such as --input-type) mean nothing to a thread and would keep it from starting.
    const worker = new Worker(new URL('./decode_worker.node.ts', import.meta.url), { execArgv: [] });
    const thread: Thread = { worker, jobs: new Map() };
    worker.on('message', (reply: DecodeReply) => {
      this.#settle(thread, reply);
    });
    worker.on('error', (error: unknown) => {
      this.#drop(thread, threadError(thread, error instanceof Error ? error.message : String(error)));
    });
    worker.on('exit', (code) => {
      this.#drop(thread, threadError(thread, `exit code ${code}`));
    });
    this.#threads.add(thread);
    return thread;
  }

  #settle(thread: Thread, reply: DecodeReply): void {
    const job = thread.jobs.get(reply.id);
    thread.jobs.delete(reply.id);
    if (thread.jobs.size === 0) thread.worker.unref();
    if (job) {
      if ('data' in reply) job.resolve(reply.data);
      else job.reject(reply.bad ? new ImageDecodeError(reply.message) : new CalmError(reply.message));
    }
    this.#dispatch();
  }

  /** Forgets a thread that has ended or is about to; another takes its place when there is something to do. */
  #drop(thread: Thread, error: Error): void {
    if (!this.#threads.delete(thread)) return;
    for (const job of thread.jobs.values()) job.reject(error);
    thread.jobs.clear();
    if (!this.#disposed) this.#dispatch();
  }
}

function threadError({ jobs }: Thread, reason: string): CalmError {
  const paths = Array.from(jobs.values(), ({ source }) => source.path).join(', ');
  return new CalmError(`a decoding thread ended (${reason}) while it had ${paths || 'nothing to do'}`);
}

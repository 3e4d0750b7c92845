import type { FuzzReply, FuzzRequest } from './worker.ts';
import type { Report } from './target.ts';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { SCRATCH } from './scratch.ts';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';

/** An input takes a millisecond; a hang takes for ever. Between them is what a busy machine may add. */
const LONGEST_MILLISECONDS = 10_000;

/** Tries inputs in a thread with a bounded heap, and ends it when one of them takes too long. */
export class Fuzzer {
  readonly #progress = new Int32Array(new SharedArrayBuffer(4));
  readonly #scratch = mkdtempSync(join(tmpdir(), 'calm-fuzz-'));
  #worker: Worker | null = null;

  /** Rejects with the first input that is a finding, and how to have it again. */
  async fuzz(request: FuzzRequest): Promise<Report> {
    const worker = (this.#worker ??= new Worker(new URL('./worker.ts', import.meta.url), {
      execArgv: [],
      workerData: this.#progress,
      env: { ...process.env, [SCRATCH]: this.#scratch },
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    }));
    const { promise, resolve } = Promise.withResolvers<FuzzReply>();
    const fail = (what: string): void => resolve({ finding: `input ${this.#progress[0]}: ${what}` });
    const onMessage = (reply: FuzzReply): void => resolve(reply);
    const onError = (error: unknown): void => fail(`ends the thread: ${String(error)}`);
    let [at, since] = [-1, performance.now()];
    const watch = setInterval(() => {
      const index = Atomics.load(this.#progress, 0);
      if (index !== at) [at, since] = [index, performance.now()];
      else if (performance.now() - since > LONGEST_MILLISECONDS)
        fail(`takes more than ${LONGEST_MILLISECONDS} ms`);
    }, 100);
    worker.on('message', onMessage).on('error', onError);
    worker.postMessage(request, []);
    const reply = await promise;
    clearInterval(watch);
    worker.off('message', onMessage).off('error', onError);
    if ('report' in reply) return reply.report;
    await this.#end();
    throw new Error(
      `${request.target}, seed ${request.seed}, ${reply.finding}\n` +
        `again: CALM_FUZZ_SEED=${request.seed} CALM_FUZZ_FIRST=${this.#progress[0]} CALM_FUZZ=1 npx vitest run test/fuzz/parsers.test.ts -t '${request.target}'`,
    );
  }

  async end(): Promise<void> {
    await this.#end();
    rmSync(this.#scratch, { recursive: true });
  }

  async #end(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }
}

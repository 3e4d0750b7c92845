/** A peer in a process of its own: PyTorch, and whoever's peak memory is to be told apart. */
import { createInterface } from 'node:readline';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answers, Failure, Request } from './protocol.ts';
import type { Contender, Peer } from './peer.ts';
import type { HostTensors } from '../tensors.ts';
import type { Work } from '../work.ts';
import { loadTensors, storeTensors } from './protocol.ts';
import { NotOffered } from './peer.ts';

/** A peer whose process tells, when it ends, how much memory it had at most. */
export interface RemotePeer extends Peer {
  close(): Promise<void>;
  /** Most megabytes that the process has had; known after `close`. */
  readonly peakMegabytes: number;
}

/** Most lines of a failed process's standard error to show. */
const SHOWN_ERROR_LINES = 3;

class Connection {
  readonly #process;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor(command: string, parameters: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#process = spawn(command, parameters, { env: { ...process.env, ...environment } });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    // The answer that does not come says it; without listeners these would end this process.
    this.#process.on('error', (error) => (this.#errors += error.message));
    this.#process.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async answer<C extends keyof Answers>(): Promise<Answers[C]> {
    const { done, value } = await this.#lines.next();
    if (done === true) {
      const lines = this.#errors.trim().split('\n').slice(-SHOWN_ERROR_LINES);
      throw new Error(`its process ended: ${lines.join(' / ')}`);
    }
    const answer = JSON.parse(value) as Answers[C] | Failure;
    if (!('error' in answer)) return answer;
    throw answer.notOffered === true ? new NotOffered(answer.error) : new Error(answer.error);
  }

  ask<R extends Request>(request: R): Promise<Answers[R['command']]> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  kill(): void {
    this.#process.kill();
  }
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'compare-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function prepare(connection: Connection, work: Work, inputs: HostTensors): Promise<Contender> {
  await withFolder((folder) =>
    connection.ask({ command: 'prepare', work, inputs: storeTensors(folder, inputs) }),
  );
  return {
    outputs: () =>
      withFolder(async (folder) =>
        loadTensors((await connection.ask({ command: 'outputs', folder })).outputs),
      ),
    time: async (repetitions) => (await connection.ask({ command: 'time', repetitions })).milliseconds,
    dispose: async () => void (await connection.ask({ command: 'dispose' })),
  };
}

/** Starts a process that answers the protocol. */
export async function openRemote(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RemotePeer> {
  const connection = new Connection(command, parameters, environment);
  let peakMegabytes = Number.NaN;
  try {
    const { name, versions } = await connection.answer<'hello'>();
    return {
      name,
      versions,
      prepare: (work, inputs) => prepare(connection, work, inputs),
      async close() {
        try {
          ({ peakMegabytes } = await connection.ask({ command: 'close' }));
        } finally {
          connection.kill();
        }
      },
      get peakMegabytes() {
        return peakMegabytes;
      },
    };
  } catch (error) {
    connection.kill();
    throw error;
  }
}

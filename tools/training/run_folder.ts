import type { RunRecord } from './configuration.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { appendFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * The folder of a training run:
 *
 *     configuration.json   all options, the resolved model, classes, adapter and versions of every session
 *     log.jsonl            one line a step, one an epoch, one a session
 *     last.safetensors     model, momentum and theta' after the last epoch, or where the run was interrupted
 *     best.safetensors     the model of the epoch with the best accuracy on the evaluated split
 */
export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get last(): string {
    return join(this.path, 'last.safetensors');
  }

  get best(): string {
    return join(this.path, 'best.safetensors');
  }

  get log(): string {
    return join(this.path, 'log.jsonl');
  }

  get #configuration(): string {
    return join(this.path, 'configuration.json');
  }

  /** Makes the folder for a new run. Throws ArgumentError when it holds a run already. */
  async begin(): Promise<void> {
    if ((await this.#read()) !== null) {
      throw new ArgumentError(
        `--out: ${this.path} holds a run already; carry it on with --resume, or choose another folder`,
      );
    }
    await mkdir(this.path, { recursive: true });
  }

  /** The record of the run in it. Throws ArgumentError when there is none. */
  async record(): Promise<RunRecord> {
    const text = await this.#read();
    if (text === null)
      throw new ArgumentError(`--resume: ${this.path} holds no run (it has no configuration.json)`);
    try {
      return JSON.parse(text) as RunRecord;
    } catch (error) {
      throw new ArgumentError(`${this.#configuration}: no JSON`, { cause: error });
    }
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomically(this.#configuration, `${JSON.stringify(record, null, 2)}\n`);
  }

  /** Appends an object to the log as one line of JSON. At once, so that a crash loses nothing: it costs some microseconds. */
  addLine(line: Readonly<Record<string, unknown>>): void {
    appendFileSync(this.log, `${JSON.stringify(line)}\n`);
  }

  async #read(): Promise<string | null> {
    try {
      return await readFile(this.#configuration, 'utf8');
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }
}

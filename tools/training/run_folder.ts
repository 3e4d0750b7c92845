import type { RunRecord } from './configuration.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { appendFileSync, existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

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

  /** Makes the folder for a new run. What a run left that never saved its weights goes. Throws ArgumentError when one did. */
  async begin(): Promise<void> {
    if (existsSync(this.last)) {
      throw new ArgumentError(
        `--out: ${this.path} holds a run already; carry it on with --resume, or choose another folder`,
      );
    }
    await mkdir(this.path, { recursive: true });
    await rm(this.log, { force: true });
  }

  /** The record of the run in it. Throws ArgumentError when there is none that has saved its weights. */
  async record(): Promise<RunRecord> {
    if (!existsSync(this.last))
      throw new ArgumentError(`--resume: ${this.path} holds no run (it has no last.safetensors)`);
    const text = await readFile(this.#configuration, 'utf8');
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
}

import type { RunRecord } from './configuration.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { appendFileSync, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

/** What a checkpoint has seen. */
export interface LogPosition {
  readonly epochsDone: number;
  /** Of the epoch under way; null between two. */
  readonly progress: { readonly epoch: number; readonly step: number } | null;
  /** The last epoch whose evaluation is done. */
  readonly judged: number;
}

/** Whether a line of the log tells of something that the checkpoint has seen too. */
function isKnown(text: string, { epochsDone, progress, judged }: LogPosition): boolean {
  try {
    const line = JSON.parse(text) as {
      readonly kind?: string;
      readonly epoch?: number;
      readonly step?: number;
    };
    const { kind, epoch = 0, step = 0 } = line;
    if (kind === 'evaluation') return epoch <= judged;
    if (kind === 'step' && epoch === progress?.epoch) return step <= progress.step;
    return kind === 'session' || epoch <= epochsDone;
  } catch {
    return false;
  }
}

/**
 * The folder of a training run:
 *
 *     configuration.json   all options, the resolved model, classes, adapter and versions of every session
 *     log.jsonl            one line a step, one an epoch, one an evaluation, one a session
 *     events.out.tfevents.*  the same for TensorBoard, a file a session
 *     last.safetensors     model, momentum and theta' after the last epoch, or where the run was saved within one
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
    const isOld = (name: string): boolean => name === 'log.jsonl' || name.startsWith('events.out.tfevents.');
    for (const name of await readdir(this.path)) if (isOld(name)) await rm(join(this.path, name));
  }

  /** The record of the run in it. Throws ArgumentError when there is none that has saved its weights. */
  async record(): Promise<RunRecord> {
    if (!existsSync(this.last))
      throw new ArgumentError(`--resume: ${this.path} holds no run (it has no last.safetensors)`);
    const text = await readFile(this.#configuration, 'utf8');
    let record: RunRecord;
    try {
      record = JSON.parse(text) as RunRecord;
    } catch (error) {
      throw new ArgumentError(`${this.#configuration}: no JSON`, { cause: error });
    }
    if (typeof record.options !== 'object')
      throw new ArgumentError(`${this.#configuration} has no options: it was written by another version`);
    return record;
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomically(this.#configuration, `${JSON.stringify(record, null, 2)}\n`);
  }

  /**
   * Takes back what the log tells of beyond a checkpoint, since it is about to be done again: steps and epochs after it, and the line
   * that a crash cut short. What a kill left of a file half written goes too.
   */
  async rewind(position: LogPosition): Promise<void> {
    for (const name of await readdir(this.path))
      if (name.startsWith('.') && name.endsWith('.part')) await rm(join(this.path, name));
    if (!existsSync(this.log)) return;
    const text = await readFile(this.log, 'utf8');
    const kept = text.split('\n').filter((line) => isKnown(line, position));
    await writeFileAtomically(this.log, kept.map((line) => `${line}\n`).join(''));
  }

  /** Appends an object to the log as one line of JSON. At once, so that a crash loses nothing: it costs some microseconds. */
  addLine(line: Readonly<Record<string, unknown>>): void {
    appendFileSync(this.log, `${JSON.stringify(line)}\n`);
  }
}

import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { RunRecord } from './configuration.ts';
import { ArgumentError, CalmError } from '../../src/runtime/errors.ts';
import { appendFileSync, existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FolderLock } from './folder_lock.ts';
import { makeOutFolder } from '../out_folder.ts';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { parseRunRecord } from './run_record.ts';
import { readCheckpoint } from '../../src/train/checkpoint.node.ts';
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
    const isStep = kind === 'step' || kind === 'skipped step';
    if (isStep && epoch === progress?.epoch) return step <= progress.step;
    return kind === 'session' || epoch <= epochsDone;
  } catch {
    return false;
  }
}

/** A step's line of the log, as far as curves have it. */
export interface LoggedStep {
  readonly kind: string;
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
}

/** A file of the folder half written, as `writeFileAtomically` names it. */
const UNFINISHED =
  /^\.(?:configuration\.json|log\.jsonl|(?:last|best)\.safetensors)\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.part$/;

/** Event files as `EventFile` names them; a TensorBoard folder may hold others' too. */
const OWN_CURVES = /^events\.out\.tfevents\.\d+\.calm$/;

/** Where a run can be carried on. */
export interface FoundCheckpoint {
  /** Null: nothing has been saved yet, the run begins. */
  readonly checkpoint: Checkpoint | null;
  /** A line for people where it is not the newest. */
  readonly note: string | null;
}

/** Whether a file could not be read for want of a right, which says nothing of what is in it. */
function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && (error.code === 'EACCES' || error.code === 'EPERM')) return true;
  return isForbidden(error.cause);
}

/**
 * The folder of a training run:
 *
 *     configuration.json   all options, the resolved model, classes, adapter and versions of every session
 *     log.jsonl            one line a step, one an epoch, one an evaluation, one a session
 *     events.out.tfevents.*  the same for TensorBoard, a file a session
 *     last.safetensors     model, momentum and theta' after the last epoch, or where the run was saved within one
 *     previous.safetensors what last.safetensors was before: the run goes on from it where the last one is damaged or missing
 *     best.safetensors     the model of the epoch with the best accuracy on the evaluated split
 *     run.lock             while a process writes to it: which one
 */
export class RunFolder {
  readonly path: string;
  /** Whether this process writes to it. */
  readonly isKept: boolean = true;
  #isLastDamaged = false;
  #lock: FolderLock | null = null;

  constructor(path: string) {
    this.path = path;
  }

  get last(): string {
    return join(this.path, 'last.safetensors');
  }

  get previous(): string {
    return join(this.path, 'previous.safetensors');
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

  get #hasWeights(): boolean {
    return existsSync(this.last) || existsSync(this.previous);
  }

  /** Makes the folder of a new run, and holds it. Throws ArgumentError when a file is in the way, or another process holds it. */
  async make(): Promise<void> {
    await makeOutFolder(this.path);
    this.#checkFiles();
    this.#lock = await FolderLock.take(this.path);
  }

  /** Holds the folder of a run that is to go on. Throws ArgumentError when there is none, or another process holds it. */
  async hold(): Promise<void> {
    this.#checkIsRun();
    this.#lock = await FolderLock.take(this.path);
  }

  /** Lets others write to the folder. */
  release(): void {
    this.#lock?.release();
    this.#lock = null;
  }

  /**
   * Begins a new run in the folder, which is made where there is none. What a run left that never saved its weights goes. Throws ArgumentError when one did, or when there is
   * a log that is no run's.
   */
  async begin(): Promise<void> {
    if (this.#hasWeights) {
      throw new ArgumentError(
        `--out: ${this.path} holds a run already; carry it on with --resume, or choose another folder`,
      );
    }
    await makeOutFolder(this.path);
    const log = await readFile(this.log, 'utf8').catch(() => '');
    if (log !== '' && !log.startsWith('{"kind":"session"'))
      throw new ArgumentError(`--out: ${this.log} is no run's; move it away, or choose another folder`);
    await rm(this.log, { force: true });
    await this.#remove(OWN_CURVES);
    await this.#remove(UNFINISHED);
  }

  /** The record of the run in it. Throws ArgumentError when there is none. */
  async record(): Promise<RunRecord> {
    this.#checkIsRun();
    const text = await readFile(this.#configuration, 'utf8');
    return parseRunRecord(text, this.#configuration);
  }

  /**
   * The newest whole checkpoint: last.safetensors, or previous.safetensors where that one is damaged or missing.
   * @throws CalmError when there are checkpoints, and none is whole
   */
  async checkpoint(): Promise<FoundCheckpoint> {
    if (!this.#hasWeights)
      return {
        checkpoint: null,
        note: `--resume: ${this.path} has no checkpoint yet: the run begins anew`,
      };
    try {
      return { checkpoint: await readCheckpoint(this.last), note: null };
    } catch (error) {
      if (!(error instanceof CalmError) || isForbidden(error) || !existsSync(this.previous)) throw error;
      // Where the one before says the same, it is not damage.
      const checkpoint = await readCheckpoint(this.previous).catch(() => {
        throw error;
      });
      this.#isLastDamaged = true;
      const steps = checkpoint.training?.steps ?? 0;
      const note = `--resume: ${error.message}. The run goes on from ${basename(this.previous)}, after step ${steps} in all.`;
      return { checkpoint, note };
    }
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomically(this.#configuration, `${JSON.stringify(record, null, 2)}\n`);
  }

  /**
   * Takes back what the log tells of beyond a checkpoint, since it is about to be done again: steps and epochs after it, and the line
   * that a crash cut short. What a kill left of a file half written goes too. A damaged checkpoint is put aside as
   * damaged.safetensors: the next save would make it the previous one.
   */
  async rewind(position: LogPosition): Promise<void> {
    await this.#remove(UNFINISHED);
    if (this.#isLastDamaged && existsSync(this.last))
      await rename(this.last, join(this.path, 'damaged.safetensors'));
    this.#isLastDamaged = false;
    if (!existsSync(this.log)) return;
    const text = await readFile(this.log, 'utf8');
    const kept = text.split('\n').filter((line) => isKnown(line, position));
    await writeFileAtomically(this.log, kept.map((line) => `${line}\n`).join(''));
  }

  /** The last step that the log tells of; null where there is none. */
  async lastStep(): Promise<LoggedStep | null> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    const line = text.split('\n').findLast((candidate) => candidate.startsWith('{"kind":"step"'));
    return line === undefined ? null : (JSON.parse(line) as LoggedStep);
  }

  /**
   * Waits until the disk has the log: before a checkpoint, which must not know of more steps than the log does after a power cut. Throws
   * CalmError when another process has taken the folder over.
   */
  async syncLog(): Promise<void> {
    this.#lock?.check();
    const file = await open(this.log, 'a');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  #checkIsRun(): void {
    if (!existsSync(this.#configuration))
      throw new ArgumentError(`--resume: ${this.path} holds no run (it has no configuration.json)`);
    this.#checkFiles();
  }

  /** A folder may be a stranger's: a pipe in it would be waited for, to read it or to write to it. */
  #checkFiles(): void {
    for (const path of [this.#configuration, this.log, join(this.path, 'run.lock')]) {
      if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
        throw new ArgumentError(`${path}: this is no regular file, wanted a file of a run`);
    }
  }

  async #remove(names: RegExp): Promise<void> {
    for (const name of await readdir(this.path)) if (names.test(name)) await rm(join(this.path, name));
  }

  /** Appends an object to the log as one line of JSON. At once, so that a crash loses nothing: it costs some microseconds. */
  addLine(line: Readonly<Record<string, unknown>>): void {
    appendFileSync(this.log, `${JSON.stringify(line)}\n`);
  }
}

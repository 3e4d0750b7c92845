/** Event files for `tensorboard --logdir`; see event_records.ts for what is in them. */
import { appendFileSync, closeSync, fsyncSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { fileVersionRecord, scalarsRecord, sessionStartRecord, textRecord } from './event_records.ts';
import { join } from 'node:path';

const PREFIX = 'events.out.tfevents.';

const now = (): number => Date.now() / 1000;

/** The newest file's time in its name, in whole seconds since 1970; -1 without one. */
function newest(folder: string): number {
  const times = readdirSync(folder)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => Number.parseInt(name.slice(PREFIX.length), 10));
  return Math.max(-1, ...times.filter((time) => Number.isFinite(time)));
}

/**
 * Scalars and texts of one run, in a file of TensorBoard's. Every record is written at once: a crash loses none, and costs at most the
 * one it cut short, where readers stop and go on with the next file.
 */
export class EventFile {
  readonly path: string;

  /**
   * Begins a file in the run's folder. TensorBoard reads a folder's files in the order of their names, which begin with the time: it is
   * moved on where the newest one is not older (two starts within a second, a clock that was set back).
   * @param firstStep that will be told of, at least 1: what earlier files of the folder say of it and of later steps is void
   */
  constructor(folder: string, firstStep: number) {
    const time = Math.max(Math.floor(now()), newest(folder) + 1);
    this.path = join(folder, `${PREFIX}${String(time).padStart(10, '0')}.calm`);
    writeFileSync(this.path, fileVersionRecord(now()), { flag: 'wx' });
    this.#append(sessionStartRecord(now(), firstStep));
  }

  /** Values by their tag, such as `train/loss`, at an optimiser step. */
  addScalars(step: number, scalars: Readonly<Record<string, number>>): void {
    this.#append(scalarsRecord(now(), step, scalars));
  }

  /** A text in Markdown. */
  addText(step: number, tag: string, text: string): void {
    this.#append(textRecord(now(), step, tag, text));
  }

  /** Waits until the disk has all of it. */
  sync(): void {
    const file = openSync(this.path, 'a');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  #append(record: Uint8Array): void {
    appendFileSync(this.path, record);
  }
}

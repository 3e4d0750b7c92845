/** One process at a time writes to a run's folder: it holds a file there, `run.lock`, that says who it is. */
import { ArgumentError, CalmError } from '../../src/runtime/errors.ts';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stat, utimes } from 'node:fs/promises';

/** Who holds a folder. */
export interface Holder {
  readonly host: string;
  /** The namespace in which the process has its number: containers may share a host's name. Null where there are none. */
  readonly namespace: string | null;
  readonly process: number;
  /** When the system began the process, in its own units: numbers are given again. Null where it does not say. */
  readonly birth: string | null;
  /** ISO 8601. */
  readonly since: string;
  /** Tells two locks of one process apart. */
  readonly id: string;
}

/** How processes on other hosts show that they live. */
export interface LockTimes {
  /** Milliseconds between two signs of life. */
  readonly beat: number;
  /** Without one for so long, a holder on another host counts as dead. */
  readonly silence: number;
}

const TIMES: LockTimes = { beat: 10_000, silence: 60_000 };

/** A lock without an end is being written, or its writer was killed in the middle. */
const WRITING_MILLISECONDS = 1000;

/** Of two that take over the same lock within a moment, the first one finds out by then. */
const SETTLING_MILLISECONDS = 100;

/** Since when a process has been running; null for one that has ended, and where the system (not Linux) does not say. */
function birthOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name, which may hold anything: state, and as the 20th field the time (proc(5): field 22).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const hasEnded = fields[0] === 'Z' || fields[0] === 'X';
    return hasEnded ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function namespaceHere(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** Of a process on this host. */
function isAlive({ process: pid, birth }: Holder): boolean {
  if (birthOf(pid) !== birth) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function parseHolder(text: string): Holder | null {
  try {
    return text.endsWith('\n') ? (JSON.parse(text) as Holder) : null;
  } catch {
    return null;
  }
}

/** The text of a lock; null where there is none. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

export class FolderLock {
  readonly #path: string;
  readonly #id: string;
  readonly #timer: NodeJS.Timeout;
  readonly #onExit = (): void => this.release();

  private constructor(path: string, id: string, { beat }: LockTimes) {
    this.#path = path;
    this.#id = id;
    this.#timer = setInterval(() => {
      const now = new Date();
      utimes(path, now, now).catch(() => undefined);
    }, beat).unref();
    // The second Ctrl-C, say.
    process.on('exit', this.#onExit);
  }

  /**
   * Takes the lock of a folder that is there. One whose holder has ended is taken over; a holder on another host, whom nobody here can
   * ask, is watched for a minute.
   * @throws ArgumentError naming the holder when it is alive
   */
  static async take(folder: string, times: LockTimes = TIMES): Promise<FolderLock> {
    const path = join(folder, 'run.lock');
    const holder: Holder = {
      host: hostname(),
      namespace: namespaceHere(),
      process: process.pid,
      birth: birthOf(process.pid),
      since: new Date().toISOString(),
      id: randomUUID(),
    };
    for (;;) {
      try {
        writeFileSync(path, `${JSON.stringify(holder)}\n`, { flag: 'wx' });
        break;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      const text = textOf(path);
      if (text === null) continue;
      await checkEnded(path, text, holder, folder, times);
      // Another one may have taken it over since.
      if (textOf(path) === text) rmSync(path, { force: true });
    }
    const lock = new FolderLock(path, holder.id, times);
    await sleep(SETTLING_MILLISECONDS);
    try {
      lock.check();
    } catch (error) {
      lock.release();
      throw error;
    }
    return lock;
  }

  /** Throws CalmError when another process has taken the lock over, as from one that was stopped for long. */
  check(): void {
    const holder = this.#holder();
    if (holder !== null && holder.id !== this.#id)
      throw new CalmError(`${describe(holder)} has taken the run over (${this.#path})`);
  }

  /** Gives the lock back. Where that cannot be done the next one finds its holder ended. */
  release(): void {
    clearInterval(this.#timer);
    process.off('exit', this.#onExit);
    try {
      if (this.#holder()?.id === this.#id) rmSync(this.#path, { force: true });
    } catch {
      // A folder that has become read-only, say.
    }
  }

  #holder(): Holder | null {
    const text = textOf(this.#path);
    return text === null ? null : parseHolder(text);
  }
}

const describe = ({ process: pid, host, since }: Holder): string =>
  `process ${pid} on ${host} (since ${since})`;

/** Returns when the holder of a lock with this text has ended, or the lock has changed; throws ArgumentError when it is alive. */
async function checkEnded(
  path: string,
  text: string,
  here: Holder,
  folder: string,
  { beat, silence }: LockTimes,
): Promise<void> {
  const holder = parseHolder(text);
  if (holder === null) return sleep(WRITING_MILLISECONDS);
  const isHere = holder.host === here.host && holder.namespace === here.namespace;
  if (isHere ? !isAlive(holder) : !(await showsLife(path, holder, { beat, silence }))) return;
  throw new ArgumentError(
    `--out: ${folder} is in use by ${describe(holder)}; wait until it has ended, stop it, or choose another folder`,
  );
}

/** Whether a holder on another host gives a sign of life while we watch. */
async function showsLife(path: string, holder: Holder, { beat, silence }: LockTimes): Promise<boolean> {
  const sign = async (): Promise<number | null> => {
    // Reading makes network file systems ask their server, rather than remember.
    textOf(path);
    return (await stat(path).catch(() => null))?.mtimeMs ?? null;
  };
  console.log(
    `run.lock is of ${describe(holder)}: taken over unless that gives a sign of life in ${silence / 1000} s`,
  );
  const before = await sign();
  for (const deadline = performance.now() + silence; performance.now() < deadline; await sleep(beat / 2)) {
    const now = await sign();
    if (now === null) return false;
    if (now !== before) return true;
  }
  return false;
}

/** Real `calm train` processes that end badly, are carried on, and are compared with one that nothing happened to. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { mkdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { RandomStream } from '../../src/runtime/random.ts';
import { RunFolder } from '../../tools/training/run_folder.ts';
import { runOutcome } from '../tools/run_outcome.ts';
import { spawn, spawnSync } from 'node:child_process';

const PROGRAM = join(import.meta.dirname, '../../tools/calm.ts');
const FILE_FAULTS = join(import.meta.dirname, 'file_faults.ts');

/** Steps of some 60 ms on two cores, each one saved: 18 steps, three evaluations, 22 checkpoints. */
const TRAINING = [
  ...['--birdlets', '--birdlets-size', '48', '--birdlets-images', '24,8,4', '--crop', '40', '--resize', '48'],
  ...['--architecture', 'resnet18', '--layers', '1,1', '--widths', '8,16', '--small-stem', '--workers', '0'],
  ...['--epochs', '3', '--batch', '4', '--lr', '0.01', '--seed', '7', '--schedule', 'cosine'],
  ...['--posterior', 'ema:0.9', '--save-every', '1'],
];

/** Ways to end a run badly. */
export const FAULTS = [
  /** At any moment of the process, or a moment after it has begun to train. */
  ...['SIGKILL', 'SIGTERM', 'SIGINT'],
  /** As soon as a file half written is seen in the folder. */
  'SIGKILL within a save',
  /** At a random call that changes a file, which is then half done. */
  'SIGKILL within a call',
  /** The second while a save takes long: the process ends at once, the file half written. */
  'SIGINT twice within a save',
  ...['full disk', 'read-only folder'],
  /** A file system of its own that has no more room than for a part of a checkpoint; where nobody may mount one, as 'full disk'. */
  'full file system',
  /** After the process was killed. */
  ...['last checkpoint cut short', 'last checkpoint with a wrong bit'],
] as const;
export type Fault = (typeof FAULTS)[number];

/** What came of it. */
export interface KilledRuns {
  /** Processes that ended badly, by what was done to them. */
  readonly faults: Readonly<Record<string, number>>;
  /** Of those, how many left a file half written; how many resumes had to fall back to the checkpoint before. */
  readonly halfWritten: number;
  readonly fallbacks: number;
  /** Runs that were carried on to their end, and compared. */
  readonly runs: number;
  /** What they computed on. */
  readonly adapter: string;
  /** What should not have been: one line each. */
  readonly wrong: readonly string[];
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

interface Start {
  readonly environment?: Readonly<Record<string, string>>;
  readonly preload?: boolean;
  readonly onStart?: (child: ChildProcess) => void;
}

function start(parameters: readonly string[], { environment = {}, preload, onStart }: Start = {}) {
  const faults = preload === true ? ['--import', FILE_FAULTS] : [];
  const child = spawn(process.execPath, [...faults, PROGRAM, 'train', ...parameters], {
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  const ended = new Promise<Ended>((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => settle({ code, signal, output }));
  });
  onStart?.(child);
  return ended;
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const unfinished = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.part')) : [];

/** Waits until the log has grown, which it does when a session has begun; false when the process ended before. */
async function untilTraining(folder: string, child: ChildProcess): Promise<boolean> {
  const log = join(folder, 'log.jsonl');
  const size = async (): Promise<number> => (await stat(log).catch(() => ({ size: 0 }))).size;
  const before = await size();
  while (child.exitCode === null && child.signalCode === null) {
    const now = await size();
    // Not when it is gone, in a run that begins anew.
    if (now > 0 && now !== before) return true;
    await sleep(2);
  }
  return false;
}

/** Of a run's own file system, in 1024 bytes. */
const ROOM = 16_384;

/** Mounts a file system of its own on a folder, where that is allowed and known how. */
const mount = (folder: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${ROOM}k`, 'tmpfs', folder]).status === 0;

const resize = (folder: string, size: number): void =>
  void spawnSync('mount', ['-o', `remount,size=${size}k`, folder]);

/** Does one thing to a run after another, from a fixed seed. */
export class RunKiller {
  readonly #random: RandomStream;
  readonly #root: string;
  readonly #wrong: string[] = [];
  readonly #faults: Record<string, number> = {};
  #halfWritten = 0;
  #fallbacks = 0;
  #runs = 0;
  #calls = 0;
  #milliseconds = 0;
  #isMounted = false;
  #adapter = '';

  constructor(root: string, seed: number) {
    this.#root = root;
    this.#random = new RandomStream(seed);
  }

  /** As many faults as asked for, over as many runs as that takes, those named first once each. */
  async run(
    kills: number,
    faults: readonly Fault[] = FAULTS,
    onRun: (done: number) => void = () => undefined,
  ): Promise<KilledRuns> {
    const whole = await this.#uninterrupted();
    let done = 0;
    while (done < kills) {
      const folder = join(this.#root, `run-${this.#runs}`);
      await mkdir(folder);
      this.#isMounted = mount(folder);
      try {
        done += await this.#wholeRun(folder, whole, { faults, done, kills });
      } finally {
        if (this.#isMounted) spawnSync('umount', [folder]);
        await rm(folder, { recursive: true, force: true });
      }
      this.#runs++;
      onRun(done);
    }
    return {
      ...{ faults: this.#faults, halfWritten: this.#halfWritten, fallbacks: this.#fallbacks },
      ...{ runs: this.#runs, adapter: this.#adapter, wrong: this.#wrong },
    };
  }

  /** A run, carried on after each fault until it has come to its end; returns how many faults it took. */
  async #wholeRun(
    folder: string,
    whole: Awaited<ReturnType<typeof runOutcome>>,
    {
      faults,
      done,
      kills,
    }: { readonly faults: readonly Fault[]; readonly done: number; readonly kills: number },
  ): Promise<number> {
    const story: Fault[] = [];
    for (;;) {
      const count = done + story.length;
      // Each of them first, then any; none when there have been enough: the run goes on to its end.
      const fault =
        count < kills ? (faults[count] ?? faults[this.#random.integer(faults.length)]) : undefined;
      const ended = await this.#session(folder, fault);
      if (ended.output.includes('goes on from previous.safetensors')) this.#fallbacks++;
      if (ended.code === 0 || /epochs done|epochs are done/.test(ended.output)) break;
      if (fault === undefined) {
        this.#wrong.push(
          `after ${story.join(', ')}: the last session ended with ${ended.code}: ${ended.output}`,
        );
        break;
      }
      story.push(fault);
      this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
      if (unfinished(folder).length > 0) this.#halfWritten++;
      this.#judge(fault, ended);
    }
    await this.#compare(folder, whole, story);
    return story.length;
  }

  /** The run that nothing happens to; draws the data, and counts the calls that change files. */
  async #uninterrupted(): Promise<Awaited<ReturnType<typeof runOutcome>>> {
    const folder = join(this.#root, 'whole');
    await mkdir(this.#root, { recursive: true });
    const environment = { FILE_FAULT: 'count', FILE_FAULT_FOLDER: folder };
    const { code, output } = await start(this.#parameters(folder), { environment, preload: true });
    this.#calls = Number(/file calls: (\d+)/.exec(output)?.[1] ?? 0);
    this.#milliseconds = 1000 * Number(/([\d.]+) s per image/.exec(output)?.[1] ?? 0.02) * 72;
    if (code !== 0 || this.#calls === 0) throw new Error(`the uninterrupted run failed: ${output}`);
    this.#adapter = (await new RunFolder(folder).record()).sessions[0]?.adapter.name ?? '';
    return runOutcome(folder);
  }

  #parameters(folder: string): string[] {
    return existsSync(join(folder, 'configuration.json'))
      ? ['--resume', '--out', folder]
      : [...TRAINING, '--data', join(this.#root, 'birdlets'), '--out', folder];
  }

  async #session(folder: string, fault: Fault | undefined): Promise<Ended> {
    const parameters = this.#parameters(folder);
    // A third of the way at most: a run takes several sessions.
    const call = 1 + this.#random.integer(Math.ceil(this.#calls / 3));
    const faulty = (kind: string): Promise<Ended> =>
      start(parameters, {
        environment: { FILE_FAULT: `${kind}:${call}`, FILE_FAULT_FOLDER: folder },
        preload: true,
      });
    if (fault === 'SIGKILL within a call') return faulty('kill');
    if (fault === 'SIGINT twice within a save') return this.#interruptedTwice(folder, parameters, call);
    if (fault === 'full disk') return faulty('full');
    if (fault === 'read-only folder') return faulty('read-only');
    const free = this.#random.integer(80);
    if (fault === 'full file system') {
      if (!this.#isMounted) return faulty('full');
      const { blocks, bfree, bsize } = await statfs(folder);
      resize(folder, Math.ceil(((blocks - bfree) * bsize) / 1024) + free);
      const ended = await start(parameters);
      resize(folder, ROOM);
      return ended;
    }
    if (fault === undefined) return start(parameters);
    const delay = this.#random.integer(Math.ceil(this.#milliseconds / 3));
    const fromStart = this.#random.integer(4) === 0;
    return this.#signalled(folder, parameters, fault, { delay, fromStart });
  }

  /** SIGINT while a call is waited for that never ends, and once more. */
  async #interruptedTwice(folder: string, parameters: readonly string[], call: number): Promise<Ended> {
    let isStalled = false;
    const press = async (child: ChildProcess): Promise<void> => {
      child.kill('SIGINT');
      // Closer ones are one press.
      await sleep(600);
      child.kill('SIGINT');
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      child.once('close', () => clearTimeout(late));
    };
    const strike = (child: ChildProcess): void => {
      child.stderr?.on('data', (data: Buffer) => {
        if (isStalled || !data.toString().includes('stalled: ')) return;
        isStalled = true;
        void press(child);
      });
    };
    const environment = { FILE_FAULT: `stall:${call}`, FILE_FAULT_FOLDER: folder };
    const ended = await start(parameters, { environment, preload: true, onStart: strike });
    if (isStalled && (ended.code !== 130 || !ended.output.includes('Ctrl-C again: stop at once')))
      this.#wrong.push(
        `SIGINT twice: ended with ${ended.code} ${ended.signal ?? ''} and said: ${ended.output}`,
      );
    return ended;
  }

  async #signalled(
    folder: string,
    parameters: readonly string[],
    fault: Fault,
    { delay, fromStart }: { readonly delay: number; readonly fromStart: boolean },
  ): Promise<Ended> {
    const signal = fault === 'SIGTERM' || fault === 'SIGINT' ? fault : 'SIGKILL';
    let trains = false;
    const strike = async (child: ChildProcess): Promise<void> => {
      if (!fromStart || fault.startsWith('last')) trains = await untilTraining(folder, child);
      await sleep(delay);
      if (fault === 'SIGKILL within a save' && trains) {
        const watcher = watch(folder, (_, name) => {
          if (name?.endsWith('.part') === true) child.kill('SIGKILL');
        });
        child.on('close', () => watcher.close());
      } else child.kill(signal);
    };
    const ended = await start(parameters, { onStart: (child) => void strike(child) });
    // One that comes when all is done, and nobody listens any more, ends the process as it would any other.
    if (trains && signal !== 'SIGKILL' && ended.code !== 0 && !/epochs done/.test(ended.output)) {
      const wanted = signal === 'SIGINT' ? 130 : 143;
      if (ended.code !== wanted || !/saved after .*carry on with:\n.*--resume --out/s.test(ended.output))
        this.#wrong.push(
          `${signal}: ended with ${ended.code} ${ended.signal ?? ''} and said: ${ended.output}`,
        );
    }
    if (fault.startsWith('last checkpoint') && ended.code !== 0) await this.#damage(folder, fault);
    return ended;
  }

  /** Damages the newest checkpoint where there is one before it. */
  async #damage(folder: string, fault: Fault): Promise<void> {
    const last = join(folder, 'last.safetensors');
    if (!existsSync(last) || !existsSync(join(folder, 'previous.safetensors'))) return;
    const bytes = await readFile(last);
    const place = this.#random.integer(bytes.length);
    if (fault === 'last checkpoint with a wrong bit')
      bytes[place] = (bytes[place] ?? 0) ^ (1 << this.#random.integer(8));
    await writeFile(last, fault === 'last checkpoint cut short' ? bytes.subarray(0, place) : bytes);
  }

  /** What a process must have said that ended with an error of its own. */
  #judge(fault: Fault, { code, output }: Ended): void {
    const reasons: Partial<Record<Fault, RegExp>> = {
      'full disk': /cannot be written: the disk is full/,
      'read-only folder': /cannot be written: the disk is read-only/,
      // The system does not say of every call which file it was of.
      'full file system': /cannot be written: the disk is full|ENOSPC/,
    };
    const wanted = reasons[fault];
    if (wanted === undefined) return;
    if (code !== 1 || !wanted.test(output) || /\n {4}at /.test(output))
      this.#wrong.push(`${fault}: ended with ${code} and said: ${output}`);
  }

  async #compare(folder: string, whole: Awaited<ReturnType<typeof runOutcome>>, story: readonly string[]) {
    const after = `after ${story.join(', ')}`;
    const outcome = await runOutcome(folder).catch((error: unknown) => String(error));
    if (typeof outcome === 'string') {
      this.#wrong.push(`${after}: ${outcome}`);
      return;
    }
    for (const key of ['last', 'best', 'log', 'curves'] as const)
      if (JSON.stringify(outcome[key]) !== JSON.stringify(whole[key]))
        this.#wrong.push(
          `${after}: ${key} is ${JSON.stringify(outcome[key])}, not ${JSON.stringify(whole[key])} as of the uninterrupted run`,
        );
    for (const name of unfinished(folder)) this.#wrong.push(`${after}: ${name} was left`);
  }
}

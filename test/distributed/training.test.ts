import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { JobResult, MpiLauncher } from './launchers.ts';
import type { SpawnSyncReturns } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { describeMpi, runRanks, startRanks } from './launchers.ts';
import { join } from 'node:path';
import { readCheckpoint } from '../../src/train/checkpoint.node.ts';
import { sharedBatches } from './shared_batches.ts';
import { smallModel } from '../train/patches.ts';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { toFloat32 } from '../../src/model/safetensors.ts';

interface Report {
  readonly rank: number;
  readonly parameters: number;
  readonly velocities: number;
  readonly norm: number;
  readonly losses: readonly number[];
}

let folder = '';
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-distributed-'));
  engine = await createEngine();
});
afterAll(async () => {
  engine.destroy();
  await rm(folder, { recursive: true });
});

const CALM = join(import.meta.dirname, '../../tools/calm.ts');

/** Of eight epochs with two steps, of ten images each. */
const WHOLE = ['--epochs=8', '--global-batch=10', '--save-every=1'] as const;
const STEPS = 16;

/** Relative distance that rounding of float32 makes in so many steps of SGD with momentum; measured: 1.5e-6. */
const ROUNDING = 1e-5;

/** A run on 20 pictures that are drawn once. */
const run = (out: string, ...more: readonly string[]): string[] => [
  ...['train', '--birdlets', '--birdlets-size', '48', '--birdlets-images', '20,6,6'],
  ...['--data', join(folder, 'data'), '--architecture', 'resnet18', '--layers', '1,1', '--widths', '8,16'],
  ...['--small-stem', '--lr', '0.01', '--sync-batch-norm', '--out', join(folder, out), ...more],
];

/** Relative distance of the networks of two runs. */
async function distance(one: string, other: string): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map((out) => readCheckpoint(join(folder, out, 'last.safetensors'))),
  );
  let [difference, norm] = [0, 0];
  for (const [name, tensor] of a?.state ?? []) {
    const rival = b?.state.get(name);
    if (rival === undefined || tensor.dtype !== 'F32') continue;
    const wanted = toFloat32(rival);
    for (const [index, value] of toFloat32(tensor).entries()) {
      difference += (value - (wanted[index] ?? Number.NaN)) ** 2;
      norm += value ** 2;
    }
  }
  return Math.sqrt(difference / norm);
}

const nameOf = ({ name }: MpiLauncher, what: string): string => `${name.replaceAll(' ', '')}-${what}`;

const start = (launcher: MpiLauncher, ranks: number, values: readonly string[]): Promise<JobResult> =>
  startRanks(launcher, ranks, CALM, values).result;

/** The whole run by one process, for all launchers. */
let alone: SpawnSyncReturns<string> | null = null;
function aloneOnce(): void {
  alone ??= spawnSync(process.execPath, [CALM, ...run('alone', ...WHOLE)], { encoding: 'utf8' });
  expect(alone).toMatchObject({ status: 0 });
}

/** The whole run by two ranks, once for every launcher: where it is. */
const wholes = new Map<string, Promise<JobResult>>();
async function wholeOnce(launcher: MpiLauncher): Promise<string> {
  const out = nameOf(launcher, 'whole');
  const job = wholes.get(out) ?? start(launcher, 2, run(out, ...WHOLE));
  wholes.set(out, job);
  expect(await job).toMatchObject({ code: 0, stderr: expect.not.stringContaining('calm:') as string });
  return out;
}

/** The whole run, the first epoch by two ranks, the others by three, of 3, 3 and 4 images; by the first launcher, for all: where it is. */
let shared: Promise<void> | null = null;
async function sharedOnce(launcher: MpiLauncher): Promise<string> {
  const [, ...options] = WHOLE;
  const resume = ['train', '--resume', WHOLE[0], '--out', join(folder, 'shared')];
  shared ??= (async () => {
    expect(await start(launcher, 2, run('shared', '--epochs=1', ...options))).toMatchObject({ code: 0 });
    expect(await start(launcher, 3, resume)).toMatchObject({ code: 0 });
  })();
  await shared;
  return 'shared';
}

const lastOf = (out: string): Promise<Buffer> => readFile(join(folder, out, 'last.safetensors'));

async function logOf(out: string): Promise<{ readonly kind: string; readonly loss?: number }[]> {
  const text = await readFile(join(folder, out, 'log.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly loss?: number });
}

describeMpi('training', (launcher) => {
  test('two ranks follow one process, with the same bits on both and in every run', async () => {
    const values = ['7', '8', 'sync'];
    const reports = await runRanks<Report>(launcher, 2, 'training_rank.ts', values);
    const again = await runRanks<Report>(launcher, 2, 'training_rank.ts', values);
    expect(reports).toHaveLength(2);
    expect({ ...reports[1], rank: 0 }).toEqual(reports[0]);
    expect(again).toEqual(reports);
    const model = smallModel(engine);
    const trainer = createTrainer(model, { learningRate: 0.02 });
    const losses: number[] = [];
    await trainer.trainEpoch(sharedBatches(1, 8, 7, null), {
      epoch: 1,
      stepsPerEpoch: 8,
      onStep: ({ loss }) => void losses.push(loss),
    });
    // Rounding of float32, through eight steps; see data_parallel.test.ts.
    for (const [step, loss] of (reports[0]?.losses ?? []).entries())
      expect(loss).toBeCloseTo(losses[step] ?? 0, 3);
    expect(reports[0]?.norm).toBeCloseTo(Math.hypot(...(await engine.read(model.parameters.values))), 3);
    for (const made of [trainer, model]) made.dispose();
  });

  test('calm train: the run of one process, and another number of ranks carries it on', async () => {
    aloneOnce();
    const out = await wholeOnce(launcher);
    // Sixteen steps with rounding of float32 in between.
    expect(await distance(out, 'alone')).toBeLessThan(ROUNDING);
    const [one, both] = [await logOf('alone'), await logOf(out)];
    expect(both.map(({ kind }) => kind)).toEqual(one.map(({ kind }) => kind));
    for (const [line, { loss }] of both.entries())
      if (loss !== undefined) expect(loss).toBeCloseTo(one[line]?.loss ?? 0, 3);
    // MPICH and Open MPI move bytes, and add nothing up.
    for (const other of wholes.keys()) expect(Buffer.compare(await lastOf(other), await lastOf(out))).toBe(0);
    expect(await distance(await sharedOnce(launcher), 'alone')).toBeLessThan(ROUNDING);
  });

  test('a rank that is asked to stop stops all, saved; one that is killed takes the job down; what was saved goes on to the same bits', async () => {
    const whole = await wholeOnce(launcher);
    const out = nameOf(launcher, 'interrupted');
    const stopped = startRanks(launcher, 2, CALM, run(out, ...WHOLE));
    await untilLogged(out, 3);
    signalOneRank(out, 'SIGTERM');
    const { stderr } = await stopped.result;
    expect(stderr).toMatch(/saved after (step|epoch) .*carry on with/);
    const stepsBefore = await stepsOf(out);
    expect(stepsBefore).toBeLessThan(STEPS);
    const resume = ['train', '--resume', '--out', join(folder, out)];
    const killed = startRanks(launcher, 2, CALM, resume);
    await untilLogged(out, stepsBefore + 2);
    signalOneRank(out, 'SIGKILL');
    const { code, seconds } = await killed.result;
    expect(code).not.toBe(0);
    expect(seconds).toBeLessThan(60);
    expect(await stepsOf(out)).toBeLessThan(STEPS);
    expect(await start(launcher, 2, resume)).toMatchObject({ code: 0 });
    expect(Buffer.compare(await lastOf(out), await lastOf(whole))).toBe(0);
  });

  test('a rank that cannot read the last checkpoint ends the job, and is named; nothing has been changed', async () => {
    const whole = join(folder, await wholeOnce(launcher));
    const copy = join(folder, nameOf(launcher, 'unreadable'));
    for (const place of [copy, `${copy}-elsewhere`]) await cp(whole, place, { recursive: true });
    await truncate(join(`${copy}-elsewhere`, 'last.safetensors'), 1000);
    const before = await readFile(join(copy, 'log.jsonl'), 'utf8');
    const values = ['train', '--resume', '--epochs', '9', '--out', copy];
    const { code, stderr } = await startRanks(launcher, 2, 'resuming_rank.ts', values).result;
    expect(code).not.toBe(0);
    const lines = stderr.split('\n').filter((line) => line.startsWith('calm:'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /--resume: rank 0 reads step 16 \(\S+\), but rank 1 on \S+ reads step 15 \(\S+\): the ranks do not see the same files/,
    );
    expect(await readFile(join(copy, 'log.jsonl'), 'utf8')).toBe(before);
  });

  test('a rank that fails tells of it once, by rank and host', async () => {
    const missing = ['train', '--data', join(folder, 'nowhere'), '--out', join(folder, 'missing')];
    const { code, stderr } = await startRanks(launcher, 2, CALM, missing).result;
    expect(code).not.toBe(0);
    expect(stderr.split('\n').filter((line) => /calm: rank \d+ on \S+: /.test(line))).toHaveLength(1);
  });
});

async function stepsOf(out: string): Promise<number> {
  const log = await readFile(join(folder, out, 'log.jsonl'), 'utf8').catch(() => '');
  return log.split('\n').filter((line) => line.includes('"kind":"step"')).length;
}

async function untilLogged(out: string, steps: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if ((await stepsOf(out)) >= steps) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the run has not come to step ${steps}`);
}

/** Signals the last process of Node whose command line names this run: a rank, of which launchers are the parents. */
function signalOneRank(out: string, signal: NodeJS.Signals): void {
  const { stdout } = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  const pids = stdout
    .split('\n')
    .filter((line) => line.includes(join(folder, out)) && /^\s*\d+ \S*node \S*calm\.ts/.test(line))
    .map((line) => Number.parseInt(line, 10));
  expect(pids).toHaveLength(2);
  process.kill(pids[1] ?? 0, signal);
}

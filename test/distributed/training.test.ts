import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { describeMpi, runRanks, startRanks } from './launchers.ts';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
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

/** A run of two steps an epoch on 20 pictures that are drawn once. */
const run = (out: string, ...more: readonly string[]): string[] => [
  ...['train', '--birdlets', '--birdlets-size', '48', '--birdlets-images', '20,6,6'],
  ...['--data', join(folder, 'data'), '--architecture', 'resnet18', '--layers', '1,1', '--widths', '8,16'],
  ...['--small-stem', '--lr', '0.05', '--sync-batch-norm', '--out', join(folder, out), ...more],
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
    const name = launcher.name.replaceAll(' ', '');
    const alone = spawnSync(process.execPath, [CALM, ...run(`${name}-1`, '--batch', '10', '--epochs', '2')]);
    expect(alone.stderr.toString()).not.toMatch(/calm:/);
    const start = (ranks: number, values: string[]) => startRanks(launcher, ranks, CALM, values).result;
    const two = await start(2, run(`${name}-2`, '--batch', '5', '--epochs', '2'));
    expect(two.stderr).not.toMatch(/calm:/);
    expect(two.code).toBe(0);
    // Four steps with rounding of float32 in between.
    expect(await distance(`${name}-2`, `${name}-1`)).toBeLessThan(1e-4);
    const [one, both] = [await logOf(`${name}-1`), await logOf(`${name}-2`)];
    expect(both.map(({ kind }) => kind)).toEqual(one.map(({ kind }) => kind));
    for (const [line, { loss }] of both.entries())
      if (loss !== undefined) expect(loss).toBeCloseTo(one[line]?.loss ?? 0, 3);
    // Epoch 2 by three ranks, of 3, 3 and 4 images; and once more by two, which is what they did without interruption.
    for (const ranks of [2, 3]) {
      const out = `${name}-resumed-${ranks}`;
      expect(await start(2, run(out, '--batch', '5', '--epochs', '1'))).toMatchObject({ code: 0 });
      const resume = ['train', '--resume', '--epochs', '2', '--out', join(folder, out)];
      expect(await start(ranks, resume)).toMatchObject({ code: 0 });
      expect(await distance(out, `${name}-1`)).toBeLessThan(1e-4);
    }
    expect(Buffer.compare(await lastOf(`${name}-resumed-2`), await lastOf(`${name}-2`))).toBe(0);
  });

  test('a rank that is killed takes the job down; what was saved goes on to the same bits', async () => {
    const name = launcher.name.replaceAll(' ', '');
    const options = ['--batch', '5', '--epochs', '6', '--save-every', '1'];
    expect(await startRanks(launcher, 2, CALM, run(`${name}-whole`, ...options)).result).toMatchObject({
      code: 0,
    });
    const out = `${name}-killed`;
    const job = startRanks(launcher, 2, CALM, run(out, ...options));
    await untilSaved(out);
    signalOneRank(out, 'SIGKILL');
    const { code, seconds } = await job.result;
    expect(code).not.toBe(0);
    expect(seconds).toBeLessThan(60);
    const resumed = await startRanks(launcher, 2, CALM, ['train', '--resume', '--out', join(folder, out)])
      .result;
    expect(resumed).toMatchObject({ code: 0 });
    expect(Buffer.compare(await lastOf(out), await lastOf(`${name}-whole`))).toBe(0);
  });

  test('one rank that is asked to stop stops all after the same step, saved; they go on to the same bits', async () => {
    const name = launcher.name.replaceAll(' ', '');
    const options = ['--batch', '5', '--epochs', '6', '--save-every', '1'];
    const out = `${name}-stopped`;
    const job = startRanks(launcher, 2, CALM, run(out, ...options));
    await untilSaved(out);
    signalOneRank(out, 'SIGTERM');
    const { stderr } = await job.result;
    expect(stderr).toMatch(/saved after (step|epoch) .*carry on with/);
    const resumed = await startRanks(launcher, 2, CALM, ['train', '--resume', '--out', join(folder, out)])
      .result;
    expect(resumed).toMatchObject({ code: 0 });
    expect(Buffer.compare(await lastOf(out), await lastOf(`${name}-whole`))).toBe(0);
  });

  test('a rank that fails tells of it once, by rank and host', async () => {
    const missing = ['train', '--data', join(folder, 'nowhere'), '--out', join(folder, 'missing')];
    const { code, stderr } = await startRanks(launcher, 2, CALM, missing).result;
    expect(code).not.toBe(0);
    expect(stderr.split('\n').filter((line) => /calm: rank \d+ on \S+: /.test(line))).toHaveLength(1);
  });
});

async function untilSaved(out: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const saved = await readFile(join(folder, out, 'log.jsonl'), 'utf8').catch(() => '');
    if (saved.split('\n').filter((line) => line.includes('"kind":"step"')).length >= 3) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the run has not begun');
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

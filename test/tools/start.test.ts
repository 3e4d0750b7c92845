import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calmContestant } from '../../tools/start/settings.ts';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { modelFile } from '../../tools/start/contest.ts';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, '..', '..', 'tools', 'start.ts');
const start = (...options: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [program, ...options]);

interface Results {
  readonly results: readonly {
    readonly model: string;
    readonly history: readonly { readonly loss: number }[];
    readonly cue: { readonly pairs: readonly unknown[]; readonly meanAveragePrecision: number };
  }[];
}

describe('the main job, in small', () => {
  let home = '';
  let stdout = '';
  const job = ['--epochs', '1', '--train', '64', '--val', '12', '--test', '24'];
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'calm-start-'));
    ({ stdout } = await start(...job, '--out', join(home, 'out'), '--data', join(home, 'data')));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('prints one table and where the report is', () => {
    expect(stdout).toMatch(/^GPU: /m);
    expect(stdout).toMatch(/^ +accuracy % +NLL +1 part +2 parts +3 parts +mPxAP %$/m);
    for (const model of ['CAM', 'CALM-EM', 'CALM-EM slow'])
      expect(stdout).toMatch(new RegExp(`^${model}  .*\\d`, 'm'));
    expect(stdout).toContain(join(home, 'out', 'report.html'));
  });

  test('measures every pair of species that differ in one to three parts', async () => {
    const { results } = JSON.parse(await readFile(join(home, 'out', 'results.json'), 'utf8')) as Results;
    expect(results.map(({ model }) => model)).toEqual(['CAM', 'CALM-EM', 'CALM-EM slow']);
    for (const { history, cue } of results) {
      expect(history).toHaveLength(1);
      expect(cue.pairs).toHaveLength(18);
      expect(cue.meanAveragePrecision).toBeGreaterThan(0);
      expect(cue.meanAveragePrecision).toBeLessThanOrEqual(100);
    }
  });

  test('writes a report that stands alone, and the maps', async () => {
    const report = await readFile(join(home, 'out', 'report.html'), 'utf8');
    expect(report).toContain('CALM-EM slow');
    expect(report).not.toMatch(/(?:src|href)="(?!data:|#)/);
    const maps = await readdir(join(home, 'out', 'maps'));
    expect(maps).toEqual(expect.arrayContaining(['sheet.png', 'short_sheet.png']));
    expect(maps.filter((name) => name.endsWith('_counterfactual.png'))).toHaveLength(27);
  });

  test('saves its models, which the line at its end explains a picture with', async () => {
    const [, command = ''] = /^Models too: npx (calm explain .*)$/m.exec(stdout) ?? [];
    const [, ...words] = command.split(' ');
    const { stdout: explained } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, '..', '..', 'tools', 'calm.ts'),
      ...words,
      '--out',
      join(home, 'explained'),
    ]);
    expect(explained).toMatch(/\d/);
    expect((await readdir(join(home, 'explained'))).length).toBeGreaterThan(0);
  });

  test('leaves a folder alone that is not its own', async () => {
    const before = await readdir(join(home, 'out'));
    await expect(start(...job, '--out', join(home, 'other'), '--data', join(home, 'out'))).rejects.toThrow(
      /not a birdlets folder/,
    );
    expect(await readdir(join(home, 'out'))).toEqual(before);
    expect(existsSync(join(home, 'other'))).toBe(false);
  });
});

test('other models than the three can be compared, each saved under its own name', () => {
  const made = (
    ['ml', 'current', { kind: 'ema', momentum: 0.5 }, { kind: 'refresh', every: 30 }] as const
  ).map(calmContestant);
  expect(made.map(({ name, head }) => [name, head])).toEqual([
    ['CALM-ML', 'calm-ml'],
    ['CALM-EM', 'calm-em'],
    ['CALM-EM ema 0.5', 'calm-em'],
    ['CALM-EM refresh 30', 'calm-em'],
  ]);
  expect(made.map((contestant) => modelFile('out', contestant))).toEqual(
    ['calm-ml', 'calm-em', 'calm-em-ema-0.5', 'calm-em-refresh-30'].map((name) =>
      join('out', `${name}.safetensors`),
    ),
  );
  expect(made[2]?.posterior).toEqual({ kind: 'ema', momentum: 0.5 });
});

test('a model that there is not is refused with those that there are', async () => {
  await expect(start('--models', 'cam,calm')).rejects.toThrow(/calm-em:ema:MOMENTUM.*got 'calm'/);
  await expect(start('--models', 'calm-em:slow')).rejects.toThrow(/refresh:STEPS/);
});

test('a model that is named twice is refused', async () => {
  for (const names of ['cam,cam', 'calm-em,calm-em:current', 'cam,calm-em:ema:0.9,calm-em:ema:0.90']) {
    const twice = start('--models', names);
    await expect(twice).rejects.toThrow(
      /--models <names>.*Wanted every model once, got '(cam|calm-em:[^']+)'/,
    );
    await expect(twice).rejects.not.toThrow(/\n {4}at /);
  }
});

test('an option that is no number is refused by name', async () => {
  await expect(start('--epochs', 'many')).rejects.toThrow(/--epochs <number>.*whole number/);
});

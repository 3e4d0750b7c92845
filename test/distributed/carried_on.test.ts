import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeMpi, startRanks } from './launchers.ts';
import { join } from 'node:path';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { startCalm } from '../tools/calm.ts';
import { tmpdir } from 'node:os';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-carried-on-'));
});
afterAll(() => rm(folder, { recursive: true }));

const CALM = join(import.meta.dirname, '../../tools/calm.ts');

describeMpi('a run that one process began', (launcher) => {
  test('and left within an epoch is carried on by two ranks, in its batches', async () => {
    const out = join(folder, launcher.name.replaceAll(' ', ''));
    const stepsOf = async (): Promise<number> => {
      const log = await readFile(join(out, 'log.jsonl'), 'utf8').catch(() => '');
      return log.split('\n').filter((line) => line.includes('"kind":"step"')).length;
    };
    // Ten steps an epoch.
    const { child, ended } = startCalm(
      ...['train', '--birdlets', '--birdlets-size', '48', '--birdlets-images', '20,6,6', '--small-stem'],
      ...[
        '--data',
        join(folder, 'data'),
        '--architecture',
        'resnet18',
        '--layers',
        '1,1',
        '--widths',
        '8,16',
      ],
      ...['--sync-batch-norm', '--epochs', '2', '--batch', '2', '--out', out],
    );
    while (child.exitCode === null && (await stepsOf()) < 3) await setTimeout(5);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143 });
    expect(await stepsOf()).toBeLessThan(10);
    const { result } = startRanks(launcher, 2, CALM, ['train', '--resume', '--out', out]);
    expect(await result).toMatchObject({ code: 0 });
    expect(await stepsOf()).toBe(20);
    const record: unknown = JSON.parse(await readFile(join(out, 'configuration.json'), 'utf8'));
    expect(record).toMatchObject({ options: { 'global-batch': 2 } });
  });
});

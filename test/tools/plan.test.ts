import type { OptionValues } from '../../tools/training/config_file.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Plan } from '../../tools/training/plan.ts';
import { planRun } from '../../tools/training/plan.ts';
import { RunFolder } from '../../tools/training/run_folder.ts';
import { tmpdir } from 'node:os';
import { trainCommand } from '../../tools/commands/train.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'calm-plan-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function plan(given: readonly string[], processes: number, folder = new RunFolder(root)): Promise<Plan> {
  const command = trainCommand().action(() => undefined);
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.parse(given, { from: 'user' });
  return planRun(folder, command, processes);
}

/** A run of this record, carried on. */
async function resumed(name: string, options: OptionValues, processes: number): Promise<Plan> {
  const path = join(root, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'configuration.json'), JSON.stringify({ options, sessions: [] }));
  return plan(['--resume', '--out', path, '--epochs', '50'], processes, new RunFolder(path));
}

describe('the batch of a run', () => {
  test.each([
    [['--batch', '8'], 1, 8],
    [['--batch', '8'], 2, 16],
    [['--global-batch', '8'], 2, 8],
    [[], 3, 192],
  ] as const)(
    'of %j with %i processes is %i, whoever carries it on or repeats it',
    async (given, processes, batch) => {
      const { configuration, options } = await plan(['--data', 'x', ...given], processes);
      expect(configuration.batch).toBe(batch);
      const file = join(root, 'options.json');
      await writeFile(file, JSON.stringify(options));
      for (const others of [1, 2, 3]) {
        const on = await resumed('run', options, others);
        expect(on.configuration.batch).toBe(batch);
        expect(on.options).toEqual({ ...options, epochs: 50 });
        expect((await plan(['--config', file], others)).configuration.batch).toBe(batch);
      }
    },
  );

  test('of a run whose record has only that of its one process stays the same', async () => {
    const { options } = await plan(['--data', 'x', '--batch', '8'], 1);
    const { 'global-batch': batch, ...others } = options;
    expect(batch).toBe(8);
    const before = { ...others, batch };
    expect((await resumed('before', before, 1)).configuration.batch).toBe(8);
    const on = await resumed('before', before, 2);
    expect(on.configuration.batch).toBe(8);
    expect(on.options).toEqual({ ...options, epochs: 50 });
  });

  test('of a configuration is what the command line says', async () => {
    const file = join(root, 'own.json');
    await writeFile(file, '{"data":"x","global-batch":8}');
    expect((await plan(['--config', file, '--batch', '4'], 2)).configuration.batch).toBe(8);
    expect((await plan(['--config', file, '--batch', '3'], 3)).configuration.batch).toBe(9);
  });
});

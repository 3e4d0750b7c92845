import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { readCheckpoint } from '../../src/train/checkpoint.node.ts';
import { setTimeout } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { startCalm } from './calm.ts';
import { tmpdir } from 'node:os';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'calm-signals-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A run long enough for any signal to come before its end. */
const train = (out: string): string[] => [
  ...['train', '--birdlets', '--birdlets-size', '48', '--birdlets-images', '24,4,4', '--workers', '0'],
  ...['--architecture', 'resnet18', '--layers', '1', '--widths', '8', '--small-stem', '--batch', '2'],
  ...['--epochs', '500', '--save-every', '1', '--data', join(root, 'birdlets'), '--out', out],
];

const exists = (path: string) => () => existsSync(path);

test.skipIf(process.platform === 'win32')(
  'a run that npx started saves and ends when npx and its shell are gone, then explains, and says what is kept of an interrupted explanation (left out on Windows, which has no parents to lose)',
  async () => {
    const out = join(root, 'run');
    const program = join(import.meta.dirname, '..', '..', 'tools', 'calm.mjs');
    const words = [process.execPath, program, ...train(out)].map((word) => `'${word}'`).join(' ');
    // As npx starts it: by a shell that does not pass signals on.
    const shell = spawn('sh', ['-c', `${words}; true`], {
      env: { ...process.env, npm_lifecycle_script: "'calm'" },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A process group of its own, which can be ended as one.
      detached: true,
    });
    onTestFinished(() => {
      try {
        if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
      } catch {
        // All gone, as it should be.
      }
    });
    let told = '';
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    const last = join(out, 'last.safetensors');
    await expect.poll(exists(last), { timeout: 60_000 }).toBe(true);
    const exit = once(shell, 'exit');
    shell.kill('SIGTERM');
    await exit;
    await expect.poll(exists(join(out, 'run.lock')), { timeout: 10_000 }).toBe(false);
    expect(told).toMatch(/saved after .*; carry on with:\n {2}npx calm train --resume --out /);
    const log = await readFile(join(out, 'log.jsonl'), 'utf8');
    const { training } = await readCheckpoint(last);
    expect(training?.steps).toBe(log.split('\n').filter((line) => line.includes('"kind":"step"')).length);

    const maps = join(root, 'maps');
    const [picture = ''] = await picturesOf(join(root, 'birdlets'));
    const { child, ended } = startCalm(
      ...['explain', ...Array<string>(500).fill(picture)],
      ...['--checkpoint', last, '--batch', '1', '--out', maps],
    );
    while (child.exitCode === null && !existsSync(maps)) await setTimeout(5);
    await setTimeout(200);
    child.kill('SIGINT');
    const { code, errors } = await ended;
    expect(code, errors).toBe(130);
    expect(errors).toMatch(
      /\ninterrupted; maps of \d+ of 500 images are in .*maps; explanations\.json comes/,
    );
  },
);

async function picturesOf(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((name) => name.endsWith('.png')).map((name) => join(folder, name));
}

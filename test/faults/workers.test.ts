import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackSwiftShader } from '../../src/runtime/swiftshader.node.ts';
import { expect, test } from 'vitest';

const child = join(import.meta.dirname, 'workers_child.ts');

/** In a process of its own: what it prints, line by line. Rejects unless it ends by itself with code 0. */
async function runWorkers(what: string): Promise<string[]> {
  // Only the main thread of a process can point the loader to the embedded driver.
  const isEmbedded = process.env['CALM_ADAPTER'] === 'swiftshader';
  const { stdout } = await promisify(execFile)(process.execPath, [child, what], {
    timeout: 120_000,
    env: { ...process.env, ...(isEmbedded && { VK_ICD_FILENAMES: unpackSwiftShader().manifest }) },
  });
  return stdout.trim().split('\n');
}

test('engines in three worker threads and the main one compute the same bits, side by side', async () => {
  const lines = await runWorkers('compute');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(lines).size).toBe(1);
});

test('a worker that is told to stop while it computes destroys its engine and ends', async () => {
  expect(await runWorkers('stop')).toEqual(['DisposedError', 'DisposedError', 'ended 0', 'ended 0']);
});

test('a worker whose engine is idle, or destroyed, may be terminated', async () => {
  expect(await runWorkers('terminate')).toEqual(['ended 1', 'ended 1']);
});

test('an engine in a worker says how to end it', async () => {
  expect((await runWorkers('notes')).join('\n')).toMatch(/worker thread: end it by engine\.destroy\(\)/);
});

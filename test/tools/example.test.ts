import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'docs', 'example.ts');

test("the README's example is docs/example.ts", async () => {
  const [readme, code] = await Promise.all([
    readFile(join(root, 'README.md'), 'utf8'),
    readFile(example, 'utf8'),
  ]);
  expect(readme).toContain(`\`\`\`ts\n${code}\`\`\``);
});

test('it learns, and its maps sum to the probability', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'calm-example-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [example], { cwd });
    const losses = [...stdout.matchAll(/loss: ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan(losses[0] ?? 0);
    const sums = [...stdout.matchAll(/^4 4 ([\d.e-]+) ([\d.e-]+)$/gm)];
    expect(sums).toHaveLength(6);
    for (const [, sum, probability] of sums) expect(Number(sum)).toBeCloseTo(Number(probability), 4);
  } finally {
    await rm(cwd, { recursive: true });
  }
});

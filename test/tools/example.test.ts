import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'docs', 'example.ts');
const examples = join(root, 'docs', 'examples');

/** Runs an example as `npx node` does in a clone: `calm-webgpu` means the sources (.npmrc). */
async function runExample(path: string, cwd: string): Promise<string> {
  const conditions = '--conditions=calm-webgpu-source';
  return (await promisify(execFile)(process.execPath, [conditions, path], { cwd })).stdout;
}

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
    const stdout = await runExample(example, cwd);
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

const EXPECTED: Readonly<Record<string, RegExp>> = {
  'gradients.ts': /^\{\s+loss: 1\.\d+,\s+gradient: 108,\s+first: -?[\d.e-]+\s+\}\n$/,
  'six_maps.ts':
    /^joint 4 4 (0\.\d{4}).*posterior 4 4 (?:1|0\.9999).*counterfactual 4 4 .*p\(y=3\|x\) \1.*pixels 64 64\n$/s,
  'checkpoint.ts': /^resnet18 124 \{ classNames: \[ 'wren'/,
};

test('docs/examples.md shows the files of docs/examples, all of them', async () => {
  const page = await readFile(join(root, 'docs', 'examples.md'), 'utf8');
  const files = await readdir(examples);
  expect(files.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  for (const file of files)
    expect(page).toContain(`\`\`\`ts\n${await readFile(join(examples, file), 'utf8')}\`\`\``);
});

test.each(Object.entries(EXPECTED))('docs/examples/%s', async (file, wanted) => {
  const cwd = await mkdtemp(join(tmpdir(), 'calm-example-'));
  try {
    expect(await runExample(join(examples, file), cwd)).toMatch(wanted);
  } finally {
    await rm(cwd, { recursive: true });
  }
});

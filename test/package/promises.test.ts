/** What README, SECURITY.md and docs/faults.md promise names what holds it; this holds them to the names. */
import { expect, test } from 'vitest';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const promises = /^## Promises\n(.*?)^## /ms.exec(read('README.md'))?.[1] ?? '';

/** Files that a page of docs names by links relative to `folder`, and in commands by paths from the root. */
function named(text: string, folder: string): readonly string[] {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => join(folder, path));
  const commands = [...text.matchAll(/`[^`\n]*?npx (?:node|vitest run) (\S+?\.ts|\S+?)(?=[ `])/g)];
  return [...links, ...commands.map(([, path = '']) => path)];
}

const files = [
  ...named(promises, ''),
  ...named(read('SECURITY.md'), ''),
  ...named(read('docs/faults.md'), 'docs'),
];

test('each promise names a test, or several', () => {
  const rows = [...promises.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].slice(2);
  expect(rows.length).toBeGreaterThan(10);
  for (const [, promise, holders = ''] of rows) expect(holders, promise).toMatch(/\]\(test\/.*\.test\.ts\)/);
});

test.each([...new Set(files)])('%s is there', (file) => {
  expect(existsSync(join(root, file))).toBe(true);
  if (file.endsWith('.test.ts')) expect(read(file)).toMatch(/\b(test|it)(\.\w+(\(.*?\))?)*\(/);
});

import { expect, test } from 'vitest';
import { globSync } from 'node:fs';
import { IN_BOTH, NODE_ONLY } from './node_only.ts';
import { join } from 'node:path';

test('every file that is left out of Chromium exists and would be in without its line', () => {
  const root = join(import.meta.dirname, '..', '..');
  const files = new Set(IN_BOTH.flatMap((pattern) => globSync(pattern, { cwd: root })));
  expect(Object.keys(NODE_ONLY).filter((file) => !files.has(file))).toEqual([]);
  expect(files.size - Object.keys(NODE_ONLY).length).toBeGreaterThan(30);
});

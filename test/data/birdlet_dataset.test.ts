import { afterAll, beforeAll, expect, test } from 'vitest';
import { birdletDataset } from '../../src/data/birdlets/dataset.ts';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { openCub } from '../../src/data/cub.node.ts';
import { tmpdir } from 'node:os';
import { writeBirdlets } from '../../src/data/birdlets/write.node.ts';

const drawing = { size: 48, classes: 4 };
const counts = { train: 10, val: 5, test: 4 };
let folder = '';

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'calm-birdlets-')), 'set');
  await writeBirdlets(folder, { ...drawing, ...counts, seed: 3 });
});
afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

test.each(['train', 'val', 'test'] as const)('a drawn %s split is the one that is written', async (split) => {
  const written = await openCub({ folder, split });
  const drawn = birdletDataset({ ...drawing, seed: 3, split, count: counts[split] });
  expect(drawn.length).toBe(written.length);
  expect(drawn.classNames).toEqual(written.classNames);
  for (let index = 0; index < drawn.length; index++) {
    expect(drawn.label(index)).toBe(written.label(index));
    expect((await drawn.load(index)).data).toEqual((await written.load(index)).data);
  }
});

test('what cannot be drawn is refused by name', () => {
  expect(() => birdletDataset({ seed: 1, split: 'val', count: 0 })).toThrow(
    'count must be a positive integer, got 0',
  );
  expect(() => birdletDataset({ seed: 1, split: 'val', count: 2 }).label(2)).toThrow(
    'there is no picture 2, only 2',
  );
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  classesBelow,
  IMAGENET_BIRDS,
  parseClassList,
  parseClassSynsets,
  synsetsBelow,
} from '../../src/attribution/superset.ts';
import { join } from 'node:path';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { resolveSuperset } from '../../src/attribution/superset.node.ts';
import { tmpdir } from 'node:os';

// Birds, of which a cock and, below a finch, a brambling; a fish beside them.
const IS_A = `n00015388 n01503061
n01503061 n01514668
n01503061 n01529672
n01529672 n01530575
n00015388 n02512053
n02512053 n01440764
`;
const SYNSETS =
  'n01440764 tench, Tinca tinca\nn01514668 cock\nn01530575 brambling, Fringilla montifringilla\n';

describe('the is-a list', () => {
  test('gives all that lies below a synset, at any depth, and the synset', () => {
    expect([...synsetsBelow(IS_A, 'n01503061')].toSorted()).toEqual([
      'n01503061',
      'n01514668',
      'n01529672',
      'n01530575',
    ]);
    expect(classesBelow(parseClassSynsets(SYNSETS), IS_A, 'n01503061')).toEqual([1, 2]);
    expect(classesBelow(parseClassSynsets(SYNSETS), IS_A, 'n00015388')).toEqual([0, 1, 2]);
    expect(classesBelow(parseClassSynsets(SYNSETS), IS_A, 'n01530575')).toEqual([2]);
  });

  test('that is none is refused with its line', () => {
    expect(() => synsetsBelow('n01503061 n01514668\nbird cock\n', 'n01503061')).toThrow(
      /line 2: got "bird cock"/,
    );
    expect(() => parseClassSynsets('tench\n')).toThrow(/line 1: got "tench"/);
    expect(() => classesBelow(parseClassSynsets(SYNSETS), IS_A, 'n09999999')).toThrow(
      /none of the 3 classes/,
    );
    expect(() => classesBelow([], IS_A, 'birds')).toThrow(/wanted a synset/);
  });
});

test('59 of the 1000 classes are birds', () => {
  expect(IMAGENET_BIRDS).toHaveLength(59);
  expect(new Set(IMAGENET_BIRDS).size).toBe(59);
});

test('a list names classes by number or name, with comments, each once', () => {
  const names = ['finch', 'wren', 'tit'];
  expect(parseClassList('2, finch # the first\n\n0\n', 3, names)).toEqual([2, 0]);
  expect(() => parseClassList('3', 3, names)).toThrow(
    /got 3, wanted a whole number from 0 to 2 or a class name/,
  );
  expect(() => parseClassList('robin', 3, names)).toThrow(/got robin/);
  expect(() => parseClassList('# nothing', 3)).toThrow(/empty/);
});

describe('a superset on the command line', () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'superset-'));
    await writeFile(file('is_a.txt'), IS_A);
    await writeFile(file('synsets.txt'), SYNSETS);
    await writeFile(file('set.txt'), '0\n2\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is all birds: 59 of ImageNet, all of any other data set', async () => {
    expect((await resolveSuperset('all-birds', { classCount: 1000 })).classes).toEqual(IMAGENET_BIRDS);
    expect((await resolveSuperset('all-birds', { classCount: 3 })).classes).toEqual([0, 1, 2]);
  });

  test('or what lies below a synset, or a file', async () => {
    const context = { classCount: 3, isA: file('is_a.txt'), synsets: file('synsets.txt') };
    expect(await resolveSuperset('wordnet:n01503061', context)).toEqual({
      name: 'wordnet:n01503061',
      classes: [1, 2],
    });
    expect(await resolveSuperset(file('set.txt'), context)).toEqual({ name: 'set.txt', classes: [0, 2] });
    await expect(resolveSuperset('wordnet:n01503061', { classCount: 3 })).rejects.toThrow(/--is-a/);
    await expect(resolveSuperset('wordnet:n01503061', { ...context, classCount: 4 })).rejects.toThrow(
      /3 synsets/,
    );
  });
});

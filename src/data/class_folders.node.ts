import type { Dirent } from 'node:fs';
import type { ImageDataset, Split } from './image_dataset.ts';
import { basename, join } from 'node:path';
import { DatasetError } from './dataset.ts';
import { LAYOUTS } from './layouts.ts';
import { RandomStream } from '../runtime/random.ts';
import { readdir } from 'node:fs/promises';
import { readImage } from './decode.node.ts';
import { reject } from '../runtime/errors.ts';

export interface ClassFoldersOptions {
  readonly folder: string;
  readonly split: Split;
  /** Only for a folder without train, val and test: the share of each class's pictures that goes to val and to test. Default 0.1 each. */
  readonly shares?: { readonly val: number; readonly test: number };
  /** Draws that split. Default 0. */
  readonly seed?: number;
  readonly applyOrientation?: boolean;
}

/** Separate random stream for the split. */
const SPLIT = 0x5917;

/**
 * Opens one split of a folder of class folders: `train/CLASS/*.jpg` (`val` and `test` beside it), or `CLASS/*.jpg`, of which `shares` go to val and test, drawn by class and
 * seed. Classes are the folders of train in the order of their code points; ids are paths below the folder. Throws a DatasetError.
 */
export async function openClassFolders(options: ClassFoldersOptions): Promise<ImageDataset> {
  const { folder, split, applyOrientation = false } = options;
  const entries = await subfolders(folder);
  const isSplit = entries.includes('train');
  const root = isSplit ? join(folder, 'train') : folder;
  const classNames = isSplit ? await subfolders(root) : entries;
  if (isSplit && !entries.includes(split))
    throw new DatasetError(`${folder}: the folder ${split} is missing\n${LAYOUTS.folder}`);

  const ids: string[] = [];
  const labels: number[] = [];
  const splitRoot = isSplit ? join(folder, split) : folder;
  const unknown = isSplit ? (await subfolders(splitRoot)).filter((name) => !classNames.includes(name)) : [];
  if (unknown.length > 0)
    throw new DatasetError(`${splitRoot}: ${unknown.join(', ')}: no class of that name in train`);
  for (const [label, name] of classNames.entries()) {
    const files = await pictureNames(join(splitRoot, name));
    const chosen = isSplit ? files : partOf(files, label, options);
    for (const file of chosen) {
      ids.push(isSplit ? `${split}/${name}/${file}` : `${name}/${file}`);
      labels.push(label);
    }
  }
  if (ids.length === 0)
    throw new DatasetError(`${folder}: the ${split} split has no images\n${LAYOUTS.folder}`);

  const id = (method: string, index: number): string =>
    ids[index] ??
    reject(`ImageDataset.${method}`, 'index', String(index), `an integer in [0, ${ids.length})`);
  return {
    name: `${basename(folder)} (${split})`,
    kind: 'folder',
    folder,
    split,
    classNames,
    length: ids.length,
    label(index) {
      id('label', index);
      return labels[index] ?? 0;
    },
    imageId: (index) => id('imageId', index),
    path: (index) => join(folder, id('path', index)),
    source: (index) => ({ path: join(folder, id('source', index)), applyOrientation }),
    load: async (index) => readImage(join(folder, id('load', index)), { applyOrientation }),
    size: () => undefined,
    boxes: () => [],
    hasMasks: false,
    maskPaths: () => [],
    mask: () => Promise.resolve(undefined),
  };
}

/** True if the folder looks like one that openClassFolders opens. */
export async function holdsClassFolders(folder: string): Promise<boolean> {
  const entries = await subfolders(folder).catch((): string[] => []);
  const roots = entries.includes('train')
    ? (await subfolders(join(folder, 'train'))).map((name) => join('train', name))
    : entries;
  for (const root of roots) if ((await pictureNames(join(folder, root))).length > 0) return true;
  return false;
}

function partOf(
  files: readonly string[],
  label: number,
  { split, shares, seed = 0 }: ClassFoldersOptions,
): string[] {
  const { val, test } = shares ?? { val: 0.1, test: 0.1 };
  if (!(val >= 0 && test >= 0 && val + test < 1))
    reject(
      'openClassFolders',
      'shares',
      `val ${val}, test ${test}`,
      'shares >= 0 that leave something to train',
    );
  const order = new RandomStream(SPLIT, seed, label).permutation(files.length);
  const ends = { test: Math.round(files.length * test), val: Math.round(files.length * (val + test)) };
  const [from, to] =
    split === 'test' ? [0, ends.test] : split === 'val' ? [ends.test, ends.val] : [ends.val, files.length];
  const chosen = new Set(order.subarray(from, to));
  return files.filter((_, index) => chosen.has(index));
}

/** By code unit, so that labels are the same everywhere. */
async function subfolders(folder: string): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    throw new DatasetError(`${folder}: cannot read the folder\n${LAYOUTS.folder}`);
  }
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .toSorted();
}

/** Names of the pictures in a folder, by code unit; none where it cannot be read. */
export async function pictureNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => /^[^.].*\.(jpe?g|png)$/i.test(name)).toSorted();
}

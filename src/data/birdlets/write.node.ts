import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { ArgumentError } from '../../runtime/errors.ts';
import { DatasetError } from '../dataset.ts';
import { encodePlanePng, encodePng } from '../png/png.node.ts';
import { mix32 } from '../../runtime/random.ts';
import { ATTRIBUTE_NAMES, birdletClasses, classAttributes } from './classes.ts';
import type { Birdlet, BirdletOptions } from './generate.ts';
import { generateBirdlet, resolveBirdletOptions } from './generate.ts';
import { CUB_PART_NAMES } from './points.ts';
import type { BirdletSplit } from './splits.ts';
import { indicesOfClass } from './splits.ts';

export interface BirdletFolderOptions extends BirdletOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Pictures of each split, each at least one. Defaults 1000, 200, 400. Classes are balanced within a split. */
  readonly train?: number;
  readonly val?: number;
  readonly test?: number;
  /** Called after each picture. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface BirdletFolder {
  readonly folder: string;
  /** False if a complete folder of the same options was already there. */
  readonly generated: boolean;
}

/** Raised whenever the pictures of a seed change, so that folders of an older generator are not taken for current ones. */
const GENERATOR_VERSION = 3;

/** All that a birdlets folder has. */
const NAMES = new Set([
  ...['birdlets.json', 'images', 'segmentations', 'part_masks', 'metadata', 'attributes', 'parts'],
  ...['images.txt', 'image_class_labels.txt', 'train_test_split.txt', 'bounding_boxes.txt', 'classes.txt'],
]);

/** Files within them: pictures and masks by class, and lists. */
const FILES =
  /^(?:images|segmentations|part_masks)\/\d{3}\.(\w+)\/\1_\d{4}_\d+\.png$|^(?:metadata|attributes|parts)\/.*\.txt$/;

interface Entry {
  readonly split: BirdletSplit;
  /** Index for generateBirdlet. */
  readonly index: number;
  readonly label: number;
  /** Path below images/, as in images.txt. */
  readonly file: string;
}

interface Drawn extends Entry {
  readonly birdlet: Omit<Birdlet, 'image' | 'partMap' | 'segmentation'>;
}

/**
 * Writes a birdlets data set in the layout of CUB-200-2011 with CALM's metadata lists, plus `part_masks/` (exact part label maps)
 * and `birdlets.json` (the options). images.txt lists all splits; in train_test_split.txt the val pictures count as
 * training pictures, as in CUB, whose official split knows train and test only.
 *
 * The folder appears whole or not at all: it is written beside its place and renamed. A complete folder of the same options is
 * kept. Throws an ArgumentError on bad options and a DatasetError if `folder` exists and is not a birdlets folder, or has something else in
 * it as well, at any depth: it is never removed then.
 */
export async function writeBirdlets(
  folder: string,
  options: BirdletFolderOptions = {},
): Promise<BirdletFolder> {
  const target = resolve(folder);
  const { seed = 1, train = 1000, val = 200, test = 400, onProgress } = options;
  const drawing = resolveBirdletOptions(options);
  for (const [name, value] of Object.entries({ train, val, test })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ArgumentError(`writeBirdlets: ${name} must be a positive integer, got ${String(value)}`);
    }
  }
  const settings = { version: GENERATOR_VERSION, seed, train, val, test, ...drawing };
  const description = `${JSON.stringify(settings, null, 2)}\n`;
  const found = await readDescription(target);
  if (found === description) return { folder: target, generated: false };
  const names = await listNames(target);
  const strange = names.find((name) => !NAMES.has(name)) ?? (await foreignFile(target));
  if (names.length > 0 && (found === undefined || strange !== undefined)) {
    const why = found === undefined ? 'it has no birdlets.json' : `it has ${strange ?? ''}`;
    throw new DatasetError(`writeBirdlets: ${target} exists and is not a birdlets folder (${why})`);
  }

  const entries = listEntries({ train, val, test }, drawing.classes);
  await mkdir(dirname(target), { recursive: true });
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.draft`);
  await rm(draft, { recursive: true, force: true });
  try {
    const drawn = await writePictures(draft, entries, seed, drawing, onProgress);
    await writeLists(draft, drawn, drawing);
    await writeFile(join(draft, 'birdlets.json'), description);
    // Only a folder that birdlets.json marks as ours is ever replaced.
    if (found !== undefined) await rm(target, { recursive: true });
    await rename(draft, target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return { folder: target, generated: true };
}

async function readDescription(folder: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, 'birdlets.json'), 'utf8');
  } catch {
    return undefined;
  }
}

/** A file in the folders of a birdlets folder that was not drawn: it is not to go with the rest. */
async function foreignFile(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory() && entry.parentPath !== folder)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .find((name) => !FILES.test(name));
}

/** Names in a folder; none if it does not exist. */
async function listNames(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** All pictures, numbered class by class as CUB does. Split, then index, decides the drawing. */
function listEntries(counts: Record<BirdletSplit, number>, classes: number): readonly Entry[] {
  const names = birdletClasses(classes).map(({ name }) => name);
  const entries: Entry[] = [];
  for (const [label, name] of names.entries()) {
    let inClass = 0;
    for (const split of ['train', 'val', 'test'] as const) {
      for (const index of indicesOfClass(split, counts[split], label, classes)) {
        const number = String(++inClass).padStart(4, '0');
        const file = `${classFolder(label, name)}/${name}_${number}_${entries.length + 1}.png`;
        entries.push({ split, index, label, file });
      }
    }
  }
  return entries;
}

function classFolder(label: number, name: string): string {
  return `${String(label + 1).padStart(3, '0')}.${name}`;
}

async function writePictures(
  draft: string,
  entries: readonly Entry[],
  seed: number,
  drawing: Required<BirdletOptions>,
  onProgress: BirdletFolderOptions['onProgress'],
): Promise<readonly Drawn[]> {
  for (const kind of ['images', 'segmentations', 'part_masks']) {
    for (const folder of new Set(entries.map(({ file }) => dirname(file)))) {
      await mkdir(join(draft, kind, folder), { recursive: true });
    }
  }
  const drawn: Drawn[] = [];
  for (const entry of entries) {
    const { image, segmentation, partMap, ...birdlet } = generateBirdlet(seed, entry.index, drawing);
    await Promise.all([
      writeFile(join(draft, 'images', entry.file), encodePng(image)),
      writeFile(join(draft, 'segmentations', entry.file), encodePlanePng(segmentation)),
      writeFile(join(draft, 'part_masks', entry.file), encodePlanePng(partMap)),
    ]);
    drawn.push({ ...entry, birdlet });
    onProgress?.(drawn.length, entries.length);
  }
  return drawn;
}

async function writeLists(
  draft: string,
  drawn: readonly Drawn[],
  drawing: Required<BirdletOptions>,
): Promise<void> {
  const classes = birdletClasses(drawing.classes);
  const write = async (name: string, lines: readonly string[]): Promise<void> => {
    await mkdir(dirname(join(draft, name)), { recursive: true });
    await writeFile(join(draft, name), lines.map((line) => `${line}\n`).join(''));
  };
  const perImage = (text: (image: Drawn) => string | number): readonly string[] =>
    drawn.map((image, position) => `${position + 1} ${text(image)}`);
  const fixed = (...values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(' ');

  await write(
    'images.txt',
    perImage(({ file }) => file),
  );
  await write(
    'image_class_labels.txt',
    perImage(({ label }) => label + 1),
  );
  await write(
    'train_test_split.txt',
    perImage(({ split }) => (split === 'test' ? 0 : 1)),
  );
  await write(
    'bounding_boxes.txt',
    perImage(({ birdlet: { box } }) => fixed(box.x, box.y, box.width, box.height)),
  );
  await write(
    'classes.txt',
    classes.map(({ name }, label) => `${label + 1} ${classFolder(label, name)}`),
  );
  await write(
    'parts/parts.txt',
    CUB_PART_NAMES.map((name, part) => `${part + 1} ${name}`),
  );
  await write(
    'parts/part_locs.txt',
    drawn.flatMap(({ birdlet }, position) =>
      birdlet.parts.map(
        ({ x, y, visible }, part) => `${position + 1} ${part + 1} ${fixed(x, y)} ${visible ? 1 : 0}`,
      ),
    ),
  );
  await write(
    'attributes/attributes.txt',
    ATTRIBUTE_NAMES.map((name, attribute) => `${attribute + 1} ${name}`),
  );
  await write(
    'attributes/class_attribute_labels_continuous.txt',
    classes.map((kind, label) =>
      classAttributes(kind)
        .map((present, attribute) => percentage(present, label, attribute).toFixed(2))
        .join(' '),
    ),
  );
  for (const split of ['train', 'val', 'test'] as const) {
    const members = drawn.filter((image) => image.split === split);
    const list = (name: string, text: (image: Drawn) => string): Promise<void> =>
      write(`metadata/${split}/${name}.txt`, members.map(text));
    await list('image_ids', ({ file }) => file);
    await list('class_labels', ({ file, label }) => `${file},${label}`);
    await list('image_sizes', ({ file }) => `${file},${drawing.size},${drawing.size}`);
    await list('localization', ({ file, birdlet: { box } }) =>
      [file, box.x, box.y, box.x + box.width, box.y + box.height].join(','),
    );
  }
}

/** Like the share of people who saw the attribute: 75 to 99 where it holds, 0 to 12 where not. CALM's threshold is 50. */
function percentage(present: boolean, label: number, attribute: number): number {
  const share = mix32(label * 1000 + attribute) / 4294967296;
  return present ? 75 + 24 * share : 12 * share;
}

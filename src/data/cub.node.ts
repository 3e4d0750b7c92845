import { access, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reject } from '../runtime/errors.ts';
import type { CubAnnotations } from './cub_annotations.ts';
import { CUB_ANNOTATION_FILES, namedLines, parseCubAnnotations } from './cub_annotations.ts';
import type { Dataset } from './dataset.ts';
import { DatasetError } from './dataset.ts';
import { readImage, readPlane } from './decode.node.ts';
import type { Plane } from './image.ts';
import type { Metadata, MetadataBox } from './metadata.ts';
import { parseMetadata } from './metadata.ts';

export type Split = 'train' | 'val' | 'test';

export interface CubOptions {
  /** The unpacked folder: CUB_200_2011, or one that writeBirdlets made. */
  readonly folder: string;
  readonly split: Split;
  /** Folder of the official lists (its `train`, `val` and `test`). Default `metadata` in the folder. */
  readonly metadata?: string;
  /** Leave out images that are not on disk, and classes of which there is none. Default false: a missing image is an error. */
  readonly onlyPresent?: boolean;
}

/** One split of a folder in the layout of CUB-200-2011. */
export interface CubDataset extends Dataset {
  readonly folder: string;
  readonly split: Split;
  /** CUB's class id (1-based) of each label; not simply label + 1 if classes were left out. */
  readonly classIds: readonly number[];
  /** Path of the picture. */
  path(index: number): string;
  /** Size of the original picture in pixels, from the lists. */
  size(index: number): { readonly width: number; readonly height: number };
  /** Boxes of localization.txt; none if it has no line for the image. */
  boxes(index: number): readonly MetadataBox[];
  /** Pixels of the bird (> 0), in the size of the picture; undefined if there is no segmentation on disk. */
  segmentation(index: number): Promise<Plane | undefined>;
  /** Birdlets only: exact part labels, 0 = background or hidden, 1..7 = BIRD_PARTS; undefined elsewhere. */
  partMask(index: number): Promise<Plane | undefined>;
}

const LAYOUT = `expected:
  classes.txt
  images/001.Class_Name/*.jpg|png
  metadata/{train,val,test}/{image_ids,class_labels,image_sizes,localization}.txt   (or the folder given as metadata)
for cue localisation also:
  images.txt  image_class_labels.txt  train_test_split.txt  bounding_boxes.txt
  attributes/attributes.txt  attributes/class_attribute_labels_continuous.txt
  parts/parts.txt  parts/part_locs.txt
  segmentations/001.Class_Name/*.png`;

/**
 * Opens one split by its official lists. Labels are those of the lists, or, with `onlyPresent`, counted anew over the classes of which
 * any picture (of any split) is on disk, so that all splits agree. Throws a DatasetError that lists what is missing.
 */
export async function openCub(options: CubOptions): Promise<CubDataset> {
  const { folder, split, metadata: lists = join(options.folder, 'metadata'), onlyPresent = false } = options;
  const classNames = await readClassNames(folder);
  const metadata = await readMetadata(lists, split);
  const present = await presentImages(join(folder, 'images'));

  const missing = metadata.imageIds.filter((id) => !present.has(id));
  if (missing.length > 0 && !onlyPresent) {
    throw new DatasetError(
      `${folder}: ${missing.length} of ${metadata.imageIds.length} ${split} images are missing, such as images/${missing[0] ?? ''} ` +
        `(onlyPresent uses those that are there)`,
    );
  }
  const presentFolders = new Set([...present].map((file) => file.slice(0, file.lastIndexOf('/'))));
  const kept = [...classNames].filter(([, name]) => !onlyPresent || presentFolders.has(name));
  const labelOfClassId = new Map(kept.map(([classId], label) => [classId, label]));
  const samples = metadata.imageIds
    .filter((id) => present.has(id))
    .map((id) => {
      const classId = (metadata.labels.get(id) ?? 0) + 1;
      const label = labelOfClassId.get(classId);
      if (label === undefined) {
        throw new DatasetError(
          `${lists}/${split}/class_labels.txt: ${id} has label ${classId - 1}, which classes.txt does not know`,
        );
      }
      return { id, label };
    });
  if (samples.length === 0) throw new DatasetError(`${folder}: no image of the ${split} split is on disk`);

  const sample = (method: string, index: number): { readonly id: string; readonly label: number } =>
    samples[index] ??
    reject(`CubDataset.${method}`, 'index', String(index), `an integer in [0, ${samples.length})`);
  const plane = async (method: string, kind: string, index: number): Promise<Plane | undefined> => {
    const path = join(folder, kind, sample(method, index).id.replace(/\.[^./]+$/, '.png'));
    return (await exists(path)) ? readPlane(path) : undefined;
  };
  return {
    name: `${basename(folder)} (${split})`,
    folder,
    split,
    classNames: kept.map(([, name]) => name.replace(/^\d+\./, '')),
    classIds: kept.map(([classId]) => classId),
    length: samples.length,
    label: (index) => sample('label', index).label,
    imageId: (index) => sample('imageId', index).id,
    path: (index) => join(folder, 'images', sample('path', index).id),
    load: async (index) => readImage(join(folder, 'images', sample('load', index).id)),
    size: (index) => metadata.sizes.get(sample('size', index).id) ?? { width: 0, height: 0 },
    boxes: (index) => metadata.boxes.get(sample('boxes', index).id) ?? [],
    segmentation: (index) => plane('segmentation', 'segmentations', index),
    partMask: (index) => plane('partMask', 'part_masks', index),
  };
}

/** Reads the attribute, part and box annotations. Throws a DatasetError that lists what is missing. */
export async function readCubAnnotations(folder: string): Promise<CubAnnotations> {
  const texts = await readTexts(folder, CUB_ANNOTATION_FILES);
  return parseCubAnnotations(folder, texts);
}

/** Reads `folder/split/*.txt` (see parseMetadata). Throws a DatasetError that lists what is missing. */
export async function readMetadata(folder: string, split: Split): Promise<Metadata> {
  const files = ['image_ids.txt', 'class_labels.txt', 'image_sizes.txt', 'localization.txt'] as const;
  const source = join(folder, split);
  const texts = await readTexts(source, files);
  return parseMetadata({
    source,
    imageIds: texts['image_ids.txt'],
    classLabels: texts['class_labels.txt'],
    imageSizes: texts['image_sizes.txt'],
    localization: texts['localization.txt'],
  });
}

async function readClassNames(folder: string): Promise<ReadonlyMap<number, string>> {
  const texts = await readTexts(folder, ['classes.txt']);
  return namedLines(join(folder, 'classes.txt'), texts['classes.txt']);
}

/** Reads all the files or throws one error that lists all that cannot be read. */
async function readTexts<Name extends string>(
  folder: string,
  names: readonly Name[],
): Promise<Readonly<Record<Name, string>>> {
  const missing: string[] = [];
  const entries = await Promise.all(
    names.map(async (name): Promise<[Name, string]> => {
      try {
        return [name, await readFile(join(folder, name), 'utf8')];
      } catch {
        missing.push(name);
        return [name, ''];
      }
    }),
  );
  if (missing.length > 0) {
    throw new DatasetError(`${folder}: cannot read ${missing.toSorted().join(', ')}\n${LAYOUT}`);
  }
  return Object.fromEntries(entries) as Record<Name, string>;
}

/** All files two levels below images/, as `001.Class_Name/file`. */
async function presentImages(folder: string): Promise<ReadonlySet<string>> {
  let classes;
  try {
    classes = await readdir(folder, { withFileTypes: true });
  } catch {
    throw new DatasetError(`${folder}: cannot read the folder of images\n${LAYOUT}`);
  }
  const present = new Set<string>();
  for (const entry of classes) {
    if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
    for (const name of await readdir(join(folder, entry.name))) present.add(`${entry.name}/${name}`);
  }
  return present;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

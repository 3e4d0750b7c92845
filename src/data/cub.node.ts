import { pathExists } from './path_exists.node.ts';
import { readdir } from 'node:fs/promises';
import { readRegularFile } from '../runtime/regular_file.node.ts';
import { basename, dirname, join } from 'node:path';
import type { CubAnnotations } from './cub_annotations.ts';
import { CUB_ANNOTATION_FILES, namedLines, parseCubAnnotations } from './cub_annotations.ts';
import { DatasetError } from './dataset.ts';
import type { ImageDataset, Split } from './image_dataset.ts';
import { LAYOUTS } from './layouts.ts';
import { openListed } from './listed.node.ts';
import type { Plane } from './image.ts';
import { clipBox, CUB_SPLIT_FILE, readCubLists, readImageSize } from './cub_lists.node.ts';
import { readClassNames, readLists, readTexts } from './read_lists.node.ts';
import { readPlane } from './decode.node.ts';

export interface CubOptions {
  /** The unpacked folder: CUB_200_2011, or one that writeBirdlets made. */
  readonly folder: string;
  readonly split: Split;
  /**
   * Folder of wsolevaluation's lists (its `train`, `val` and `test`). Default `metadata` in the folder; without it, the folder's own
   * train_test_split.txt: the same images in the same order, without a val split.
   */
  readonly metadata?: string;
  /** Leave out images that are not on disk, and classes of which there is none. Default false: a missing image is an error. */
  readonly onlyPresent?: boolean;
  /** Train on image_ids_proxy.txt. Default false. */
  readonly proxy?: boolean;
  /** Turn pictures upright by their EXIF orientation. Default false, as the official code; masks, boxes and parts are not turned. */
  readonly applyOrientation?: boolean;
}

/** One split of a folder in the layout of CUB-200-2011. */
export interface CubDataset extends ImageDataset {
  readonly kind: 'cub';
  /** CUB's class id (1-based) of each label; not simply label + 1 if classes were left out. */
  readonly classIds: readonly number[];
  /** Size of the original picture in pixels, from the lists, else from its file. Throws a DatasetError if wsolevaluation's lists do not say. */
  size(index: number): { readonly width: number; readonly height: number };
  /** Pixels of the bird (> 0), in the size of the picture; undefined if there is no segmentation on disk. */
  segmentation(index: number): Promise<Plane | undefined>;
  /** Birdlets only: exact part labels, 0 = background or hidden, 1..7 = BIRD_PARTS; undefined elsewhere. */
  partMask(index: number): Promise<Plane | undefined>;
  /** Where `segmentation` and `partMask` look for them. */
  planePaths(index: number): readonly string[];
}

/**
 * Opens one split by its official lists. Labels are those of the lists, or, with `onlyPresent`, counted anew over the classes of which
 * any picture (of any split) is on disk, so that all splits agree. Throws a DatasetError that lists what is missing.
 */
export async function openCub(options: CubOptions): Promise<CubDataset> {
  const { folder, split, onlyPresent = false, proxy = false } = options;
  const metadata = options.metadata ?? (await listsOf(folder));
  if (metadata === null && proxy && split === 'train')
    throw new DatasetError(
      `${folder}: image_ids_proxy.txt is one of wsolevaluation's lists, and there are none (--metadata says where they are)`,
    );
  const folders = await readClassFolders(folder, metadata);
  // wsolevaluation moves what is in images/ one up.
  const [firstClass = ''] = folders.values();
  const moved = !(await pathExists(join(folder, 'images'))) && (await pathExists(join(folder, firstClass)));
  const imageRoot = moved ? folder : join(folder, 'images');
  const present = await presentImages(imageRoot);
  const presentFolders = new Set([...present].map((file) => file.slice(0, file.lastIndexOf('/'))));
  const kept = [...folders].filter(([, name]) => !onlyPresent || presentFolders.has(name));
  const labelOfClassId = new Map(kept.map(([classId], label) => [classId, label]));

  const labelsFile =
    metadata === null ? `${folder}/image_class_labels.txt` : `${metadata}/${split}/class_labels.txt`;
  const lists =
    metadata === null
      ? await readCubLists(folder, split)
      : await readLists(metadata, split, { layout: LAYOUTS.cub, proxy: proxy && split === 'train' });
  if (!onlyPresent) {
    const { imageIds } = lists;
    const missing = imageIds.filter((id) => !present.has(id));
    if (missing.length > 0) {
      throw new DatasetError(
        `${folder}: ${missing.length} of ${imageIds.length} ${split} images are missing, such as ${basename(imageRoot)}/${missing[0] ?? ''} ` +
          `(onlyPresent, --only-present on the command line, uses those that are there)`,
      );
    }
  }
  const dataset = await openListed({
    kind: 'cub',
    folder,
    imageRoot,
    lists,
    split,
    proxy,
    applyOrientation: options.applyOrientation ?? false,
    classNames: kept.map(([, name]) => name.replace(/^\d+\./, '')),
    relabel: (id, label) => {
      if (!present.has(id)) return undefined;
      return (
        labelOfClassId.get(label + 1) ??
        unknownLabel(`${labelsFile}: ${id} has label ${label}, which classes.txt does not know`)
      );
    },
  });
  const planePath = (kind: string, index: number): string =>
    join(folder, kind, dataset.imageId(index).replace(/\.[^./]+$/, '.png'));
  const plane = async (kind: string, index: number): Promise<Plane | undefined> => {
    const path = planePath(kind, index);
    return (await pathExists(path)) ? readPlane(path) : undefined;
  };
  const size: CubDataset['size'] = (index) => {
    const listed = dataset.size(index);
    if (listed) return listed;
    if (metadata === null) return readImageSize(dataset.path(index));
    throw new DatasetError(`${metadata}/${split}/image_sizes.txt: ${dataset.imageId(index)} has no size`);
  };
  return {
    ...dataset,
    kind: 'cub',
    classIds: kept.map(([classId]) => classId),
    size,
    boxes(index) {
      const boxes = dataset.boxes(index);
      return metadata === null ? boxes.map((box) => clipBox(box, size(index))) : boxes;
    },
    segmentation: (index) => plane('segmentations', index),
    partMask: (index) => plane('part_masks', index),
    planePaths: (index) => ['segmentations', 'part_masks'].map((kind) => planePath(kind, index)),
  };
}

/** Reads the attribute, part and box annotations. Throws a DatasetError that lists what is missing. */
export async function readCubAnnotations(folder: string): Promise<CubAnnotations> {
  // The archive unpacks this one beside the folder; the released code expects it within.
  const attributes = 'attributes/attributes.txt';
  const beside = join(dirname(folder), 'attributes.txt');
  const isBeside = !(await pathExists(join(folder, attributes))) && (await pathExists(beside));
  const within = CUB_ANNOTATION_FILES.filter((file) => !isBeside || file !== attributes);
  const texts = await readTexts(folder, within, LAYOUTS.cub);
  const moved = isBeside ? { [attributes]: (await readRegularFile(beside)).toString() } : {};
  return parseCubAnnotations(folder, {
    ...Object.fromEntries(texts),
    ...moved,
  } as Record<(typeof CUB_ANNOTATION_FILES)[number], string>);
}

function unknownLabel(message: string): never {
  throw new DatasetError(message);
}

/** The folder's metadata, or null where CUB's own split stands in. */
async function listsOf(folder: string): Promise<string | null> {
  const metadata = join(folder, 'metadata');
  const isOwn = !(await pathExists(metadata)) && (await pathExists(join(folder, CUB_SPLIT_FILE)));
  return isOwn ? null : metadata;
}

/** Folder of each class by its id, from classes.txt or, where it was left behind, from the lists. */
async function readClassFolders(
  folder: string,
  metadata: string | null,
): Promise<ReadonlyMap<number, string>> {
  const file = join(folder, 'classes.txt');
  if (await pathExists(file)) {
    const texts = await readTexts(folder, ['classes.txt'], LAYOUTS.cub);
    return namedLines(file, texts.get('classes.txt') ?? '', { arePaths: true });
  }
  const names = metadata === null ? [] : await readClassNames(metadata);
  if (names.length === 0) throw new DatasetError(`${folder}: cannot read classes.txt\n${LAYOUTS.cub}`);
  return new Map(names.map((name, label) => [label + 1, name]));
}

/** All files two levels below the folder of images, as `001.Class_Name/file`. */
async function presentImages(folder: string): Promise<ReadonlySet<string>> {
  let classes;
  try {
    classes = await readdir(folder, { withFileTypes: true });
  } catch {
    throw new DatasetError(`${folder}: cannot read the folder of images\n${LAYOUTS.cub}`);
  }
  const present = new Set<string>();
  for (const entry of classes) {
    if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
    for (const name of await readdir(join(folder, entry.name))) present.add(`${entry.name}/${name}`);
  }
  return present;
}

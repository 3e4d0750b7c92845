import type { Communicator } from '../../src/distributed/communicator.ts';
import { alone, gatherJson } from '../../src/distributed/communicator.ts';
import type { Batch } from '../../src/data/loader.ts';
import type { CubCueImage, CubCueOptions, CubCueTask } from '../../src/eval/cub_cues.node.ts';
import type { CubDataset } from '../../src/data/cub.node.ts';
import type { DatasetKind, ImageDataset, Split } from '../../src/data/image_dataset.ts';
import type { Image } from '../../src/data/image.ts';
import type { ObjectTruth } from '../../src/eval/object_localisation.ts';
import type { PartMap } from '../../src/eval/cub_trait.ts';
import { createLoader } from '../../src/data/loader.ts';
import { cubCueTask } from '../../src/eval/cub_cues.node.ts';
import { DatasetError } from '../../src/data/dataset.ts';
import { mergeMasks } from '../../src/data/object_mask.ts';
import { fileDigest } from './file_digest.ts';
import { openDataset } from '../../src/data/open_dataset.node.ts';
import { readCubAnnotations } from '../../src/data/cub.node.ts';
import { CUB_ANNOTATION_FILES } from '../../src/data/cub_annotations.ts';
import { join } from 'node:path';
import { resizeBox } from '../../src/eval/box_accuracy.ts';
import { versions } from '../version.ts';

/** Part maps that are kept for the next method; larger sets make them anew each time. */
const PART_MAP_BYTES = 256 * 2 ** 20;

/** Side at which the released evaluation compares maps with masks and boxes. */
const OFFICIAL_SIZE = 224;

/** What the cue metric needs beside maps. */
export interface CueData {
  readonly task: CubCueTask;
  readonly masks: CubCueOptions['masks'];
  readonly labelOfClass: ReadonlyMap<number, number>;
  readonly partMap: (image: CubCueImage) => Promise<PartMap>;
}

/** A split to evaluate on. */
export interface EvaluationData {
  readonly name: string;
  /** Over all processes. */
  readonly images: number;
  /** Side at which maps meet masks and boxes. */
  readonly size: number;
  /** Processes that share the images: `batches` are this one's. */
  readonly communicator: Communicator;
  readonly classNames: readonly string[];
  /** What results depend on: part of their key. */
  readonly identity: unknown;
  /** Lines for people: what stands in for what where cues are measured. */
  readonly cueNotes: readonly string[];
  readonly cue: CueData | null;
  /** Whether there are boxes or masks of objects. */
  readonly hasObjects: boolean;
  batches(): AsyncIterable<Batch>;
  load(index: number): Promise<Image>;
  imageId(index: number): string;
  label(index: number): number;
  truth(index: number): Promise<ObjectTruth>;
}

/** Where the pictures are, and how many of them. */
export interface DataChoice {
  readonly folder: string;
  readonly split: Split;
  readonly kind: DatasetKind | 'auto';
  readonly metadata?: string | undefined;
  readonly onlyPresent: boolean;
  /** Only so many images, evenly spread over the split. */
  readonly images?: number | undefined;
  /** Side of the images that the network sees. */
  readonly crop: number;
  /** Side at which maps meet masks and boxes. Default: that of exact part masks, which birdlets have, else the released evaluation's 224. */
  readonly size?: number | undefined;
  readonly batch: number;
  /** Default: one process. */
  readonly communicator?: Communicator;
}

const isCub = (dataset: ImageDataset): dataset is CubDataset => dataset.kind === 'cub';

/** A data set of every so many-th image of another. */
function thinned(dataset: ImageDataset, images: number | undefined): ImageDataset {
  if (images === undefined || images >= dataset.length) return dataset;
  // Beyond the end stays beyond the end, so that a wrong index is refused as before.
  const place = (index: number): number =>
    index < images ? Math.floor((index * dataset.length) / images) : dataset.length;
  const part: ImageDataset = {
    ...dataset,
    length: images,
    label: (index) => dataset.label(place(index)),
    imageId: (index) => dataset.imageId(place(index)),
    load: (index) => dataset.load(place(index)),
    source: (index) => dataset.source(place(index)),
    path: (index) => dataset.path(place(index)),
    size: (index) => dataset.size(place(index)),
    boxes: (index) => dataset.boxes(place(index)),
    mask: (index, size) => dataset.mask(place(index), size),
    maskPaths: (index) => dataset.maskPaths(place(index)),
  };
  if (!isCub(dataset)) return part;
  const cub: Pick<CubDataset, 'segmentation' | 'partMask' | 'planePaths'> = {
    segmentation: (index) => dataset.segmentation(place(index)),
    partMask: (index) => dataset.partMask(place(index)),
    planePaths: (index) => dataset.planePaths(place(index)),
  };
  return { ...part, ...cub };
}

/** Everything that is read of a data set beside its lists: pictures, masks and annotations, whether they are there or not. */
function filesOf(dataset: ImageDataset): string[] {
  const files: string[] = [];
  for (let index = 0; index < dataset.length; index++)
    files.push(
      dataset.path(index),
      ...dataset.maskPaths(index),
      ...(isCub(dataset) ? dataset.planePaths(index) : []),
    );
  if (isCub(dataset))
    files.push(...[...CUB_ANNOTATION_FILES, '../attributes.txt'].map((file) => join(dataset.folder, file)));
  return files;
}

/** Opens a split and whatever truth lies beside it. Throws DatasetError when there is no such data set. */
export async function openEvaluationData(choice: DataChoice): Promise<EvaluationData> {
  const { folder, split, kind, metadata, onlyPresent, crop, batch, communicator = alone } = choice;
  const whole = await openDataset({
    folder,
    split,
    kind,
    onlyPresent,
    ...(metadata === undefined ? {} : { metadata }),
  });
  const dataset = thinned(whole, choice.images);
  const size = choice.size ?? (await partMaskSide(dataset)) ?? OFFICIAL_SIZE;
  const cueNotes: string[] = [];
  const cue = isCub(dataset) ? await openCues(dataset, size, cueNotes) : null;
  const ids = Array.from({ length: dataset.length }, (_, index) => dataset.imageId(index));
  const boxed = ids.some((_, index) => dataset.boxes(index).length > 0);
  const segmented = isCub(dataset) && (await dataset.segmentation(0)) !== undefined;
  const masked = dataset.hasMasks || segmented;
  const square = { width: size, height: size };
  const maskOf = async (index: number): Promise<Uint8Array | null> => {
    if (!segmented) return dataset.hasMasks ? ((await dataset.mask(index, square))?.data ?? null) : null;
    const bird = await dataset.segmentation(index);
    return bird === undefined ? null : mergeMasks([bird], undefined, size, size).data;
  };
  // The first process's, so that all look for the same results whatever each is told of a shared disk.
  const [files] = await gatherJson(communicator, await fileDigest(filesOf(dataset)));
  const { rank, size: processes } = communicator;
  const shard = { rank, size: processes };
  const loader = createLoader(dataset, { batchSize: batch, mode: 'eval', crop, shard });
  const sizeOf = async (index: number): Promise<{ readonly width: number; readonly height: number }> =>
    dataset.size(index) ?? dataset.load(index);
  return {
    name: dataset.name,
    images: dataset.length,
    size,
    communicator,
    classNames: dataset.classNames,
    identity: {
      name: dataset.name,
      // How pictures are decoded and resized.
      calm: versions.calm,
      files,
      crop,
      size,
      segmented,
      masked: dataset.hasMasks,
      cueMasks: cue?.masks ?? null,
      images: ids.map((id, index) => [id, dataset.label(index), dataset.boxes(index)]),
    },
    cueNotes,
    cue,
    hasObjects: masked || boxed,
    batches: () => loader.epoch(0),
    load: (index) => dataset.load(index),
    imageId: (index) => dataset.imageId(index),
    label: (index) => dataset.label(index),
    truth: async (index) => {
      const boxes = dataset.boxes(index);
      const original = boxes.length === 0 ? { width: 1, height: 1 } : await sizeOf(index);
      return { boxes: boxes.map((box) => resizeBox(box, original, size, size)), mask: await maskOf(index) };
    },
  };
}

/** Side of exact part masks, which nothing is gained by scaling; null where there are none, or no square ones. */
async function partMaskSide(dataset: ImageDataset): Promise<number | null> {
  const mask = isCub(dataset) ? await dataset.partMask(0) : undefined;
  return mask !== undefined && mask.width === mask.height ? mask.width : null;
}

/** The cue task, where attributes and parts are there. */
async function openCues(dataset: CubDataset, size: number, notes: string[]): Promise<CueData | null> {
  let annotations;
  try {
    annotations = await readCubAnnotations(dataset.folder);
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    notes.push(`No cue localisation: ${error.message.split('\n')[0] ?? ''}`);
    return null;
  }
  const masks = (await dataset.partMask(0)) === undefined ? 'nearest' : 'exact';
  if (masks === 'nearest' && (await dataset.segmentation(0)) === undefined) {
    notes.push(
      'No segmentations: cue masks are the pixels of the bounding box, not of the bird, nearest to the annotated parts. ' +
        'Their mPxAP cannot be compared with figures measured on segmentations.',
    );
  }
  const task = cubCueTask(dataset, annotations, { masks, size });
  const kept = new Map<number, PartMap>();
  const room = Math.floor(PART_MAP_BYTES / (size * size));
  return {
    task,
    masks,
    labelOfClass: new Map(dataset.classIds.map((id, label) => [id, label])),
    partMap: async (image) => {
      const known = kept.get(image.index);
      if (known !== undefined) return known;
      const made = await task.partMap(image);
      if (kept.size < room) kept.set(image.index, made);
      return made;
    },
  };
}

import type { DatasetKind, ImageDataset, Split } from './image_dataset.ts';
import { pathExists } from './path_exists.node.ts';
import { basename, join } from 'node:path';
import { DatasetError } from './dataset.ts';
import { LAYOUTS } from './layouts.ts';
import type { SplitLists } from './lists.ts';
import { mergeMasks } from './object_mask.ts';
import { readClassNames, readLists } from './read_lists.node.ts';
import { readImage, readPlane } from './decode.node.ts';
import { reject } from '../runtime/errors.ts';

interface CommonOptions {
  readonly kind: Exclude<DatasetKind, 'folder'>;
  /** The data set, for its name. */
  readonly folder: string;
  /** What the paths of the lists are relative to. */
  readonly imageRoot: string;
  readonly split: Split;
  readonly proxy?: boolean;
  readonly applyOrientation?: boolean;
  /** Keeps only some samples, with new labels; undefined leaves a sample out. Default: all as they are. */
  readonly relabel?: (id: string, label: number) => number | undefined;
}

/** Where the lists are: a folder with train, val and test in it; or what they say, and the name of each label. */
type ListsSource =
  { readonly metadata: string } | { readonly lists: SplitLists; readonly classNames: readonly string[] };

export type ListedOptions = CommonOptions & ListsSource;

/**
 * Opens one split by its official lists. Whether all pictures are there is not checked (ILSVRC has 1.28 million); a split of which not even the first is
 * there is refused. Throws a DatasetError.
 */
export async function openListed(options: ListedOptions): Promise<ImageDataset> {
  const { kind, folder, imageRoot, split, proxy = false, applyOrientation = false, relabel } = options;
  const { lists, classNames } = 'lists' in options ? options : await listsIn(options);
  const positions: number[] = [];
  const labels: number[] = [];
  for (const [position, id] of lists.imageIds.entries()) {
    const label = relabel ? relabel(id, lists.labels[position] ?? 0) : lists.labels[position];
    if (label === undefined) continue;
    positions.push(position);
    labels.push(label);
  }
  const kept = Uint32Array.from(positions);
  const keptLabels = Uint32Array.from(labels);
  const first = lists.imageIds[kept[0] ?? -1];
  if (first === undefined)
    throw new DatasetError(`${folder}: the ${split} split has no images\n${LAYOUTS[kind]}`);
  if (!(await pathExists(join(imageRoot, first)))) {
    throw new DatasetError(
      `${folder}: the ${split} split's first image is missing: ${join(imageRoot, first)}\n${LAYOUTS[kind]}`,
    );
  }

  const position = (method: string, index: number): number =>
    kept[index] ??
    reject(`ImageDataset.${method}`, 'index', String(index), `an integer in [0, ${kept.length})`);
  const imageId = (method: string, index: number): string => lists.imageIds[position(method, index)] ?? '';
  const size: ImageDataset['size'] = (index) => {
    const at = position('size', index) * 2;
    const [width = 0, height = 0] = lists.sizes?.subarray(at, at + 2) ?? [];
    return width > 0 ? { width, height } : undefined;
  };
  return {
    name: `${basename(folder)} (${split}${proxy && split === 'train' ? ', proxy' : ''})`,
    kind,
    folder,
    split,
    classNames,
    length: kept.length,
    label(index) {
      position('label', index);
      return keptLabels[index] ?? 0;
    },
    imageId: (index) => imageId('imageId', index),
    path: (index) => join(imageRoot, imageId('path', index)),
    source: (index) => ({ path: join(imageRoot, imageId('source', index)), applyOrientation }),
    load: async (index) => readImage(join(imageRoot, imageId('load', index)), { applyOrientation }),
    size,
    boxes: (index) => lists.boxes.get(position('boxes', index)) ?? [],
    hasMasks: lists.masks.size > 0,
    maskPaths(index) {
      const files = lists.masks.get(position('maskPaths', index));
      if (!files) return [];
      return [...files.instances, ...(files.ignore === undefined ? [] : [files.ignore])].map((file) =>
        join(imageRoot, file),
      );
    },
    async mask(index, wanted) {
      const files = lists.masks.get(position('mask', index));
      if (!files) return undefined;
      const instances = await Promise.all(files.instances.map((file) => readPlane(join(imageRoot, file))));
      const ignore = files.ignore === undefined ? undefined : await readPlane(join(imageRoot, files.ignore));
      const [one] = instances;
      const { width, height } = wanted ?? size(index) ?? one ?? { width: 1, height: 1 };
      return mergeMasks(instances, ignore, width, height);
    },
  };
}

async function listsIn({
  kind,
  metadata,
  split,
  proxy = false,
}: CommonOptions & { readonly metadata: string }): Promise<{
  readonly lists: SplitLists;
  readonly classNames: readonly string[];
}> {
  const classNames = await readClassNames(metadata);
  const lists = await readLists(metadata, split, {
    proxy: proxy && split === 'train',
    layout: LAYOUTS[kind],
    classes: classNames.length,
  });
  return { lists, classNames };
}

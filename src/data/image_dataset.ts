import type { Box } from './lists.ts';
import type { Dataset, PictureSource } from './dataset.ts';
import type { Plane } from './image.ts';

/** In wsolevaluation's words: train-weaksup, train-fullsup and test. */
export type Split = 'train' | 'val' | 'test';
export const SPLITS: readonly Split[] = ['train', 'val', 'test'];

/**
 * `cub` CUB-200-2011 (CUBV2 as val), `ilsvrc` ImageNet (ImageNetV2 as val), `openimages` OpenImages30k, `lists` any folder with split lists in their
 * format, `folder` a folder of a folder a class.
 */
export type DatasetKind = 'cub' | 'ilsvrc' | 'openimages' | 'lists' | 'folder';
export const DATASET_KINDS: readonly DatasetKind[] = ['cub', 'ilsvrc', 'openimages', 'lists', 'folder'];

/** One split of a data set on disk. */
export interface ImageDataset extends Dataset {
  readonly kind: DatasetKind;
  readonly folder: string;
  readonly split: Split;
  /** Path of the picture. */
  path(index: number): string;
  source(index: number): PictureSource;
  /** Size of the original picture in pixels, from the lists; undefined where they do not say. */
  size(index: number): { readonly width: number; readonly height: number } | undefined;
  /** Boxes around the objects, in pixels of the original picture; none where there are no annotations. */
  boxes(index: number): readonly Box[];
  /** Whether `mask` has masks for this split. */
  readonly hasMasks: boolean;
  /**
   * The pixels of the objects: 1 object, 0 background, 255 not to be judged (mergeMasks), in `size`, by default that of the picture (or, where the lists do not say it,
   * of the first mask). undefined where there is no annotation. Rejects with an ImageDecodeError.
   */
  mask(index: number, size?: { readonly width: number; readonly height: number }): Promise<Plane | undefined>;
  /** Files of the masks of sample i; none where there are no annotations. */
  maskPaths(index: number): readonly string[];
}

import type { CubAnnotations } from '../data/cub_annotations.ts';
import type { CubDataset } from '../data/cub.node.ts';
import type { Plane } from '../data/image.ts';
import type { ClassPair, PartMap } from './cub_trait.ts';
import type { CueImage } from './cue_localisation.ts';
import { boxSegmentation, cueClassPairs, cuePartCentres, exactPartMap, nearestPartMap } from './cub_trait.ts';
import { CalmError } from '../runtime/errors.ts';
import { resizePlane } from '../data/resize.ts';

/** An image of a cue task. */
export interface CubCueImage extends CueImage {
  /** Position in the data set. */
  readonly index: number;
}

/** What `evaluateCueLocalisation` needs of a data set in CUB's layout. */
export interface CubCueTask {
  readonly pairs: readonly ClassPair[];
  readonly images: readonly CubCueImage[];
  /** Side of the part maps in pixels: the size at which everything is evaluated. */
  readonly size: number;
  readonly partMap: (image: CubCueImage) => Promise<PartMap>;
}

export interface CubCueOptions {
  /**
   * `exact`: the part masks that birdlets have by construction. `nearest`: officially, each pixel of the segmentation belongs to
   * the nearest annotated part; where no segmentation is on disk the bounding box stands in, and the part map says so.
   */
  readonly masks: 'exact' | 'nearest';
  /** Default: 224, as officially. */
  readonly size?: number;
}

/** Nearest-neighbour scaling (pixel centres): labels cannot be mixed. */
function scaleLabels({ width, height, data }: Plane, size: number): Uint8Array {
  if (width === size && height === size) return data;
  const labels = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(((y + 0.5) * height) / size) * width;
    for (let x = 0; x < size; x++)
      labels[y * size + x] = data[row + Math.floor(((x + 0.5) * width) / size)] ?? 0;
  }
  return labels;
}

/** Builds the cue task of a split: the class pairs that differ in 1 to 3 parts, and the part map of any of its images. */
export function cubCueTask(
  dataset: CubDataset,
  annotations: CubAnnotations,
  options: CubCueOptions,
): CubCueTask {
  const { masks, size = 224 } = options;

  const exact = async (index: number): Promise<PartMap> => {
    const mask = await dataset.partMask(index);
    if (mask === undefined) {
      throw new CalmError(
        `cue task: ${dataset.imageId(index)} has no part mask below ${dataset.folder}/part_masks`,
      );
    }
    return exactPartMap(scaleLabels(mask, size), size);
  };

  const nearest = async (index: number): Promise<PartMap> => {
    const annotation = annotations.images.get(dataset.imageId(index));
    if (annotation === undefined)
      throw new CalmError(`cue task: ${dataset.imageId(index)} is not in images.txt`);
    const { width, height } = dataset.size(index);
    const centres = cuePartCentres({ width, height, visibleParts: annotation.visibleParts }, size);
    const segmentation = await dataset.segmentation(index);
    if (segmentation === undefined) {
      return nearestPartMap(centres, boxSegmentation(annotation.box, width, height, size), size, 'box');
    }
    return nearestPartMap(centres, resizePlane(segmentation, size, size, 'bicubic').data, size);
  };

  return {
    pairs: cueClassPairs(annotations, 3, dataset.classIds),
    images: Array.from({ length: dataset.length }, (_, index) => ({
      index,
      id: dataset.imageId(index),
      classId: dataset.classIds[dataset.label(index)] ?? 0,
    })),
    size,
    partMap: ({ index }) => (masks === 'exact' ? exact(index) : nearest(index)),
  };
}

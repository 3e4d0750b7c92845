import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { preprocess, uploadImages } from '../kernels/preprocess/preprocess.ts';
import { reject } from '../runtime/errors.ts';

/** What training takes of a loader's batch: decoded images, and how to cut them. */
export interface TrainingBatch {
  /** Of the set's or epoch's batches, from 0: their order, where several processes have them. Default: none is missing. */
  readonly number?: number;
  /** uint8 [N,height,width,3] */
  readonly images: Uint8Array;
  /** Of the images, in pixels. */
  readonly height: number;
  readonly width: number;
  /** Side of the square that the network sees. */
  readonly crop: number;
  /** Class of each image, [N]. */
  readonly labels: Uint32Array;
  /** Images of the whole batch of which these are one process's. Default: they are all. */
  readonly wholeSize?: number;
  /** Top and left of each crop, [N,2]. */
  readonly crops: Int32Array;
  /** 1 where the crop is mirrored, [N]. */
  readonly flips: Uint8Array;
}

/** What is subtracted from pixels in [0, 1], and what they are divided by then; per channel R, G, B. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Statistics of ImageNet, which every torchvision model expects. */
export const IMAGENET_NORMALIZATION: Normalization = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** A batch on the GPU; the tape's. */
export interface BatchTensors {
  /** f32 [N,crop,crop,3], normalised. */
  readonly images: Tensor;
  /** [N] */
  readonly labels: Tensor<'u32'>;
}

/** Throws ArgumentError unless all parts of a batch are of as many images as there are labels. */
export function checkBatch(
  operation: string,
  { images, height, width, labels, crops, flips }: TrainingBatch,
): void {
  const count = labels.length;
  const check = (what: string, got: number, wanted: number): void => {
    if (count === 0 || got !== wanted) reject(operation, what, String(got), `${wanted} for ${count} labels`);
  };
  check('number of image bytes', images.length, count * height * width * 3);
  check('length of crops', crops.length, 2 * count);
  check('length of flips', flips.length, count);
}

/** Throws ArgumentError naming the first label that is none of so many classes: its loss would be NaN and its gradient zero. */
export function checkLabels(operation: string, labels: Uint32Array, classes: number): void {
  const image = labels.findIndex((label) => label >= classes);
  if (image >= 0)
    reject(operation, `label of image ${image}`, String(labels[image]), `a class from 0 to ${classes - 1}`);
}

/** `size` of a batch's images, from number `first` on. Views, no copies. The batch's parts must fit. */
export function batchPart(batch: TrainingBatch, first: number, size: number): TrainingBatch {
  const { images, height, width, labels, crops, flips } = batch;
  const pixels = height * width * 3;
  const end = first + size;
  return {
    ...batch,
    images: images.subarray(first * pixels, end * pixels),
    labels: labels.subarray(first, end),
    crops: crops.subarray(2 * first, 2 * end),
    flips: flips.subarray(first, end),
  };
}

/**
 * Cuts a batch into batches of `size` images, in order, the last one possibly smaller. They are views, no copies. Throws
 * ArgumentError when the batch's parts do not fit.
 */
export function splitBatch(batch: TrainingBatch, size: number): TrainingBatch[] {
  checkBatch('splitBatch', batch);
  const parts = Math.ceil(batch.labels.length / size);
  return Array.from({ length: parts }, (_, part) => batchPart(batch, part * size, size));
}

/** Copies a batch to the GPU and crops, mirrors and normalises it there. Throws ArgumentError when its parts do not fit. */
export function uploadBatch(tape: Tape, batch: TrainingBatch, normalization: Normalization): BatchTensors {
  checkBatch('uploadBatch', batch);
  const { images, height, width, crop } = batch;
  const count = batch.labels.length;
  const pixels = uploadImages(tape.engine, images);
  try {
    const prepared = preprocess(tape, pixels, {
      images: [count, height, width],
      height: crop,
      width: crop,
      crops: batch.crops,
      flips: batch.flips,
      ...normalization,
    });
    const labels = tape.empty([count], 'u32');
    tape.engine.write(labels, Uint32Array.from(batch.labels));
    return { images: prepared, labels };
  } finally {
    pixels.dispose();
  }
}

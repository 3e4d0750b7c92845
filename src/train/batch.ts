import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { preprocess, uploadImages } from '../kernels/preprocess/preprocess.ts';
import { reject } from '../runtime/errors.ts';

/** What training takes of a loader's batch: decoded images, and how to cut them. */
export interface TrainingBatch {
  /** uint8 [N,height,width,3] */
  readonly images: Uint8Array;
  /** Of the images, in pixels. */
  readonly height: number;
  readonly width: number;
  /** Side of the square that the network sees. */
  readonly crop: number;
  /** Class of each image, [N]. */
  readonly labels: Uint32Array;
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

/** Copies a batch to the GPU and crops, mirrors and normalises it there. Throws ArgumentError when its parts do not fit. */
export function uploadBatch(tape: Tape, batch: TrainingBatch, normalization: Normalization): BatchTensors {
  const { images, height, width, crop } = batch;
  const count = batch.labels.length;
  const wanted = count * height * width * 3;
  if (count === 0 || images.length !== wanted)
    reject('uploadBatch', 'number of image bytes', String(images.length), `${wanted} for ${count} labels`);
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

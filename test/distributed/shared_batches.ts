import type { TrainingBatch } from '../../src/train/batch.ts';
import { patchBatch } from '../train/patches.ts';
import { shareOf } from '../../src/distributed/communicator.ts';

/** A rank's share of a batch, as a loader with `shard` gives it. */
export function shareOfBatch(
  batch: TrainingBatch,
  shard: { readonly rank: number; readonly size: number },
): TrainingBatch {
  const { images, height, width, labels, crops, flips } = batch;
  const { first, end } = shareOf(labels.length, shard);
  const pixels = height * width * 3;
  return {
    ...batch,
    images: images.subarray(first * pixels, end * pixels),
    labels: labels.subarray(first, end),
    crops: crops.subarray(2 * first, 2 * end),
    flips: flips.subarray(first, end),
    wholeSize: labels.length,
  };
}

/** An epoch's batches of `images` (the last one of `last`), or a rank's shares of them, from number `begin` on. */
export async function* sharedBatches(
  epoch: number,
  steps: number,
  images: number,
  shard: { readonly rank: number; readonly size: number } | null,
  { begin = 0, last = images }: { readonly begin?: number; readonly last?: number } = {},
): AsyncGenerator<TrainingBatch> {
  for (let step = begin; step < steps; step++) {
    const whole = patchBatch(1000 * epoch + step, step === steps - 1 ? last : images);
    yield await Promise.resolve(shard === null ? whole : shareOfBatch(whole, shard));
  }
}

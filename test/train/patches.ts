import type { Engine } from '../../src/runtime/engine.ts';
import type { Model } from '../../src/model/model.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import type { ResNetOptions } from '../../src/model/resnet_family.ts';
import type { TrainingBatch } from '../../src/train/batch.ts';
import { createModel } from '../../src/model/model.ts';
import { RandomStream } from '../../src/runtime/random.ts';

/** A network that takes a few milliseconds a step. */
export function smallModel(engine: Engine, options: Partial<ModelOptions & ResNetOptions> = {}): Model {
  return createModel(engine, {
    architecture: 'resnet18',
    layers: [1, 1],
    widths: [8, 16],
    strides: [1, 2],
    stem: { width: 8, kernel: 3, stride: 2, pool: false },
    head: 'calm-em',
    classes: 3,
    seed: 5,
    ...options,
  });
}

const SIDE = 24;
const CROP = 20;

/** Noise with one 8x8 patch whose colour channel is the class: something to learn in a few steps. */
export function patchBatch(seed: number, count = 6): TrainingBatch {
  const stream = new RandomStream(seed);
  const images = Uint8Array.from({ length: count * SIDE * SIDE * 3 }, () => stream.integer(100));
  const labels = Uint32Array.from({ length: count }, (_, image) => image % 3);
  for (const [image, label] of labels.entries()) {
    const [top, left] = [4 + stream.integer(8), 4 + stream.integer(8)];
    for (let y = top; y < top + 8; y++)
      for (let x = left; x < left + 8; x++) images[((image * SIDE + y) * SIDE + x) * 3 + label] = 255;
  }
  return {
    images,
    height: SIDE,
    width: SIDE,
    crop: CROP,
    labels,
    crops: Int32Array.from({ length: 2 * count }, () => stream.integer(SIDE - CROP + 1)),
    flips: Uint8Array.from({ length: count }, () => stream.integer(2)),
  };
}

/** Batches of an epoch; the same epoch gives the same ones. */
export async function* patchBatches(epoch: number, steps: number): AsyncGenerator<TrainingBatch> {
  for (let step = 0; step < steps; step++) yield await Promise.resolve(patchBatch(1000 * epoch + step));
}

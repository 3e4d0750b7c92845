import type { Engine } from '../src/runtime/engine.ts';
import type { Model } from '../src/model/model.ts';
import type { ModelOptions } from '../src/model/configuration.ts';
import type { ResNetOptions } from '../src/model/resnet_family.ts';
import type { Trainer, TrainerOptions } from '../src/train/trainer.ts';
import type { TrainingBatch } from '../src/train/batch.ts';
import { createModel } from '../src/model/model.ts';
import { createTrainer } from '../src/train/trainer.ts';
import { RandomStream } from '../src/runtime/random.ts';

/** Noise as decoded images, and labels: what a loader would give. */
export function noiseBatch(count: number, side: number, classes: number): TrainingBatch {
  const stream = new RandomStream(1);
  return {
    images: Uint8Array.from({ length: count * side * side * 3 }, () => stream.integer(256)),
    height: side,
    width: side,
    crop: side,
    labels: Uint32Array.from({ length: count }, (_, image) => (37 * image) % classes),
    crops: new Int32Array(2 * count),
    flips: new Uint8Array(count),
  };
}

/** ResNet-50 with CALM's EM head, 200 classes, and its trainer; a rate of almost nothing, so that noise does not lead astray. */
export function makeTrainer(
  engine: Engine,
  modelOptions: Partial<ModelOptions & ResNetOptions> = {},
  trainerOptions: Partial<TrainerOptions> = {},
): { model: Model; trainer: Trainer; dispose: () => void } {
  const model = createModel(engine, {
    architecture: 'resnet50',
    head: 'calm-em',
    classes: 200,
    outputStride: 32,
    ...modelOptions,
  });
  const trainer = createTrainer(model, { learningRate: 1e-9, ...trainerOptions });
  return {
    model,
    trainer,
    dispose: () => {
      trainer.dispose();
      model.dispose();
    },
  };
}

/** Trains on one batch again and again; milliseconds from each step's numbers to the next one's, the first from the start. */
export async function stepTimes(
  trainer: Trainer,
  batch: TrainingBatch,
  steps: number,
  onStep?: (step: number) => void,
): Promise<number[]> {
  const times: number[] = [];
  let before = performance.now();
  async function* batches() {
    for (let step = 0; step < steps; step++) yield await Promise.resolve(batch);
  }
  await trainer.trainEpoch(batches(), {
    epoch: trainer.epochsDone + 1,
    stepsPerEpoch: steps,
    onStep: ({ step }) => {
      const now = performance.now();
      times.push(now - before);
      before = now;
      onStep?.(step);
    },
  });
  return times;
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** What memory long work leaves behind: of the GPU by the engine's ledger, of the process by Node. */
import type { Engine } from '../../src/runtime/engine.ts';
import type { Model } from '../../src/model/model.ts';
import type { TrainingBatch } from '../../src/train/batch.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { collectGarbage } from './garbage.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { RandomStream } from '../../src/runtime/random.ts';

/** Memory after so many steps or explanations, in bytes. */
export interface MemorySample {
  readonly count: number;
  /** GPU buffers that tensors use, and that wait for reuse. */
  readonly used: number;
  readonly free: number;
  readonly bindGroups: number;
  /** JavaScript's heap and what hangs on it outside, garbage collected. */
  readonly heap: number;
  /** The process's resident set. */
  readonly resident: number;
}

async function sample(engine: Engine, count: number): Promise<MemorySample> {
  await engine.sync();
  await collectGarbage();
  const { usedBytes: used, freeBytes: free } = engine.memory();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { count, used, free, bindGroups: engine.bindGroups, heap: heapUsed + external, resident: rss };
}

/** A ResNet that takes a few milliseconds a step. */
export function soakModel(engine: Engine): Model {
  return createModel(engine, {
    architecture: 'resnet18',
    layers: [1, 1],
    widths: [8, 16],
    strides: [1, 2],
    stem: { width: 8, kernel: 3, stride: 2, pool: false },
    ...{ head: 'calm-em', classes: 5, seed: 1 },
  });
}

const SIDE = 24;
const CROP = 20;

async function* noiseBatches(count: number, size: number): AsyncGenerator<TrainingBatch> {
  const stream = new RandomStream(1);
  for (let number = 0; number < count; number++) {
    yield await Promise.resolve({
      images: Uint8Array.from({ length: size * SIDE * SIDE * 3 }, () => stream.integer(256)),
      ...{ height: SIDE, width: SIDE, crop: CROP },
      labels: Uint32Array.from({ length: size }, () => stream.integer(5)),
      crops: new Int32Array(2 * size),
      flips: new Uint8Array(size),
    });
  }
}

/** Trains for `steps` steps and samples memory, with none under way, every `every` of them. */
export async function trainLong(
  engine: Engine,
  { steps, every, capture }: { readonly steps: number; readonly every: number; readonly capture: boolean },
): Promise<MemorySample[]> {
  const model = soakModel(engine);
  const trainer = createTrainer(model, { learningRate: 1e-3, capture });
  const samples: MemorySample[] = [];
  try {
    await trainer.trainEpoch(noiseBatches(steps + 1, 4), {
      ...{ epoch: 1, stepsPerEpoch: steps + 1, checkpointEvery: every },
      onCheckpoint: async () => void samples.push(await sample(engine, trainer.steps)),
    });
    return samples;
  } finally {
    trainer.dispose();
    model.dispose();
  }
}

/** Explains `count` times two images by every kind of map, and samples memory every `every` times. */
export async function explainLong(
  engine: Engine,
  { count, every }: { readonly count: number; readonly every: number },
): Promise<MemorySample[]> {
  const model = soakModel(engine);
  const samples: MemorySample[] = [];
  try {
    for (let number = 1; number <= count; number++) {
      const pixels = Float32Array.from({ length: 2 * CROP * CROP * 3 }, (_, i) => Math.sin(i + number));
      const images = engine.tensor(pixels, [2, CROP, CROP, 3]);
      try {
        await attribute(model, images, {
          methods: ['joint', 'saliency', 'counterfactual', 'grad-cam', 'gradient'],
          classes: { all: [number % 5] },
          versus: { all: [(number + 1) % 5] },
        });
      } finally {
        images.dispose();
      }
      if (number % every === 0) samples.push(await sample(engine, number));
    }
    return samples;
  } finally {
    model.dispose();
  }
}

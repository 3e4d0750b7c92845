import type { Engine } from '../../src/runtime/engine.ts';
import type { Model } from '../../src/model/model.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import type { ResNetOptions } from '../../src/model/resnet_family.ts';
import type { StepEvent } from '../../src/train/epoch.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointContent, parseCheckpoint, resumeTraining } from '../../src/train/checkpoint.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/model/safetensors.ts';
import { patchBatch, patchBatches, smallModel } from './patches.ts';
import { splitBatch } from '../../src/train/batch.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

/** Every batch norm by its running statistics: then a batch's gradient is the mean of its images'. */
async function frozenNorms(on: Engine, options: Partial<ModelOptions & ResNetOptions> = {}): Promise<Model> {
  const names = smallModel(on).layers.flatMap(({ kind, name }) => (kind === 'batchNorm2d' ? [name] : []));
  return Promise.resolve(smallModel(on, { frozen: names, ...options }));
}

interface Trained {
  readonly parameters: Float32Array;
  readonly gradients: Float32Array;
  readonly events: readonly StepEvent[];
  readonly steps: number;
}

/** One epoch of `steps` steps on batches of seven images. */
async function train(model: Model, options: Partial<TrainerOptions>, steps = 1): Promise<Trained> {
  const trainer = createTrainer(model, { learningRate: 0.01, ...options });
  const events: StepEvent[] = [];
  async function* batches() {
    for (let step = 0; step < steps; step++) yield await Promise.resolve(patchBatch(100 + step, 7));
  }
  await trainer.trainEpoch(batches(), {
    epoch: 1,
    stepsPerEpoch: steps,
    onStep: (event) => void events.push({ ...event, seconds: 0 }),
  });
  const result = {
    parameters: await engine.read(model.parameters.values),
    gradients: await engine.read(model.parameters.gradients),
    events,
    steps: trainer.steps,
  };
  for (const made of [trainer, model]) made.dispose();
  return result;
}

const norm = (values: Float32Array): number => Math.hypot(...values);
const difference = (a: Float32Array, b: Float32Array): Float32Array =>
  a.map((value, i) => value - (b[i] ?? Number.NaN));

describe('micro-batches', () => {
  for (const [head, size] of [
    ['cam', 3],
    ['calm-em', 3],
    ['calm-ml', 1],
    ['calm-em', 5],
  ] as const) {
    test(`${head}, ${size} of 7 images at a time: gradient, loss and accuracy of the whole batch`, async () => {
      const whole = await train(await frozenNorms(engine, { head }), {});
      const cut = await train(await frozenNorms(engine, { head }), { microBatchSize: size });
      // Sums of 7 * 100 terms a weight in another order, each rounded to 2^-24 of what is summed, some of which cancels.
      expect(norm(difference(cut.gradients, whole.gradients))).toBeLessThan(1e-5 * norm(whole.gradients));
      expect(norm(whole.gradients)).toBeGreaterThan(0.01);
      expect(cut.events[0]?.loss).toBeCloseTo(whole.events[0]?.loss ?? Number.NaN, 5);
      expect(cut.events[0]?.accuracy).toBe(whole.events[0]?.accuracy);
      expect(cut.events[0]?.images).toBe(7);
      expect(cut.steps).toBe(1);
    });
  }

  test('a slow posterior follows once a step', async () => {
    for (const posterior of [
      { kind: 'ema', momentum: 0.5 },
      { kind: 'refresh', every: 2 },
    ] as const) {
      const whole = await train(await frozenNorms(engine), { posterior }, 5);
      const cut = await train(await frozenNorms(engine), { posterior, microBatchSize: 2 }, 5);
      const moved = difference(
        whole.parameters,
        await engine.read((await frozenNorms(engine)).parameters.values),
      );
      // A rounding a step, grown by the steps after it.
      expect(norm(difference(cut.parameters, whole.parameters))).toBeLessThan(1e-3 * norm(moved));
    }
  });

  test('parts of the size of the batch are the batch, to the bit', async () => {
    expect(await train(smallModel(engine), { microBatchSize: 7 }, 3)).toEqual(
      await train(smallModel(engine), {}, 3),
    );
    expect(await train(smallModel(engine), { microBatchSize: 100 }, 3)).toEqual(
      await train(smallModel(engine), {}, 3),
    );
  });

  test('recomputed blocks give the same bits', async () => {
    const options = { microBatchSize: 3, posterior: { kind: 'ema', momentum: 0.9 } } as const;
    const recomputed = await train(smallModel(engine, { recompute: true }), options, 3);
    expect(recomputed).toEqual(await train(smallModel(engine), options, 3));
  });

  test('running statistics move once a part', async () => {
    const model = smallModel(engine);
    const trainer = createTrainer(model, { learningRate: 0.01, microBatchSize: 3 });
    await trainer.trainEpoch(patchBatches(1, 2), { epoch: 1, stepsPerEpoch: 2 });
    expect(model.weights.running('bn1').batches).toBe(4);
    for (const made of [trainer, model]) made.dispose();
  });

  test('a run that was interrupted goes on to the same bits', async () => {
    const options: TrainerOptions = {
      learningRate: 0.01,
      microBatchSize: 4,
      posterior: { kind: 'ema', momentum: 0.8 },
    };
    const fit = { stepsPerEpoch: 2, train: (epoch: number) => patchBatches(epoch, 2) };
    const whole = smallModel(engine);
    const trainer = createTrainer(whole, options);
    await trainer.fit({ ...fit, epochs: 1 });
    const { tensors, metadata } = await checkpointContent(trainer);
    const checkpoint = parseCheckpoint(parseSafetensors(serializeSafetensors(tensors, metadata)));
    await trainer.fit({ ...fit, epochs: 2 });
    const again = createModel(engine, checkpoint.configuration);
    const resumed = createTrainer(again, options);
    resumeTraining(resumed, checkpoint);
    await resumed.fit({ ...fit, epochs: 2 });
    expect(await again.stateDict()).toEqual(await whole.stateDict());
    for (const made of [trainer, resumed, whole, again]) made.dispose();
  });

  test('a batch cut in four takes about a quarter of the memory', async () => {
    const peak = async (microBatchSize: number): Promise<number> => {
      const own = await createEngine();
      const model = smallModel(own);
      const trainer = createTrainer(model, { learningRate: 0.01, microBatchSize });
      const before = own.memory().usedBytes;
      const batch = async function* () {
        yield await Promise.resolve(patchBatch(1, 64));
      };
      await trainer.trainEpoch(batch(), { epoch: 1, stepsPerEpoch: 1 });
      const { peakBytes } = own.memory();
      own.destroy();
      return peakBytes - before;
    };
    expect((await peak(16)) / (await peak(64))).toBeLessThan(0.28);
  });

  test('from the third step on nothing is allocated and no bind group is made', async () => {
    const model = smallModel(engine, { recompute: true });
    const trainer = createTrainer(model, {
      learningRate: 0.01,
      microBatchSize: 4,
      posterior: { kind: 'ema', momentum: 0.9 },
    });
    const ledgers: string[] = [];
    async function* batches() {
      for (let step = 1; step <= 30; step++) {
        yield await Promise.resolve(patchBatch(step));
        await engine.sync();
        const { usedBuffers, usedBytes, freeBuffers, freeBytes } = engine.memory();
        ledgers.push([usedBuffers, usedBytes, freeBuffers, freeBytes, engine.bindGroups].join(' '));
      }
    }
    await trainer.trainEpoch(batches(), { epoch: 1, stepsPerEpoch: 30 });
    expect(new Set(ledgers.slice(2)).size).toBe(1);
    for (const made of [trainer, model]) made.dispose();
  });

  test('misuse is named', async () => {
    const model = smallModel(engine);
    for (const microBatchSize of [0, 1.5, Number.NaN]) {
      const options = { learningRate: 0.1, microBatchSize };
      expect(() => createTrainer(model, options)).toThrow(/microBatchSize is .*, wanted a whole number >= 1/);
    }
    const trainer = createTrainer(model, { learningRate: 0.1, microBatchSize: 2 });
    const before = await model.stateDict();
    const { usedBytes } = engine.memory();
    const good = patchBatch(1);
    for (const [wrong, message] of [
      [{ labels: Uint32Array.of(0, 1, 2) }, /number of image bytes is \d+, wanted \d+ for 3 labels/],
      [{ flips: new Uint8Array(7) }, /length of flips is 7, wanted 6 for 6 labels/],
      // Fits the first part, but not the last: no step may come of it.
      [{ crops: good.crops.map((place, i) => (i === 11 ? 1000 : place)) }, /crop of image 1/],
    ] as const) {
      async function* broken() {
        yield await Promise.resolve({ ...good, ...wrong });
      }
      await expect(trainer.trainEpoch(broken(), { epoch: 1, stepsPerEpoch: 1 })).rejects.toThrow(message);
    }
    expect(trainer.steps).toBe(0);
    expect((await model.stateDict()).get('conv1.weight')).toEqual(before.get('conv1.weight'));
    expect(engine.memory().usedBytes - usedBytes).toBeLessThan(1024);
    for (const made of [trainer, model]) made.dispose();
  });
});

test('splitBatch cuts every part of a batch in order', () => {
  const batch = patchBatch(3, 7);
  const parts = splitBatch(batch, 3);
  expect(parts.map(({ labels }) => labels.length)).toEqual([3, 3, 1]);
  for (const key of ['images', 'labels', 'crops', 'flips'] as const)
    expect(parts.flatMap((part) => [...part[key]])).toEqual([...batch[key]]);
  expect(parts[1]?.images.buffer).toBe(batch.images.buffer);
  expect(splitBatch(batch, 7)).toEqual([batch]);
});

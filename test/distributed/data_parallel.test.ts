import type { Communicator } from '../../src/distributed/communicator.ts';
import type { DataParallelOptions } from '../../src/distributed/data_parallel.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { ResNetOptions } from '../../src/model/resnet_family.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import type { StepEvent } from '../../src/train/epoch.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectInProcess } from './in_process.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { DataParallel } from '../../src/distributed/data_parallel.ts';
import { sharedBatches } from './shared_batches.ts';
import { smallModel } from '../train/patches.ts';

/** A device for each rank. */
let engines: Engine[] = [];
beforeAll(async () => {
  engines = await Promise.all([createEngine(), createEngine(), createEngine()]);
});
afterAll(() => {
  for (const engine of engines) engine.destroy();
});

interface Setting {
  readonly images: number;
  readonly steps: number;
  readonly last?: number;
  readonly model?: Partial<ModelOptions & ResNetOptions>;
  readonly trainer?: Partial<TrainerOptions>;
  readonly parallel?: DataParallelOptions;
}

interface Trained {
  readonly parameters: Float32Array;
  readonly velocities: Float32Array;
  readonly statistics: number[];
  readonly events: readonly StepEvent[];
}

/** Trains one epoch as a rank, or as one process. */
async function train(engine: Engine, setting: Setting, communicator: Communicator | null): Promise<Trained> {
  const { images, steps, last = images } = setting;
  const model = smallModel(engine, setting.model);
  const parallel = communicator === null ? null : new DataParallel(communicator, setting.parallel);
  const trainer = createTrainer(model, {
    learningRate: 0.02,
    ...setting.trainer,
    ...(parallel === null ? {} : { parallel }),
  });
  const events: StepEvent[] = [];
  await trainer.trainEpoch(sharedBatches(1, steps, images, communicator, { last }), {
    epoch: 1,
    stepsPerEpoch: steps,
    onStep: (event) => void events.push({ ...event, seconds: 0 }),
  });
  const statistics: number[] = [];
  for (const { mean, variance } of model.weights.statistics.values())
    statistics.push(...(await engine.read(mean)), ...(await engine.read(variance)));
  const result = {
    parameters: await engine.read(model.parameters.values),
    velocities: await engine.read(trainer.optimizer.velocities),
    statistics,
    events,
  };
  for (const made of [trainer, model]) made.dispose();
  return result;
}

function trainRanks(size: number, setting: Setting): Promise<Trained[]> {
  const ranks = connectInProcess(size);
  return Promise.all(
    ranks.map((communicator, rank) => {
      const engine = engines[rank];
      if (engine === undefined) throw new Error(`no engine for rank ${rank}`);
      return train(engine, setting, communicator);
    }),
  );
}

async function trainAlone(setting: Setting): Promise<Trained> {
  const [engine] = engines;
  if (engine === undefined) throw new Error('no engine');
  return train(engine, setting, null);
}

/** Relative distance of two lists of numbers. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const differences = Array.from(a, (value, index) => value - (b[index] ?? Number.NaN));
  return Math.hypot(...differences) / Math.hypot(...Array.from(b));
}

// Twelve steps of SGD with momentum, where the sums of each are rounded to 2^-24 in another order; measured 6e-8 for the parameters.
const ROUNDING = 2e-6;

describe('several processes follow one process with their batches together', () => {
  const synchronised = { images: 7, steps: 12, parallel: { synchronizeBatchNorm: true, bucketBytes: 2000 } };

  for (const [name, size, setting] of [
    ['two ranks', 2, synchronised],
    ['three ranks, a last batch of four', 3, { ...synchronised, last: 4 }],
    ['without captures', 2, { ...synchronised, trainer: { capture: false } }],
    ['a slow posterior', 2, { ...synchronised, trainer: { posterior: { kind: 'ema', momentum: 0.9 } } }],
    ['recomputed blocks', 2, { ...synchronised, model: { recompute: true } }],
    ['one bucket for all', 2, { ...synchronised, parallel: { synchronizeBatchNorm: true } }],
  ] as const satisfies readonly (readonly [string, number, Setting])[]) {
    test(name, async () => {
      const alone = await trainAlone(setting);
      const ranks = await trainRanks(size, setting);
      for (const rank of ranks) {
        expect(distance(rank.parameters, alone.parameters)).toBeLessThan(ROUNDING);
        expect(distance(rank.statistics, alone.statistics)).toBeLessThan(ROUNDING);
        // Losses, accuracies and sizes are those of whole batches.
        expect(rank.events.map(({ batchSize, accuracy }) => [batchSize, accuracy])).toEqual(
          alone.events.map(({ batchSize, accuracy }) => [batchSize, accuracy]),
        );
        for (const [step, { loss }] of rank.events.entries())
          expect(loss).toBeCloseTo(alone.events[step]?.loss ?? Number.NaN, 3);
        // All ranks have the same bits.
        expect(rank.parameters).toEqual(ranks[0]?.parameters);
        expect(rank.velocities).toEqual(ranks[0]?.velocities);
        expect(rank.statistics).toEqual(ranks[0]?.statistics);
      }
      // It has learned something on the way.
      expect(alone.events.at(-1)?.loss).toBeLessThan(0.9 * (alone.events[0]?.loss ?? 0));
    });
  }

  test('with frozen batch norms and micro-batches, the ranks cutting theirs differently', async () => {
    const [engine] = engines;
    if (engine === undefined) throw new Error('no engine');
    const names = smallModel(engine).layers.flatMap(({ kind, name }) =>
      kind === 'batchNorm2d' ? [name] : [],
    );
    // Seven images on two ranks: three in two parts, and four in two; of five, two in one and three in two.
    const setting = {
      images: 7,
      last: 5,
      steps: 12,
      model: { frozen: names },
      trainer: { microBatchSize: 2 },
    };
    const alone = await trainAlone(setting);
    for (const rank of await trainRanks(2, setting)) {
      expect(distance(rank.parameters, alone.parameters)).toBeLessThan(ROUNDING);
      expect(rank.events.map(({ accuracy }) => accuracy)).toEqual(
        alone.events.map(({ accuracy }) => accuracy),
      );
    }
  });

  test('without synchronisation parameters are the same on all ranks, and near those of one process only', async () => {
    const setting = { images: 8, steps: 12, parallel: { bucketBytes: 2000 } };
    const alone = await trainAlone(setting);
    const [first, second] = await trainRanks(2, setting);
    expect(second?.parameters).toEqual(first?.parameters);
    expect(distance(first?.parameters ?? [], alone.parameters)).toBeGreaterThan(10 * ROUNDING);
  });

  test('two runs give the same bits', async () => {
    const [one, two] = [await trainRanks(3, synchronised), await trainRanks(3, synchronised)];
    expect(two).toEqual(one);
  });
});

test('statistics over whole batches do not go with parts of batches', () => {
  const [communicator] = connectInProcess(1);
  const [engine] = engines;
  if (engine === undefined || communicator === undefined) throw new Error('made before');
  const parallel = new DataParallel(communicator, { synchronizeBatchNorm: true });
  const model = smallModel(engine);
  expect(() => createTrainer(model, { learningRate: 0.1, parallel, microBatchSize: 2 })).toThrow(
    /synchronizeBatchNorm takes statistics over whole batches, microBatchSize over parts of one/,
  );
  model.dispose();
});

import type { Engine } from '../../src/runtime/engine.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { join } from 'node:path';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { parseCheckpoint, resumeTraining } from '../../src/train/checkpoint.ts';
import { patchBatches, smallModel } from './patches.ts';
import { readCheckpoint, saveCheckpoint, saveModel } from '../../src/train/checkpoint.node.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.node.ts';
import { tmpdir } from 'node:os';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), 'calm-checkpoint-'));
});
afterAll(async () => {
  engine.destroy();
  await rm(folder, { recursive: true });
});

const OPTIONS: TrainerOptions = {
  learningRate: 0.01,
  schedule: { kind: 'cosine', epochs: 4 },
  posterior: { kind: 'ema', momentum: 0.8 },
};
const STEPS = { stepsPerEpoch: 3, train: (epoch: number) => patchBatches(epoch, 3) };

test('a run that was interrupted goes on to the same bits', async () => {
  const path = join(folder, 'run.safetensors');
  const whole = smallModel(engine);
  const trainer = createTrainer(whole, OPTIONS);
  await trainer.fit({ ...STEPS, epochs: 2 });
  await saveCheckpoint(path, trainer, { classes: ['red', 'green', 'blue'] });
  await trainer.fit({ ...STEPS, epochs: 4 });

  const checkpoint = await readCheckpoint(path);
  expect(checkpoint.info).toEqual({ classes: ['red', 'green', 'blue'] });
  expect(checkpoint.configuration).toEqual(whole.configuration);
  const again = createModel(engine, checkpoint.configuration);
  const resumed = createTrainer(again, OPTIONS);
  resumeTraining(resumed, checkpoint);
  expect([resumed.epochsDone, resumed.steps]).toEqual([2, 6]);
  const summaries = await resumed.fit({ ...STEPS, epochs: 4 });
  expect(summaries.map(({ epoch }) => epoch)).toEqual([3, 4]);

  expect(await again.stateDict()).toEqual(await whole.stateDict());
  expect(await readdir(folder)).toEqual(['run.safetensors']);
  for (const made of [trainer, resumed, whole, again]) made.dispose();
});

test('a saved model is the model', async () => {
  const path = join(folder, 'model.safetensors');
  const model = smallModel(engine, { seed: 9 });
  await saveModel(path, model);
  const { configuration, state, training, info } = await readCheckpoint(path);
  expect([training, info]).toEqual([null, null]);
  const again = createModel(engine, { ...configuration, seed: 10 });
  again.loadStateDict(state);
  expect(await again.stateDict()).toEqual(await model.stateDict());
  const trainer = createTrainer(again, OPTIONS);
  expect(() => resumeTraining(trainer, { configuration, state, training, info })).toThrow(/model only/);
  for (const made of [trainer, model, again]) made.dispose();
});

test('what is no checkpoint is refused by name', async () => {
  const path = join(folder, 'plain.safetensors');
  const model = smallModel(engine);
  await writeSafetensors(path, await model.stateDict());
  await expect(readCheckpoint(path)).rejects.toThrow(/plain\.safetensors: .*'model'/);
  const { tensors } = await readSafetensors(path);
  const described = (text: string) => parseCheckpoint({ tensors, metadata: new Map([['model', text]]) });
  expect(() => described('{')).toThrow(/no JSON/);
  expect(() => described('{"architecture":"resnet7"}')).toThrow(/architecture is resnet7/);
  model.dispose();
});

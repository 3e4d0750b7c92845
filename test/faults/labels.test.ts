import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { TrainingBatch } from '../../src/train/batch.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { patchBatch, smallModel } from '../train/patches.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

async function* mislabelled(): AsyncGenerator<TrainingBatch> {
  const batch = patchBatch(1);
  yield await Promise.resolve({ ...batch, labels: batch.labels.with(4, 3) });
}

test('a label that is no class is refused before anything moves, in training and evaluation', async () => {
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  const before = await engine.read(model.parameters.values);
  await expect(trainer.trainEpoch(mislabelled(), { epoch: 1, stepsPerEpoch: 1 })).rejects.toThrow(
    'training: label of image 4 is 3, wanted a class from 0 to 2',
  );
  await expect(trainer.evaluate(mislabelled())).rejects.toThrow('evaluate: label of image 4 is 3');
  expect(await engine.read(model.parameters.values)).toEqual(before);
  trainer.dispose();
  model.dispose();
});

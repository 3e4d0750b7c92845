import type { Engine } from '../../src/runtime/engine.ts';
import type { StepEvent } from '../../src/train/epoch.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import type { TrainingBatch } from '../../src/train/batch.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkpointContent } from '../../src/train/checkpoint.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { findNonFinite, wordsFor } from '../../src/kernels/non_finite/non_finite.ts';
import { NonFiniteError, SkippedEpochError } from '../../src/train/non_finite.ts';
import type { NonFiniteStep } from '../../src/train/non_finite.ts';
import { OutOfMemoryError } from '../../src/runtime/errors.ts';
import { patchBatch, smallModel } from './patches.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

/** Pixels are what they are, so that black is 0, which weights of any size leave 0. */
const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** A batch of one grey: black gives finite numbers, white overflows where the first weights are near float32's end. */
function grey(value: number): TrainingBatch {
  const batch = patchBatch(3);
  return { ...batch, images: new Uint8Array(batch.images.length).fill(value) };
}

/** A model whose first convolution makes infinity of anything but black. */
function overflowing() {
  const model = smallModel(engine);
  const weight = model.weights.parameter('conv1.weight');
  engine.write(weight, new Float32Array(weight.size).fill(3e38));
  return model;
}

const OPTIONS: TrainerOptions = { learningRate: 1e-3, weightDecay: 0, normalization: PLAIN };

async function* batches(...values: readonly TrainingBatch[]) {
  for (const batch of values) yield await Promise.resolve(batch);
}

test('the search finds every place, of any size, and nothing in finite numbers', async () => {
  for (const size of [1, 3, 4, 5, 255, 256, 257, 4096 * 4 + 2, 70_001]) {
    const values = Float32Array.from({ length: size }, (_, i) => (i % 2 === 0 ? -3.4e38 : 1e-45));
    const tensor = engine.tensor(values, [size]);
    const found = engine.empty([wordsFor(engine, tensor)], 'u32');
    const any = async (): Promise<boolean> => {
      findNonFinite(engine, tensor, found, 0);
      return (await engine.read(found)).some((word) => word !== 0);
    };
    expect(await any(), `${size} finite numbers`).toBe(false);
    for (const place of new Set([0, size >> 1, size - 1])) {
      for (const bad of [Number.NaN, Infinity, -Infinity]) {
        engine.write(tensor, values.with(place, bad));
        expect(await any(), `${bad} at ${place} of ${size}`).toBe(true);
      }
    }
    tensor.dispose();
    found.dispose();
  }
});

test('what lies behind the end of a tensor does not count', async () => {
  const whole = engine.tensor(new Float32Array(128).fill(Number.NaN), [128]);
  const part = whole.slice(64, [5]);
  engine.write(part, new Float32Array(5));
  const found = engine.empty([wordsFor(engine, part)], 'u32');
  findNonFinite(engine, part, found, 0);
  expect((await engine.read(found)).every((word) => word === 0)).toBe(true);
  whole.dispose();
  found.dispose();
});

describe('a step that overflows', () => {
  for (const capture of [true, false]) {
    test(`stops training within the step, names layer and kernel, leaves the weights (${capture ? 'replayed' : 'launched anew'})`, async () => {
      const model = overflowing();
      const trainer = createTrainer(model, { ...OPTIONS, capture });
      const steps: number[] = [];
      const good = [grey(0), grey(0), grey(0)];
      const reference = overflowing();
      const other = createTrainer(reference, { ...OPTIONS, capture });
      await other.trainEpoch(batches(...good), { epoch: 1, stepsPerEpoch: 6 });
      const training = trainer.trainEpoch(batches(...good, grey(255), grey(0), grey(0)), {
        epoch: 1,
        stepsPerEpoch: 6,
        onStep: ({ step }) => steps.push(step),
      });
      const error: unknown = await training.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(NonFiniteError);
      expect(String(error)).toMatch(
        /epoch 1, step 4 .*first in conv2d of conv1, forward: .*lower the learning/,
      );
      expect(steps).toEqual([1, 2, 3]);
      // Weights and running statistics are those before the step, though two steps were launched behind it.
      const [left, wanted] = [await model.stateDict(), await reference.stateDict()];
      for (const [name, { bytes }] of wanted)
        if (!name.endsWith('num_batches_tracked'))
          expect(Buffer.compare(left.get(name)?.bytes ?? Buffer.of(), bytes), name).toBe(0);
      await expect(checkpointContent(trainer)).rejects.toBe(error);
      for (const made of [trainer, other, model, reference]) made.dispose();
    });
  }

  test('is left out where that is wanted, as if it had not been there', async () => {
    const skipped: NonFiniteStep[] = [];
    const train = async (onNonFinite: 'stop' | 'skip', ...values: readonly TrainingBatch[]) => {
      const model = overflowing();
      const trainer = createTrainer(model, {
        ...{ ...OPTIONS, schedule: { kind: 'constant' }, onNonFinite },
        posterior: { kind: 'ema', momentum: 0.5 },
      });
      const summary = await trainer.trainEpoch(batches(...values), {
        epoch: 1,
        stepsPerEpoch: values.length,
        onSkippedStep: (step) => skipped.push(step),
      });
      const { tensors } = await checkpointContent(trainer);
      trainer.dispose();
      model.dispose();
      return { tensors, images: summary.images, loss: summary.loss };
    };
    const whole = await train('stop', grey(0), grey(0), grey(0), grey(0));
    expect(await train('skip', grey(0), grey(0), grey(0), grey(0))).toEqual(whole);
    expect(skipped).toEqual([]);
    const withOthers = await train('skip', grey(0), grey(255), grey(0), grey(0), grey(255), grey(0));
    expect(withOthers).toEqual(whole);
    expect(skipped.map(({ step, origin }) => [step, origin.layer, origin.pass])).toEqual([
      [2, 'conv1', 'forward'],
      [5, 'conv1', 'forward'],
    ]);
  });

  test.each([
    ['is due then', [grey(0), grey(255)]],
    ['was due before', [grey(0), grey(0), grey(255)]],
  ])('takes no refresh of the slow copy away that %s', async (_when, values) => {
    const model = overflowing();
    // What lies behind it sees more than zeros, and learns.
    const shift = model.weights.parameter('bn1.bias');
    engine.write(shift, new Float32Array(shift.size).fill(0.5));
    const trainer = createTrainer(model, {
      ...{ ...OPTIONS, schedule: { kind: 'constant' }, onNonFinite: 'skip' },
      posterior: { kind: 'refresh', every: 2 },
    });
    const before = await engine.read(model.parameters.values);
    await trainer.trainEpoch(batches(...values), { epoch: 1, stepsPerEpoch: values.length });
    const trained = await engine.read(model.parameters.values);
    expect(trained).not.toEqual(before);
    const { slow } = trainer;
    if (slow === null) throw new Error('no slow copy');
    expect(await engine.read(slow.weights.values)).toEqual(trained);
    const statistics = await engine.read(model.weights.statisticsValues);
    expect(await engine.read(slow.weights.statisticsValues)).toEqual(statistics);
    trainer.dispose();
    model.dispose();
  });

  test('stops training after ten of them in a row', async () => {
    const model = overflowing();
    const trainer = createTrainer(model, { ...OPTIONS, onNonFinite: 'skip' });
    const values = Array.from({ length: 12 }, () => grey(255));
    const training = trainer.trainEpoch(batches(...values), { epoch: 1, stepsPerEpoch: 12 });
    await expect(training).rejects.toThrow(/step 11 .*10 steps before it were left out/);
    trainer.dispose();
    model.dispose();
  });
});

for (const onNonFinite of ['stop', 'skip'] as const) {
  test(`a step that cannot be looked into ends training, and there is nothing to save (${onNonFinite})`, async () => {
    const model = overflowing();
    const trainer = createTrainer(model, { ...OPTIONS, onNonFinite });
    const meanwhile: unknown[] = [];
    const trim = vi.spyOn(engine, 'trim').mockImplementation(async () => {
      meanwhile.push(await checkpointContent(trainer).catch((reason: unknown) => reason));
      throw new OutOfMemoryError('no room for it');
    });
    const training = trainer.trainEpoch(batches(grey(255)), { epoch: 1, stepsPerEpoch: 1 });
    const error: unknown = await training.catch((reason: unknown) => reason);
    trim.mockRestore();
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(String(error)).toMatch(
      /step 1 .*could not be traced \(OutOfMemoryError: no room for it\); lower the learning/,
    );
    expect(meanwhile).toEqual([expect.any(NonFiniteError)]);
    await expect(checkpointContent(trainer)).rejects.toBe(error);
    trainer.dispose();
    model.dispose();
  });
}

test('an error of onStep loses no update of the slow copy, where steps may be left out', async () => {
  const train = async (interrupted: boolean) => {
    const model = smallModel(engine);
    const trainer = createTrainer(model, {
      ...OPTIONS,
      onNonFinite: 'skip',
      posterior: { kind: 'ema', momentum: 0.5 },
    });
    const values = [patchBatch(1), patchBatch(2), patchBatch(3)];
    const epoch = { epoch: 1, stepsPerEpoch: 3 };
    if (interrupted) {
      const onStep = ({ step }: StepEvent): void => {
        if (step === 2) throw new Error('the page is closed');
      };
      const training = trainer.trainEpoch(batches(...values), { ...epoch, onStep });
      await expect(training).rejects.toThrow('the page is closed');
    }
    await trainer.trainEpoch(batches(...values.slice(trainer.firstBatch(1))), epoch);
    const { metadata } = await checkpointContent(trainer);
    trainer.dispose();
    model.dispose();
    return metadata.get('checksum');
  };
  expect(await train(true)).toBe(await train(false));
});

test('a part of a batch whose loss alone is infinite holds the step, though it is not the last', async () => {
  const skipped: NonFiniteStep[] = [];
  const model = smallModel(engine, { head: 'cam' });
  const bias = model.weights.parameter('conv_last.bias');
  // The logits of 25 locations can be added up, and not the losses of 16 images of class 1: their gradients are softmax less one-hot.
  engine.write(bias, Float32Array.of(1.2e37, -1.2e37, -1.2e37));
  const trainer = createTrainer(model, { ...OPTIONS, microBatchSize: 16, onNonFinite: 'skip' });
  const before = await model.stateDict();
  const values = patchBatch(1, 32);
  const labels = Uint32Array.from({ length: 32 }, (_, image) => (image < 16 ? 1 : 0));
  const training = trainer.trainEpoch(batches({ ...values, labels }), {
    epoch: 1,
    stepsPerEpoch: 1,
    onSkippedStep: (step) => skipped.push(step),
  });
  await expect(training).rejects.toThrow(/every step of the epoch was skipped/);
  await expect(training).rejects.toBeInstanceOf(SkippedEpochError);
  expect(skipped).toMatchObject([{ loss: Infinity, origin: { pass: 'forward', operation: 'mean' } }]);
  expect(await model.stateDict()).toEqual(before);
  trainer.dispose();
  model.dispose();
});

test('an update that makes a weight infinite is found in its own step, by name', async () => {
  const model = smallModel(engine);
  // Of a weight w the decay alone takes 3e39 w, which float32 does not have.
  const trainer = createTrainer(model, { learningRate: 3e38, weightDecay: 10, groups: 'one', momentum: 0 });
  const training = trainer.trainEpoch(batches(patchBatch(1), patchBatch(2)), { epoch: 1, stepsPerEpoch: 2 });
  const error: unknown = await training.catch((reason: unknown) => reason);
  expect(String(error)).toMatch(/step 1 .*the update made conv1\.weight \[3,3,3,8\] so/);
  expect(error instanceof NonFiniteError && Number.isFinite(error.where.loss)).toBe(true);
  trainer.dispose();
  model.dispose();
});

test('running statistics that are not finite hold the step, though loss and gradients are', async () => {
  const model = smallModel(engine);
  const { variance } = model.weights.running('layer1.0.bn2');
  engine.write(variance, new Float32Array(variance.size).fill(Infinity));
  const before = await model.stateDict();
  const trainer = createTrainer(model, { learningRate: 0.01 });
  const training = trainer.trainEpoch(batches(patchBatch(1)), { epoch: 1, stepsPerEpoch: 1 });
  const error: unknown = await training.catch((reason: unknown) => reason);
  expect(String(error)).toMatch(/layer1\.0\.bn2\.running_var \[8\] was not finite before the step/);
  expect(error instanceof NonFiniteError && Number.isFinite(error.where.loss)).toBe(true);
  for (const [name, { bytes }] of await model.stateDict())
    if (!name.endsWith('num_batches_tracked')) expect(bytes, name).toEqual(before.get(name)?.bytes);
  trainer.dispose();
  model.dispose();
});

test('weights that were not finite before the step are named as the first', async () => {
  const model = smallModel(engine);
  const weight = model.weights.parameter('layer1.0.bn2.weight');
  engine.write(weight, new Float32Array(weight.size).fill(Number.NaN));
  const trainer = createTrainer(model, { learningRate: 0.01 });
  const training = trainer.trainEpoch(batches(patchBatch(1)), { epoch: 1, stepsPerEpoch: 1 });
  await expect(training).rejects.toThrow(/layer1\.0\.bn2\.weight \[8\] was not finite before the step/);
  trainer.dispose();
  model.dispose();
});

test('a label that is no class is refused before the step', async () => {
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  const batch = patchBatch(1);
  const labels = batch.labels.with(4, 3);
  const training = trainer.trainEpoch(batches({ ...batch, labels }), { epoch: 1, stepsPerEpoch: 1 });
  await expect(training).rejects.toThrow(/label of image 4 is 3, wanted a class from 0 to 2/);
  trainer.dispose();
  model.dispose();
});

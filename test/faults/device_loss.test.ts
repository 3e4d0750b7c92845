import { expect, test } from 'vitest';
import { add } from '../../src/kernels/add/add.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { DeviceLostError, DisposedError, GpuError } from '../../src/runtime/errors.ts';
import { fakeDevice } from './fake_device.ts';
import { patchBatches, smallModel } from '../train/patches.ts';
import { startTape } from '../../src/kernels/tape.ts';

test('everything that waits when the device is destroyed, and every later call, ends with one typed error', async () => {
  const engine = await createEngine();
  const x = engine.zeros([4]);
  const tape = startTape(engine, { gradients: false });
  // Its kernel is still being compiled.
  const sum = add(tape, x, x);
  const waiting = [engine.read(sum), engine.sync(), engine.flush(), engine.trim()];
  engine.device.destroy();
  const outcomes = await Promise.allSettled(waiting);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'DeviceLostError' } });
    expect(String(outcome.status === 'rejected' && outcome.reason)).toMatch(
      /the GPU device was lost \(destroyed\).*make a new engine/,
    );
  }
  expect(() => add(tape, x, x)).toThrow(DeviceLostError);
  expect(() => engine.empty([1])).toThrow(DeviceLostError);
  tape.end();
  x.dispose();
  engine.destroy();
  expect(() => engine.empty([1])).toThrow(DisposedError);
});

test('a device that is taken away ends what would wait for ever', async () => {
  const real = await createEngine();
  const fake = fakeDevice(real.device);
  const engine = await createEngine({ device: fake.device });
  const x = engine.zeros([4]);
  await engine.sync();
  const before = engine.read(x);
  await before;
  fake.lose('the driver was reset');
  // From now on the queue answers no more: without the loss this would never end.
  await expect(engine.sync()).rejects.toThrow(
    'the GPU device was lost (unknown): the driver was reset; make a new engine',
  );
  expect(() => engine.zeros([1])).toThrow(DeviceLostError);
  engine.destroy();
  real.destroy();
});

test('training ends with the loss of the device, and a new engine starts afresh', async () => {
  const engine = await createEngine();
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  let steps = 0;
  const training = trainer.fit({
    epochs: 1,
    stepsPerEpoch: 50,
    train: (epoch) => patchBatches(epoch, 50),
    onStep: () => {
      if (++steps === 5) engine.device.destroy();
    },
  });
  await expect(training).rejects.toThrow(DeviceLostError);
  expect(steps).toBeLessThan(10);
  trainer.dispose();
  model.dispose();
  engine.destroy();
  const next = await createEngine();
  const x = next.tensor(Float32Array.of(1, 2), [2]);
  expect(await next.read(x)).toEqual(Float32Array.of(1, 2));
  next.destroy();
});

test('an engine that is destroyed ends what waits, and leaves a device that was given as it was', async () => {
  const owner = await createEngine();
  const { device } = owner;
  const engine = await createEngine({ device });
  const x = engine.zeros([1 << 16]);
  const tape = startTape(engine, { gradients: false });
  const waiting = [engine.read(add(tape, x, x)), engine.sync()];
  engine.destroy();
  for (const outcome of await Promise.allSettled(waiting))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'DisposedError' } });
  // What it had recorded, and what waits for its kernel, names destroyed buffers: it must not be sent off when that is compiled.
  const other = startTape(owner, { gradients: false });
  const y = owner.zeros([4]);
  expect(await owner.read(add(other, y, y))).toEqual(new Float32Array(4));
  other.end();
  await owner.sync();
  // The device's errors are still its owner's.
  device.createBuffer({ size: 4, usage: 0 });
  await expect(owner.sync()).rejects.toThrow(GpuError);
  await owner.sync();
  owner.destroy();
});

test('an error of the device reaches everybody whose numbers may be wrong', async () => {
  const engine = await createEngine();
  const x = engine.zeros([4]);
  await engine.sync();
  const waiting = [engine.read(x), engine.sync()];
  engine.device.createBuffer({ size: 4, usage: 0 });
  for (const outcome of await Promise.allSettled(waiting))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'GpuError' } });
  expect(await engine.read(x)).toEqual(new Float32Array(4));
  engine.destroy();
});

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { bucketsOf } from '../../src/distributed/gradient_buckets.ts';
import { connectInProcess } from './in_process.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { DataParallel } from '../../src/distributed/data_parallel.ts';
import { ParameterStore } from '../../src/runtime/parameters.ts';
import { sharedBatches } from './shared_batches.ts';
import { smallModel } from '../train/patches.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

test('buckets hold neighbours, from the last parameter to the first, and nothing that is not trained', () => {
  const store = new ParameterStore(engine, [
    { name: 'a', shape: [64] },
    { name: 'b', shape: [100] },
    { name: 'frozen', shape: [64], trainable: false },
    { name: 'c', shape: [10] },
    { name: 'd', shape: [64] },
    { name: 'e', shape: [64] },
  ]);
  // In the store a parameter begins at a multiple of 64: a 0, b 64 to 164, frozen 192, c 256 to 266, d 320, e 384 to 448.
  const place = (bytes: number): number[][] =>
    bucketsOf(store, bytes).map(({ first, size }) => [first, size]);
  expect(place(4 * 128)).toEqual([
    [320, 128],
    [256, 10],
    [64, 100],
    [0, 64],
  ]);
  expect(place(1e9)).toEqual([
    [256, 192],
    [0, 164],
  ]);
  // One that is larger than a bucket travels alone, whole.
  expect(place(1)).toHaveLength(5);
  store.dispose();
});

test('buckets leave while backward is under way, from the second step on', async () => {
  const [communicator] = connectInProcess(1);
  if (communicator === undefined) throw new Error('made for one rank');
  const model = smallModel(engine);
  const parallel = new DataParallel(communicator, { bucketBytes: 2000 });
  const trainer = createTrainer(model, { learningRate: 0.01, parallel });
  const order: string[] = [];
  const start = vi.spyOn(engine.hostWorks, 'start').mockImplementation(function (
    this: typeof engine.hostWorks,
    ...values
  ) {
    order.push('leave');
    return original.apply(engine.hostWorks, values);
  });
  const original = Object.getPrototypeOf(engine.hostWorks).start as typeof engine.hostWorks.start;
  const run = vi.spyOn(engine, 'run').mockImplementation(((kernel: { name: string }, launch: never) => {
    order.push(kernel.name);
    return runOriginal.call(engine, kernel as never, launch);
  }) as typeof engine.run);
  const runOriginal = Object.getPrototypeOf(engine).run as typeof engine.run;
  const finishNow = parallel.finish.bind(parallel);
  const finish = vi.spyOn(parallel, 'finish').mockImplementation(() => {
    order.push('finish');
    finishNow();
  });
  const orderOf = async (epoch: number): Promise<readonly string[]> => {
    order.length = 0;
    await trainer.trainEpoch(sharedBatches(epoch, 1, 4, communicator), { epoch, stepsPerEpoch: 1 });
    return [...order];
  };
  const count = bucketsOf(model.parameters, 2000).length;
  expect(count).toBeGreaterThan(3);
  const first = await orderOf(1);
  // What a first step cannot know: all leave when backward is over.
  expect(first.indexOf('leave')).toBe(first.indexOf('finish') + 1);
  // From the second step on: the same kernels, and all buckets but one leave before the last kernel of backward is launched.
  const second = await orderOf(2);
  const kernels = (names: readonly string[]): readonly string[] => names.filter((name) => name !== 'leave');
  expect(kernels(second)).toEqual(kernels(first));
  const backward = second.slice(0, second.indexOf('finish'));
  const lastKernel = backward.findLastIndex((name) => name !== 'leave');
  const early = backward.slice(0, lastKernel).filter((name) => name === 'leave').length;
  expect(early).toBe(count - 1);
  expect(parallel.statistics.bytes).toBe(
    2 * 4 * bucketsOf(model.parameters, 2000).reduce((sum, { size }) => sum + size, 0),
  );
  start.mockRestore();
  run.mockRestore();
  finish.mockRestore();
  for (const made of [trainer, model]) made.dispose();
});

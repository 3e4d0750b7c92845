import type { Dataset } from '../../src/data/dataset.ts';
import type { Evaluation } from '../../src/train/evaluate.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { connectInProcess } from './in_process.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createLoader } from '../../src/data/loader.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { gatherBatches } from '../../src/distributed/gather_batches.ts';
import { ImageDecodeError } from '../../src/data/image.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { smallModel } from '../train/patches.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const SIDE = 20;

/** Noise, of which some images cannot be read. */
function makeDataset(length: number, unreadable: readonly number[]): Dataset {
  return {
    name: 'noise',
    classNames: ['a', 'b', 'c'],
    length,
    label: (index) => index % 3,
    imageId: (index) => `noise/${index}.png`,
    load(index) {
      if (unreadable.includes(index))
        return Promise.reject(new ImageDecodeError(`noise/${index}.png is cut`));
      const random = new RandomStream(index);
      const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => random.integer(256));
      return Promise.resolve({ width: SIDE, height: SIDE, data });
    },
  };
}

test.each([
  // Of batches of two: all of the second, with two ranks the first of rank 1; a part of the third; all of the last.
  ['a whole batch', [2, 3]],
  ['the first batch and parts of others', [0, 1, 4, 9]],
  ['the last batch', [10]],
  ['whole batches of one rank alone', [2, 3, 6, 7]],
])('evaluation without %s: the same bits as one process, in the same order', async (_, unreadable) => {
  const model = smallModel(engine);
  const dataset = makeDataset(11, unreadable);
  const batches = (shard: { readonly rank: number; readonly size: number }) =>
    createLoader(dataset, { mode: 'eval', batchSize: 2, crop: SIDE, onBadImage: 'skip', shard }).epoch(0);
  const untimed = (evaluation: Evaluation): Evaluation => ({ ...evaluation, seconds: 0 });
  const alone = untimed(await evaluate(model, batches({ rank: 0, size: 1 })));
  expect(alone.images).toBe(11 - unreadable.length);
  for (const size of [2, 3]) {
    const ranks = connectInProcess(size).map(async (communicator) =>
      evaluate(model, batches(communicator), { gather: (own) => gatherBatches(communicator, own) }),
    );
    for (const evaluation of await Promise.all(ranks)) expect(untimed(evaluation)).toEqual(alone);
  }
  model.dispose();
});

test('batches that bear no number are taken in turn', async () => {
  const batch = (value: number) => ({ labels: Uint32Array.of(value), probabilities: Float32Array.of(value) });
  const own = [[batch(0), batch(2)], [batch(1)]];
  const gathered = connectInProcess(2).map((communicator, rank) =>
    gatherBatches(communicator, own[rank] ?? []),
  );
  for (const all of await Promise.all(gathered))
    expect(all.map(({ labels, probabilities }) => [...labels, ...probabilities])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
});

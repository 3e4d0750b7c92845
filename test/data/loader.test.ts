import { describe, expect, test } from 'vitest';
import type { Dataset } from '../../src/data/dataset.ts';
import type { Batch, LoaderOptions } from '../../src/data/loader.ts';
import { createLoader } from '../../src/data/loader.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { resizeBilinear } from '../../src/data/resize.ts';

/** Noise pictures of odd sizes; later ones may take shorter than earlier ones. */
function makeDataset(
  length: number,
  options: { slow?: boolean; failAt?: number } = {},
): Dataset & { loads: number } {
  const dataset = {
    name: 'noise',
    classNames: ['even', 'odd'],
    length,
    loads: 0,
    label: (index: number) => index % 2,
    imageId: (index: number) => `noise/${index}.png`,
    async load(index: number) {
      dataset.loads++;
      if (options.slow) await new Promise((resolve) => setTimeout(resolve, (index * 7) % 5));
      if (index === options.failAt) throw new Error(`noise/${index}.png: broken`);
      const [width, height] = [10 + index, 13];
      const random = new RandomStream(index);
      return {
        width,
        height,
        data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)),
      };
    },
  };
  return dataset;
}

async function collect(dataset: Dataset, options: LoaderOptions, epoch: number): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of createLoader(dataset, options).epoch(epoch)) batches.push(batch);
  return batches;
}

const train = { mode: 'train', batchSize: 4, resize: 12, crop: 9, seed: 3 } as const;

describe('createLoader', () => {
  test('prefetch, cache and timing change nothing', async () => {
    const expected = await collect(makeDataset(10), { ...train, prefetch: 0, cacheBytes: 0 }, 2);
    for (const prefetch of [1, 3, 100]) {
      expect(
        await collect(makeDataset(10, { slow: true }), { ...train, prefetch, cacheBytes: 2000 }, 2),
      ).toEqual(expected);
    }
    // An epoch does not depend on those before it.
    const loader = createLoader(makeDataset(10), train);
    for await (const batch of loader.epoch(0)) expect(batch.size).toBeGreaterThan(0);
    const later: Batch[] = [];
    for await (const batch of loader.epoch(2)) later.push(batch);
    expect(later).toEqual(expected);
  });

  test('an epoch that is carried on begins with the batch that is next, and loads nothing before it', async () => {
    const expected = await collect(makeDataset(10), train, 2);
    for (let first = 0; first <= expected.length + 1; first++) {
      const dataset = makeDataset(10);
      const rest: Batch[] = [];
      for await (const batch of createLoader(dataset, train).epoch(2, first)) rest.push(batch);
      expect(rest).toEqual(expected.slice(first));
      expect(dataset.loads).toBe(Math.max(10 - 4 * first, 0));
    }
    for (const first of [-1, 0.5]) {
      const next = createLoader(makeDataset(10), train).epoch(2, first).next();
      await expect(next).rejects.toThrow(/first is .*, wanted an integer >= 0/);
    }
  });

  test('an epoch shows every sample once; epochs and seeds differ', async () => {
    const indices = async (seed: number, epoch: number): Promise<readonly number[]> =>
      (await collect(makeDataset(10), { ...train, seed }, epoch)).flatMap((batch) => [...batch.indices]);
    const first = await indices(3, 0);
    expect(first.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await indices(3, 1)).not.toEqual(first);
    expect(await indices(4, 0)).not.toEqual(first);
  });

  test('a batch holds the resized pictures with their labels, names and transforms', async () => {
    const dataset = makeDataset(10);
    for (const batch of await collect(dataset, train, 0)) {
      expect([batch.height, batch.width, batch.crop]).toEqual([12, 12, 9]);
      expect(batch.images.length).toBe(batch.size * 12 * 12 * 3);
      for (const [position, index] of batch.indices.entries()) {
        const expected = resizeBilinear(await dataset.load(index), 12, 12).data;
        expect(batch.images.subarray(position * 432, (position + 1) * 432)).toEqual(expected);
        expect(batch.labels[position]).toBe(index % 2);
        expect(batch.ids[position]).toBe(`noise/${index}.png`);
      }
    }
  });

  test('cuts reach every place they may, and half of the pictures are flipped', async () => {
    const tops = new Set<number>();
    const lefts = new Set<number>();
    let flips = 0;
    const loader = createLoader(makeDataset(10), train);
    for (let epoch = 0; epoch < 40; epoch++) {
      for await (const batch of loader.epoch(epoch)) {
        for (let position = 0; position < batch.size; position++) {
          tops.add(batch.crops[position * 2] ?? -1);
          lefts.add(batch.crops[position * 2 + 1] ?? -1);
          flips += batch.flips[position] ?? 0;
        }
      }
    }
    expect([...tops].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    expect([...lefts].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    // 400 fair coins: standard deviation 10, so four of them either way.
    expect(Math.abs(flips - 200)).toBeLessThan(40);
    // 400 pictures were shown, ten decoded.
    expect(loader.statistics()).toMatchObject({ decoded: 10, cachedBytes: 10 * 432 });
  });

  test('eval keeps the order and resizes straight to the crop', async () => {
    const batches = await collect(makeDataset(10), { mode: 'eval', batchSize: 4, crop: 9 }, 0);
    expect(batches.flatMap((batch) => [...batch.indices])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(batches.map(({ size, height }) => [size, height])).toEqual([
      [4, 9],
      [4, 9],
      [2, 9],
    ]);
    expect(batches.every(({ crops, flips }) => [...crops, ...flips].every((value) => value === 0))).toBe(
      true,
    );
  });

  test('dropLast leaves out the small batch', async () => {
    const options = { ...train, dropLast: true };
    expect(createLoader(makeDataset(10), options).batchesPerEpoch).toBe(2);
    expect((await collect(makeDataset(10), options, 0)).map(({ size }) => size)).toEqual([4, 4]);
  });

  test('the cache stays within its budget', async () => {
    const dataset = makeDataset(10);
    const loader = createLoader(dataset, { ...train, cacheBytes: 3 * 432 + 100 });
    for (let epoch = 0; epoch < 2; epoch++) {
      for await (const batch of loader.epoch(epoch)) expect(batch.size).toBeGreaterThan(0);
    }
    expect(loader.statistics().cachedBytes).toBe(3 * 432);
    expect(dataset.loads).toBe(10 + 7);
  });

  test('the next batch is loaded while the current one is used', async () => {
    const dataset = makeDataset(12);
    const batches = createLoader(dataset, { ...train, prefetch: 1 }).epoch(0);
    await batches.next();
    expect(dataset.loads).toBe(8);
    await batches.return();
    expect(dataset.loads).toBe(8);
  });

  test('waiting is measured', async () => {
    const loader = createLoader(makeDataset(4, { slow: true }), { ...train, prefetch: 0 });
    for await (const batch of loader.epoch(0)) expect(batch.size).toBe(4);
    expect(loader.statistics().waitMilliseconds).toBeGreaterThan(0);
  });

  test('a broken picture ends the epoch with its error, after the batches before it', async () => {
    const options = { mode: 'eval', batchSize: 4, crop: 9, prefetch: 2 } as const;
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const batch of createLoader(makeDataset(12, { failAt: 6 }), options).epoch(0))
        seen.push(batch.size);
    };
    await expect(run()).rejects.toThrow(/noise\/6.png: broken/);
    expect(seen).toEqual([4]);
  });

  test('misuse names the option', () => {
    expect(() => createLoader(makeDataset(4), { ...train, batchSize: 0 })).toThrow(
      /batchSize is 0, wanted an integer >= 1/,
    );
    expect(() => createLoader(makeDataset(4), { ...train, resize: 8 })).toThrow(
      /resize is 8, wanted an integer >= 9/,
    );
    expect(() => createLoader(makeDataset(4), { ...train, cacheBytes: Number.NaN })).toThrow(
      /cacheBytes is NaN/,
    );
    expect(() => createLoader(makeDataset(0), train)).toThrow(/noise with no samples/);
  });
});

import type { Batch, LoaderOptions } from '../../src/data/loader.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { createLoader } from '../../src/data/loader.ts';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../src/runtime/random.ts';

/** Noise pictures of odd sizes. */
function makeDataset(length: number): Dataset {
  return {
    name: 'noise',
    classNames: ['even', 'odd'],
    length,
    label: (index) => index % 2,
    imageId: (index) => `noise/${index}.png`,
    load(index) {
      const [width, height] = [10 + index, 13];
      const random = new RandomStream(index);
      const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
      return Promise.resolve({ width, height, data });
    },
  };
}

async function collect(length: number, options: LoaderOptions, first = 0): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of createLoader(makeDataset(length), options).epoch(2, first)) batches.push(batch);
  return batches;
}

/** The batches that processes load together, put together again. */
function joined(parts: readonly (readonly Batch[])[]): Omit<Batch, 'images'>[] {
  return (parts[0] ?? []).map((batch, number) => {
    const shares = parts.map((part) => part[number] ?? batch);
    const all = (of: (share: Batch) => Iterable<number>): number[] =>
      shares.flatMap((share) => [...of(share)]);
    return {
      ...batch,
      images: Uint8Array.from(all(({ images }) => images)),
      size: shares.reduce((sum, { size }) => sum + size, 0),
      crops: Int32Array.from(all(({ crops }) => crops)),
      flips: Uint8Array.from(all(({ flips }) => flips)),
      labels: Uint32Array.from(all(({ labels }) => labels)),
      indices: Uint32Array.from(all(({ indices }) => indices)),
      ids: shares.flatMap(({ ids }) => ids),
    };
  });
}

const train = { mode: 'train', batchSize: 6, resize: 12, crop: 9, seed: 3 } as const;

describe('a loader that is one of several', () => {
  test.each([
    [2, 0],
    [3, 0],
    // 6 do not go into 4 evenly, nor does the last batch of 5.
    [4, 1],
  ])('of %i loads its share of what one would load, in training (from batch %i on)', async (size, first) => {
    const whole = await collect(17, train, first);
    const ranks = Array.from({ length: size }, (_, rank) => ({ rank, size }));
    const parts = await Promise.all(ranks.map((shard) => collect(17, { ...train, shard }, first)));
    expect(joined(parts)).toEqual(whole.map((batch) => ({ ...batch, wholeSize: batch.size })));
    for (const part of parts) for (const batch of part) expect(batch.size).toBeGreaterThan(0);
  });

  test('takes whole batches in turn when it evaluates', async () => {
    const options = { mode: 'eval', batchSize: 4, crop: 9 } as const;
    const whole = await collect(17, options);
    for (const size of [2, 3])
      for (let rank = 0; rank < size; rank++)
        for (const first of [0, 1, 4])
          expect(await collect(17, { ...options, prefetch: 2, shard: { rank, size } }, first)).toEqual(
            whole.filter((_, number) => number >= first && number % size === rank),
          );
  });

  test.each([
    [{ rank: 2, size: 2 }, 'shard.rank is 2, wanted less than shard.size, 2'],
    [{ rank: -1, size: 2 }, 'shard.rank is -1, wanted an integer >= 0'],
    [{ rank: 0.5, size: 2 }, 'shard.rank is 0.5, wanted an integer >= 0'],
    [{ rank: 0, size: 0 }, 'shard.size is 0, wanted an integer >= 1'],
    [{ rank: 0, size: 1.5 }, 'shard.size is 1.5, wanted an integer >= 1'],
    [{ rank: 0, size: Number.NaN }, 'shard.size is NaN, wanted an integer >= 1'],
  ])('refuses to be %j', (shard, message) => {
    for (const options of [train, { mode: 'eval', batchSize: 4, crop: 9 } as const])
      expect(() => createLoader(makeDataset(17), { ...options, shard })).toThrow(message);
  });

  test('refuses a last batch that is too small to share', () => {
    const shard = { rank: 0, size: 6 };
    expect(() => createLoader(makeDataset(17), { ...train, shard })).toThrow(
      'createLoader: size of the smallest batch is 5, wanted at least one for each of 6 processes: another batch size, or dropLast',
    );
    expect(createLoader(makeDataset(17), { ...train, shard, dropLast: true }).batchesPerEpoch).toBe(2);
  });
});

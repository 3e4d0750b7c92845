import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch, Loader, LoaderOptions } from '../../src/data/loader.ts';
import { createDecoderPool, defaultWorkers } from '../../src/data/decoder_pool.node.ts';
import { createLoader } from '../../src/data/loader.ts';
import { openCub } from '../../src/data/cub.node.ts';
import { openDataset } from '../../src/data/open_dataset.node.ts';

const tiny = new URL('../fixtures/cub_tiny', import.meta.url).pathname;
const broken = '003.Synthetic_Bird_C/Synthetic_0003_3.jpg';
let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'pool-'));
  await cp(tiny, join(home, 'broken'), { recursive: true });
  await writeFile(join(home, 'broken', 'images', broken), 'not a picture');
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

const options = { mode: 'train', batchSize: 4, resize: 40, crop: 32, seed: 5, cacheBytes: 0 } as const;

async function epochs(loader: Loader): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for (const epoch of [0, 1]) for await (const batch of loader.epoch(epoch)) batches.push(batch);
  return batches;
}

async function withWorkers(
  workers: number,
  folder: string,
  extra: Partial<LoaderOptions> = {},
): Promise<readonly Batch[]> {
  const decoder = createDecoderPool({ workers });
  try {
    return await epochs(
      createLoader(await openCub({ folder, split: 'test' }), { ...options, ...extra, decoder }),
    );
  } finally {
    await decoder.dispose();
  }
}

describe('createDecoderPool', () => {
  test('any number of threads gives the same bytes as none, and as the loader alone', async () => {
    const alone = await epochs(createLoader(await openCub({ folder: tiny, split: 'test' }), options));
    expect(alone).toHaveLength(6);
    for (const workers of [0, 1, 2, 4])
      expect(await withWorkers(workers, tiny, { prefetch: workers })).toEqual(alone);
  });

  test('skipping a broken picture gives the same batches whatever the number of threads', async () => {
    const folder = join(home, 'broken');
    const expected = await withWorkers(0, folder, { onBadImage: 'skip' });
    expect(expected.map(({ size }) => size)).toEqual([4, 4, 2, 4, 4, 2]);
    expect(expected.flatMap(({ ids }) => ids)).not.toContain(broken);
    for (const workers of [1, 2, 4])
      expect(await withWorkers(workers, folder, { onBadImage: 'skip', prefetch: 2 })).toEqual(expected);
  });

  test('an error names the picture and its kind', async () => {
    for (const workers of [0, 2]) {
      await expect(withWorkers(workers, join(home, 'broken'))).rejects.toMatchObject({
        name: 'ImageDecodeError',
        message: expect.stringMatching(
          /Synthetic_0003_3.jpg: cannot decode the image: neither a PNG/,
        ) as unknown,
      });
    }
  });

  test('orientation is applied on the threads too', async () => {
    const folder = join(home, 'turned');
    const source = new URL('../fixtures/images/orientation', import.meta.url).pathname;
    await cp(join(source, '6.jpg'), join(folder, 'train', 'bird', '6.jpg'), { recursive: true });
    const pictures: Uint8Array[] = [];
    for (const applyOrientation of [false, true]) {
      const dataset = await openDataset({ folder, split: 'train', applyOrientation });
      const decoder = createDecoderPool({ workers: 1 });
      const [batch] = await epochs(createLoader(dataset, { ...options, mode: 'eval', decoder }));
      const [alone] = await epochs(createLoader(dataset, { ...options, mode: 'eval' }));
      await decoder.dispose();
      expect(batch).toEqual(alone);
      pictures.push(batch?.images ?? new Uint8Array());
    }
    expect(pictures[0]).not.toEqual(pictures[1]);
  });

  test('leaving an epoch begins no further pictures, and the pool goes on', async () => {
    const decoder = createDecoderPool({ workers: 1 });
    const loader = createLoader(await openCub({ folder: tiny, split: 'test' }), {
      ...options,
      batchSize: 1,
      prefetch: 9,
      decoder,
    });
    for await (const batch of loader.epoch(0)) {
      expect(batch.size).toBe(1);
      break;
    }
    // Two pictures at most are on the thread; one was seen, the others were never begun.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(loader.statistics().decoded).toBeLessThanOrEqual(4);
    expect(await epochs(loader)).toHaveLength(20);
    await decoder.dispose();
  });

  test('a signal ends an epoch that waits, and so does disposal', async () => {
    const decoder = { resized: () => new Promise<Uint8Array>(() => undefined) };
    const dataset = await openCub({ folder: tiny, split: 'test' });
    const abort = new AbortController();
    const waiting = epochs(createLoader(dataset, { ...options, decoder, signal: abort.signal }));
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    const loader = createLoader(dataset, { ...options, decoder });
    const disposed = epochs(loader);
    loader.dispose();
    await expect(disposed).rejects.toThrow(/loader was disposed of/);
  });

  test('a pool that was disposed of says so', async () => {
    const decoder = createDecoderPool({ workers: 1 });
    const source = { path: join(tiny, 'images', broken), applyOrientation: false };
    const { signal } = new AbortController();
    const pending = expect(decoder.resized(source, 8, signal)).rejects.toMatchObject({
      name: 'DisposedError',
    });
    await decoder.dispose();
    await pending;
    await expect(decoder.resized(source, 8, signal)).rejects.toMatchObject({ name: 'DisposedError' });
  });

  test('idle threads do not keep the process alive, busy ones do', async () => {
    const module = new URL('../../src/data/decoder_pool.node.ts', import.meta.url).href;
    const script = `
      import { createDecoderPool } from ${JSON.stringify(module)};
      const pool = createDecoderPool({ workers: 2 });
      pool.resized({ path: ${JSON.stringify(join(tiny, 'images', broken))}, applyOrientation: false }, 8, new AbortController().signal)
        .then((data) => console.log(data.length));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 60_000,
    });
    expect(stdout.trim()).toBe('192');
  });

  test('misuse names the option', () => {
    expect(() => createDecoderPool({ workers: -1 })).toThrow(/createDecoderPool: workers is -1/);
    expect(defaultWorkers({ software: true })).toBe(0);
    expect(defaultWorkers()).toBeGreaterThanOrEqual(1);
  });
});

// How fast pictures are loaded, beside how fast they are trained on:
//   picture   one JPEG of 500x400 on one thread: decoding, resizing to 256x256, and both
//   loader    pictures a second out of a loader, by decoding threads, and from its cache
//   beside    a training step of ResNet-50 (224x224, batch 2) fed by a loader without cache, by decoding threads: what loading costs it
// Pictures are generated, or those of a folder of class folders (train/CLASS/*.jpg) named by BENCH_IMAGES.
//   node bench/loading.ts [PART...] [--quick] [--json FILE]
import type { Bench } from './harness.ts';
import type { ImageDataset } from '../src/data/image_dataset.ts';
import { availableParallelism, tmpdir } from 'node:os';
import { createDecoderPool } from '../src/data/decoder_pool.node.ts';
import { createLoader } from '../src/data/loader.ts';
import { decodeImage } from '../src/data/decode.node.ts';
import { encode as encodeJpeg } from 'jpeg-js';
import { join } from 'node:path';
import { makeTrainer, median, noiseBatch, stepTimes } from './training_setting.ts';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { openBench } from './harness.ts';
import { openDataset } from '../src/data/open_dataset.node.ts';
import { RandomStream } from '../src/runtime/random.ts';
import { resizeBilinear } from '../src/data/resize.ts';

const SIDE = 256;

/** A picture with about as much detail as a photograph: gradients, edges, and some noise. */
function photograph(seed: number): Uint8Array {
  const [width, height] = [500, 400];
  const random = new RandomStream(seed);
  const data = new Uint8Array(width * height * 4).fill(255);
  const waves = Array.from({ length: 12 }, () => ({
    x: random.normal() * 0.08,
    y: random.normal() * 0.08,
    amplitude: 12 + random.integer(20),
    channel: random.integer(4),
  }));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      for (let channel = 0; channel < 3; channel++) {
        let value = 120 + random.normal() * 4;
        for (const wave of waves)
          if (wave.channel === channel || wave.channel === 3)
            value += wave.amplitude * Math.sin(wave.x * x + wave.y * y);
        data[at + channel] = Math.min(Math.max(value, 0), 255);
      }
    }
  }
  return encodeJpeg({ width, height, data }, 90).data;
}

async function picturesOf(count: number, folder: string): Promise<ImageDataset> {
  const named = process.env['BENCH_IMAGES'];
  if (named === undefined) {
    mkdirSync(join(folder, 'train', 'generated'), { recursive: true });
    for (let i = 0; i < count; i++)
      writeFileSync(join(folder, 'train', 'generated', `${i}.jpg`), photograph(i));
  }
  return openDataset({ folder: named ?? folder, split: 'train', kind: 'folder' });
}

function picture({ quick, figure }: Bench, dataset: ImageDataset): void {
  const files = Array.from({ length: Math.min(dataset.length, 16) }, (_, index) =>
    readFileSync(dataset.path(index)),
  );
  const decoding: number[] = [];
  const resizing: number[] = [];
  for (let round = 0; round < (quick ? 2 : 8); round++) {
    for (const file of files) {
      const start = performance.now();
      const image = decodeImage(file, 'picture');
      const decoded = performance.now();
      resizeBilinear(image, SIDE, SIDE);
      if (round === 0) continue; // Still being compiled.
      decoding.push(decoded - start);
      resizing.push(performance.now() - decoded);
    }
  }
  figure('picture', 'decode', median(decoding), 'ms');
  figure('picture', `resize to ${SIDE}x${SIDE}`, median(resizing), 'ms');
  figure('picture', 'decode and resize, one core', 1000 / (median(decoding) + median(resizing)), 'images/s');
}

async function loader({ figure }: Bench, dataset: ImageDataset): Promise<void> {
  for (const workers of new Set([0, 1, 2, availableParallelism()])) {
    const decoder = createDecoderPool({ workers });
    const options = { mode: 'train', batchSize: 16, prefetch: 2, decoder } as const;
    const uncached = createLoader(dataset, { ...options, cacheBytes: 0 });
    // The first epoch starts the threads and compiles.
    const rates = [
      await imagesPerSecond(uncached, 0),
      await imagesPerSecond(uncached, 1),
      await imagesPerSecond(uncached, 2),
    ];
    figure('loader', `${workers} workers`, Math.max(...rates.slice(1)), 'images/s');
    if (workers === 0) {
      const cached = createLoader(dataset, options);
      await imagesPerSecond(cached, 0);
      figure('loader', 'from the cache', await imagesPerSecond(cached, 1), 'images/s');
    }
    await decoder.dispose();
  }
}

async function imagesPerSecond(made: ReturnType<typeof createLoader>, epoch: number): Promise<number> {
  let images = 0;
  const start = performance.now();
  for await (const batch of made.epoch(epoch)) images += batch.size;
  return (1000 * images) / (performance.now() - start);
}

async function beside({ engine, quick, figure }: Bench, dataset: ImageDataset): Promise<void> {
  const steps = quick ? 6 : 16;
  const { trainer, dispose } = makeTrainer(engine);
  const alone = median((await stepTimes(trainer, noiseBatch(2, 224, 200), steps)).slice(2));
  figure('beside', 'step without loading', alone, 'ms');
  figure('beside', 'trained on', 2000 / alone, 'images/s');
  for (const workers of new Set([0, 1, 2, availableParallelism()])) {
    const decoder = createDecoderPool({ workers });
    const loading = createLoader(dataset, { mode: 'train', batchSize: 2, cacheBytes: 0, decoder });
    const times: number[] = [];
    let before = performance.now();
    await trainer.trainEpoch(take(loading.epoch(1), steps), {
      epoch: trainer.epochsDone + 1,
      stepsPerEpoch: steps,
      onStep: () => {
        const now = performance.now();
        times.push(now - before);
        before = now;
      },
    });
    figure('beside', `step with ${workers} workers`, median(times.slice(2)), 'ms');
    figure(
      'beside',
      `waited for pictures with ${workers} workers, a step`,
      loading.statistics().waitMilliseconds / steps,
      'ms',
    );
    await decoder.dispose();
  }
  dispose();
}

async function* take<Value>(values: AsyncIterable<Value>, count: number): AsyncGenerator<Value, void, void> {
  let left = count;
  for await (const value of values) {
    yield value;
    if (--left === 0) return;
  }
}

const bench = await openBench('loading');
const home = mkdtempSync(join(tmpdir(), 'loading-'));
try {
  const dataset = await picturesOf(bench.quick ? 32 : 96, home);
  if (bench.wanted('picture')) picture(bench, dataset);
  if (bench.wanted('loader')) await loader(bench, dataset);
  if (bench.wanted('beside')) await beside(bench, dataset);
  await bench.finish();
} finally {
  rmSync(home, { recursive: true });
}

import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { erase, erasedCount, erasureOrder, randomErasureOrder } from '../../src/eval/erasure.ts';
import { fillPictures } from '../../src/eval/fill_pictures.ts';
import { goldenJson, goldenTensors, unpackBits } from './golden.ts';
import { removalResult, rightAfterErasing } from '../../src/eval/remove_and_classify.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { toNhwc } from '../../tools/golden/compare.ts';

interface Case {
  readonly map: string;
  readonly shape: readonly [number, number, number];
  readonly k: number;
  readonly zeros_per_image: number;
}

const golden = (await goldenJson('remove_and_classify')) as Case[];
const tensors = await goldenTensors('remove_and_classify');

describe('against the official masks', () => {
  test.each(golden.filter(({ map }) => map !== 'ties'))('map $map, k = $k', (run) => {
    const [images, height, width] = run.shape;
    const scores = tensors.floats(`topk.${run.map}.score`);
    const packed = tensors.bytes(`topk.${run.map}.${run.k}`);
    const bytes = packed.length / images;
    expect(erasedCount(run.k, height, width)).toBe(run.zeros_per_image);
    for (let image = 0; image < images; image++) {
      const pixels = height * width;
      const order = erasureOrder(scores.slice(image * pixels, (image + 1) * pixels), 0, image);
      const kept = new Uint8Array(pixels).fill(1);
      for (const pixel of order.subarray(0, run.zeros_per_image)) kept[pixel] = 0;
      const wanted = unpackBits(packed.slice(image * bytes, (image + 1) * bytes)).slice(0, pixels);
      expect(kept).toEqual(wanted);
    }
  });

  test.each(golden.filter(({ map }) => map === 'ties'))('equal scores, k = $k', (run) => {
    const order = erasureOrder(tensors.floats('topk.ties.score'), 3, 0);
    const erased = new Set(order.subarray(0, erasedCount(run.k, 10, 10)));
    expect(erased.size).toBe(run.zeros_per_image);
    const must = tensors.bytes(`topk.ties.must_zero.${run.k}`);
    const may = tensors.bytes(`topk.ties.may_zero.${run.k}`);
    for (let pixel = 0; pixel < 100; pixel++) {
      if (must[pixel] === 1) expect(erased.has(pixel)).toBe(true);
      if (must[pixel] === 0 && may[pixel] === 0) expect(erased.has(pixel)).toBe(false);
    }
  });
});

describe('orders', () => {
  test('of equal scores are random, by seed and image', () => {
    const flat = new Float32Array(100);
    const order = erasureOrder(flat, 1, 2);
    expect(order.toSorted()).toEqual(Uint32Array.from(flat.keys()));
    expect(erasureOrder(flat, 1, 2)).toEqual(order);
    expect(erasureOrder(flat, 1, 3)).not.toEqual(order);
    expect(erasureOrder(flat, 2, 2)).not.toEqual(order);
    // Not from one side: the first half of the order lies in both halves of the picture.
    const upper = order.subarray(0, 50).filter((pixel) => pixel < 50).length;
    expect(upper).toBeGreaterThan(10);
    expect(upper).toBeLessThan(40);
  });

  test('random ones differ by draw', () => {
    expect(randomErasureOrder(50, 0, 0, 1)).toEqual(randomErasureOrder(50, 0, 0, 1));
    expect(randomErasureOrder(50, 0, 0, 1)).not.toEqual(randomErasureOrder(50, 0, 0, 2));
  });

  test('misuse throws', () => {
    expect(() => erasureOrder(Float32Array.of(1, Number.NaN), 0, 0)).toThrow('NaN at pixel 1');
    expect(() => erasedCount(1.1, 2, 2)).toThrow('got 1.1');
  });
});

test('the result puts one accuracy over the other', () => {
  const random = {
    images: 10,
    right: 9,
    shares: [0.1, 0.5],
    draws: [
      [8, 4],
      [6, 4],
    ],
  };
  const result = removalResult([5, 3], random);
  expect(result.accuracy).toBe(90);
  expect(result.points[0]).toMatchObject({ accuracy: 50, randomAccuracy: 70 });
  expect(result.points[0]?.randomDeviation).toBeCloseTo(Math.sqrt(200), 9);
  expect(result.points[0]?.relativeAccuracy).toBeCloseTo((100 * 5) / 7, 9);
  expect(result.points[1]?.relativeAccuracy).toBeCloseTo(75, 9);
  expect(result.meanRelativeAccuracy).toBeCloseTo((500 / 7 + 75) / 2, 9);
  expect(() => removalResult([5], random)).toThrow('2 shares, got 1');
});

describe('on the GPU', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test.each(['zero', 'mean', 'blur'] as const)('fill %s is the official baseline', async (fill) => {
    const shape = tensors.shape('baseline.in');
    const images = engine.tensor(toNhwc(tensors.floats('baseline.in'), shape), [2, 40, 48, 3]);
    const got = await fillPictures(engine, images, fill, 0, [0, 1]);
    images.dispose();
    const wanted = toNhwc(tensors.floats(`baseline.${fill}`), shape);
    const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? 0))), 0);
    // 31 products of values of at most about 4, twice: a few units in the last place of f32.
    expect(worst).toBeLessThan(2e-6);
  });

  test('noise has the mean and the spread of each channel, and depends on seed and place', async () => {
    const shape = tensors.shape('baseline.in');
    const values = toNhwc(tensors.floats('baseline.in'), shape);
    const images = engine.tensor(values, [2, 40, 48, 3]);
    const [noise, again, other] = [
      await fillPictures(engine, images, 'noise', 1, [5, 6]),
      await fillPictures(engine, images, 'noise', 1, [5, 6]),
      await fillPictures(engine, images, 'noise', 1, [5, 7]),
    ];
    images.dispose();
    expect(again).toEqual(noise);
    const half = noise.length / 2;
    expect(other.subarray(0, half)).toEqual(noise.subarray(0, half));
    expect(other.subarray(half)).not.toEqual(noise.subarray(half));
    const spread = (all: Float32Array, image: number, channel: number): [number, number] => {
      const own = all.subarray(image * half, (image + 1) * half).filter((_, i) => i % 3 === channel);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      return [mean, Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length)];
    };
    for (const image of [0, 1]) {
      for (const channel of [0, 1, 2]) {
        const [mean, deviation] = spread(values, image, channel);
        const [noiseMean, noiseDeviation] = spread(noise, image, channel);
        // 1,920 draws: the mean is off by deviation / 44 as a rule, the deviation by half of that.
        expect(Math.abs(noiseMean - mean)).toBeLessThan((5 * deviation) / 44);
        expect(Math.abs(noiseDeviation - deviation)).toBeLessThan((5 * deviation) / 88);
      }
    }
  });

  test('counts what the model says of erased pictures, and leaves the pictures as they are', async () => {
    const [count, size, classes] = [4, 16, 3];
    const model = createModel(engine, {
      architecture: 'resnet18',
      head: 'cam',
      classes,
      layers: [1],
      widths: [4],
      strides: [1],
      stem: { width: 4, kernel: 3, stride: 1, pool: false },
      seed: 3,
    });
    const pixels = size * size;
    const images = Float32Array.from({ length: count * pixels * 3 }, (_, i) => Math.sin(i * i));
    const fills = Float32Array.from(images, (_, i) => Math.cos(i));
    const orders = Array.from({ length: count }, (_, image) => randomErasureOrder(pixels, 0, image, 0));
    const shares = [0, 0.25, 1];
    const predict = async (values: Float32Array): Promise<number[]> => {
      const tape = startTape(engine, { gradients: false });
      const tensor = engine.tensor(Float32Array.from(values), [count, size, size, 3]);
      try {
        const rows = await engine.read(model.predict(tape, tensor).probabilities);
        return Array.from({ length: count }, (_, n) => {
          const row = [...rows.subarray(n * classes, (n + 1) * classes)];
          return row.indexOf(Math.max(...row));
        });
      } finally {
        tape.end();
        tensor.dispose();
      }
    };
    const byHand = images.slice();
    for (let image = 0; image < count; image++) {
      for (const pixel of (orders[image] ?? new Uint32Array()).subarray(0, pixels / 4))
        for (let c = 0; c < 3; c++) {
          const at = 3 * (image * pixels + pixel) + c;
          byHand[at] = fills[at] ?? 0;
        }
    }
    const labels = await predict(images);
    const agreeing = (predicted: number[]): number =>
      predicted.filter((label, n) => label === labels[n]).length;
    const before = images.slice();
    const right = await rightAfterErasing(
      model,
      { images, fills, height: size, width: size, labels },
      orders,
      shares,
    );
    expect(images).toEqual(before);
    expect(right).toEqual([count, agreeing(await predict(byHand)), agreeing(await predict(fills))]);
    const pictures = { images, fills, height: size, width: size, labels };
    await expect(rightAfterErasing(model, pictures, orders, [0.5, 0.1])).rejects.toThrow('must ascend');
    await expect(rightAfterErasing(model, pictures, [], [0.5])).rejects.toThrow('4 orders of 256 pixels');
    model.dispose();
  });
});

test('erasing replaces whole pixels', () => {
  const picture = Float32Array.of(1, 2, 3, 4, 5, 6);
  erase(picture, Float32Array.of(9, 9, 9, 7, 8, 9), Uint32Array.of(1, 0), 1);
  expect([...picture]).toEqual([1, 2, 3, 7, 8, 9]);
});

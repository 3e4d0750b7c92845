import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readImage, readPlane } from '../../src/data/decode.node.ts';
import { createImage, createPlane, cropImage, flipImage } from '../../src/data/image.ts';
import { resizeBilinear, resizePlane } from '../../src/data/resize.ts';

const fixtures = new URL('../fixtures/', import.meta.url);
const path = (name: string): string => new URL(name, fixtures).pathname;

describe('resizeBilinear', () => {
  test.each([
    [0, 224],
    [1, 224],
    [2, 224],
    [3, 224],
    [1, 256],
    [3, 256],
  ])('im%i to %i is torchvision on Pillow, bit for bit', async (index, size) => {
    const source = await readImage(path(`preprocess/im${index}.png`));
    const expected = await readImage(path(`preprocess/im${index}.resize${size}.png`));
    const resized = resizeBilinear(source, size, size);
    expect([resized.width, resized.height]).toEqual([size, size]);
    expect(Buffer.compare(resized.data, expected.data)).toBe(0);
  });

  test('the same size gives a copy, not the same memory', () => {
    const image = createImage(3, 2);
    image.data.set([1, 2, 3, 4, 5, 6]);
    const resized = resizeBilinear(image, 3, 2);
    expect(resized.data).toEqual(image.data);
    expect(resized.data).not.toBe(image.data);
  });

  test('a constant picture stays constant at odd sizes', () => {
    const image = { ...createImage(17, 5), data: new Uint8Array(17 * 5 * 3).fill(255) };
    expect(new Set(resizeBilinear(image, 7, 23).data)).toEqual(new Set([255]));
  });

  test('misuse names what is wrong', () => {
    expect(() => resizeBilinear(createImage(2, 2), 0, 4)).toThrow(/resizeBilinear: .*got 0x4/);
    expect(() => resizeBilinear({ width: 2, height: 2, data: new Uint8Array(5) }, 4, 4)).toThrow(/5 bytes/);
  });
});

describe('resizePlane', () => {
  test('bicubic is what Pillow makes of the segmentations', async () => {
    const list = (await readFile(path('cub_tiny/images.txt'), 'utf8')).trim().split('\n');
    expect(list).toHaveLength(10);
    for (const line of list) {
      const [id, name] = line.split(' ');
      const segmentation = await readPlane(
        path(`cub_tiny/segmentations/${String(name).replace('.jpg', '.png')}`),
      );
      const expected = await readPlane(path(`segmentation_resize/segment224.${String(id)}.png`));
      expect(Buffer.compare(resizePlane(segmentation, 224, 224, 'bicubic').data, expected.data)).toBe(0);
    }
  });

  test('bicubic overshoot is clamped to a byte', () => {
    const plane = createPlane(8, 1);
    plane.data.set([0, 0, 0, 0, 255, 255, 255, 255]);
    const values = [...resizePlane(plane, 64, 1, 'bicubic').data];
    expect(Math.min(...values)).toBe(0);
    expect(Math.max(...values)).toBe(255);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
  });
});

describe('crop and flip', () => {
  const image = { width: 2, height: 2, data: Uint8Array.from({ length: 12 }, (_, index) => index) };
  test('crop copies the rectangle', () => {
    expect([...cropImage(image, 1, 0, 1, 2).data]).toEqual([3, 4, 5, 9, 10, 11]);
    expect(() => cropImage(image, 1, 0, 2, 2)).toThrow(/leaves the 2x2 image/);
  });
  test('flip mirrors left and right', () => {
    expect([...flipImage(image).data]).toEqual([3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
  });
});

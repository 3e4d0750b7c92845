import { describe, expect, test } from 'vitest';
import {
  boxSegmentation,
  cueClassPairs,
  cueMask,
  cuePartCentres,
  cuePartsOfAttribute,
  differingCueParts,
  exactPartMap,
  nearestPartMap,
} from '../../src/eval/cub_trait.ts';
import { cubTiny, cubTinyAttributes, cubTinyPartMap } from './cub_tiny.ts';
import { goldenTensors, unpackBits } from './golden.ts';

const tensors = await goldenTensors('cub_trait');

describe('against the official CUBTrait', () => {
  test.each(Object.entries(cubTiny.partsOfAttribute))('%s speaks of parts %j', (name, parts) => {
    expect(cuePartsOfAttribute(name)).toEqual(parts);
  });

  test.each(Object.entries(cubTiny.differingParts))('classes %s differ in parts %j', (pair, parts) => {
    const [first = 0, second = 0] = pair.split(',').map(Number);
    expect(differingCueParts(cubTinyAttributes, first, second)).toEqual(parts);
  });

  test('pairs by number of differing parts', () => {
    const all = cueClassPairs(cubTinyAttributes, 7);
    for (const [count, pairs] of Object.entries(cubTiny.pairs)) {
      const own = all.filter((pair) => pair.differingParts.length === Number(count));
      expect(own.map((pair) => [pair.firstClass, pair.secondClass])).toEqual(pairs);
    }
    expect(cueClassPairs(cubTinyAttributes).map((pair) => pair.differingParts.length)).toEqual([
      1, 1, 1, 2, 2, 2, 3, 3, 3,
    ]);
  });

  test.each(cubTiny.images)('part centres of $id', (image) => {
    const centres = cuePartCentres(
      {
        ...image,
        visibleParts: new Map(Object.entries(image.visibleParts).map(([name, [x, y]]) => [name, { x, y }])),
      },
      224,
    );
    expect(centres.map(({ cuePart, x, y }) => [cuePart, x, y])).toEqual(image.centres);
  });

  test.each(cubTiny.masks)(
    'mask of classes $pair in image $imageId',
    ({ pair, imageId, mask: key, pixels }) => {
      const mask = cueMask(cubTinyPartMap(imageId), differingCueParts(cubTinyAttributes, pair[0], pair[1]));
      if (key === null) {
        expect(mask).toBeNull();
        return;
      }
      expect(mask?.reduce((sum, value) => sum + value, 0)).toBe(pixels);
      // Of the pair with four differing parts only the numbers of pixels are stored.
      if (!tensors.keys.includes(key)) return;
      const wanted = unpackBits(tensors.bytes(key));
      expect(mask?.findIndex((value, i) => value !== wanted[i])).toBe(-1);
    },
  );

  test('some masks are missing, most are there', () => {
    expect(cubTiny.masks.filter(({ mask }) => mask === null).length).toBeGreaterThan(0);
    expect(tensors.keys.filter((key) => key.startsWith('mask.')).length).toBeGreaterThan(70);
  });
});

test('the first of two centres at the same distance wins', () => {
  const centres = [
    { cuePart: 5, x: 0, y: 0 },
    { cuePart: 7, x: 2, y: 0 },
  ];
  const { labels } = nearestPartMap(centres, new Uint8Array(9).fill(1), 3);
  expect([...labels]).toEqual([5, 5, 7, 5, 5, 7, 5, 5, 7]);
});

test('exact part maps know what they show', () => {
  const map = exactPartMap(Uint8Array.of(0, 1, 7, 7), 2);
  expect(cueMask(map, [7])).toEqual(Uint8Array.of(0, 0, 1, 1));
  expect(cueMask(map, [3])).toBeNull();
});

test('a box stands in for a segmentation', () => {
  // 8x4 image to 4x4: columns 2..3 and rows 1..2 of the image are inside.
  const mask = boxSegmentation({ x: 2, y: 1, width: 2, height: 2 }, 8, 4, 4);
  expect([...mask]).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
});

test('misuse throws', () => {
  const centre = { cuePart: 1, x: 0, y: 0 };
  expect(() => nearestPartMap([], new Uint8Array(4), 2)).toThrow('shows no part');
  expect(() => nearestPartMap([centre], new Uint8Array(5), 2)).toThrow('2x2 = 4 pixels, got 5');
  expect(() => exactPartMap(Uint8Array.of(8), 1)).toThrow('got 8');
  expect(() => differingCueParts(cubTinyAttributes, 1, 99)).toThrow('no attributes for class id 99');
  const visibleParts = new Map([['fin', { x: 0, y: 0 }]]);
  expect(() => cuePartCentres({ width: 1, height: 1, visibleParts }, 1)).toThrow("unknown part 'fin'");
});

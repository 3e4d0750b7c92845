import { describe, expect, test } from 'vitest';
import { BoxAccuracy, resizeBox, scoreLevels } from '../../src/eval/box_accuracy.ts';
import { boxOverlap, contourArea, contourBoxes, findContours } from '../../src/eval/contours.ts';
import type { PixelBox } from '../../src/eval/contours.ts';
import { ContourSweep } from '../../src/eval/contour_sweep.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { goldenJson, goldenTensors } from './golden.ts';

type Corners = readonly [number, number, number, number];
const boxOf = ([x0, y0, x1, y1]: Corners): PixelBox => ({ x0, y0, x1, y1 });
const cornersOf = ({ x0, y0, x1, y1 }: PixelBox): number[] => [x0, y0, x1, y1];

const golden = (await goldenJson('box_accuracy')) as {
  small: {
    resize_bbox: { box: Corners; image_size: [number, number]; resized224: Corners }[];
    iou: { a: Corners[]; b: Corners[]; iou: number[][] };
    bboxes_from_scoremap: {
      scoremap: number[][];
      thresholds: number[];
      multi: boolean;
      counts: number[];
      boxes: Corners[][];
    }[];
  };
  images: Record<string, Corners[]>;
};
const tensors = await goldenTensors('box_accuracy');

describe('against the official BoxEvaluator', () => {
  test.each(golden.small.resize_bbox)('box $box of $image_size', ({ box, image_size: size, resized224 }) => {
    const image = { width: size[0], height: size[1] };
    expect(cornersOf(resizeBox(boxOf(box), image, 224, 224))).toEqual(resized224);
  });

  test('overlaps', () => {
    const { a, b, iou } = golden.small.iou;
    expect(a.map((first) => b.map((second) => boxOverlap(boxOf(first), boxOf(second))))).toEqual(iou);
  });

  test.each(golden.small.bboxes_from_scoremap)('boxes of a small map, all contours: $multi, %#', (run) => {
    const [height, width] = [run.scoremap.length, run.scoremap[0]?.length ?? 0];
    const levels = scoreLevels({ height, width, data: run.scoremap.flat() as unknown as Float32Array });
    const highest = Math.max(...levels);
    const boxes = run.thresholds.map((threshold) =>
      contourBoxes(
        levels.map((level) => (level > Math.trunc(threshold * highest) ? 1 : 0)),
        width,
        height,
        run.multi ? 'all' : 'largest',
      ).map(cornersOf),
    );
    expect(boxes).toEqual(run.boxes);
  });

  test.each([
    ['2', 'single'],
    ['2', 'multi'],
    ['3', 'single'],
    ['3', 'multi'],
    ['6', 'single'],
    ['6', 'multi'],
  ] as const)('score map %s, %s contour: best overlap at every threshold', (image, mode) => {
    const data = tensors.floats(`score.${image}`);
    const levels = scoreLevels({ height: 224, width: 224, data });
    const highest = Math.max(...levels);
    const truth = (golden.images[image] ?? []).map(boxOf);
    const which = mode === 'single' ? 'largest' : 'all';
    const best = new ContourSweep(224, 224).overlaps(levels, truth, which);
    const overlaps = tensors.doubles(`iou.${mode}.0.05.${image}`);
    const thresholds = tensors.doubles('thresholds.0.05');
    const counts =
      mode === 'single' ? Array.from(thresholds, () => 1) : tensors.integers(`counts.multi.0.05.${image}`);
    const wanted: number[] = [];
    let first = 0;
    for (const count of counts) {
      wanted.push(Math.max(...overlaps.subarray(first * truth.length, (first + count) * truth.length)));
      first += count;
    }
    const got = Array.from(thresholds, (threshold) => best[Math.trunc(threshold * highest)]);
    expect(got).toEqual(wanted);
  });
});

test('the sweep gives what every binarisation by itself gives', () => {
  let holes = 0;
  for (let seed = 0; seed < 300; seed++) {
    const random = new RandomStream(seed);
    const [width, height] = [1 + random.integer(12), 1 + random.integer(12)];
    const count = 2 + random.integer(5);
    // Low levels, and levels up to the highest.
    const step = seed % 2 === 0 ? 1 : Math.floor(255 / (count - 1));
    const levels = Uint8Array.from({ length: width * height }, () => random.integer(count) * step);
    const boxes = Array.from({ length: 1 + random.integer(3) }, () => {
      const [x0, y0] = [random.integer(width), random.integer(height)];
      return { x0, y0, x1: x0 + random.integer(width - x0), y1: y0 + random.integer(height - y0) };
    });
    const sweep = new ContourSweep(width, height);
    for (const which of ['largest', 'all'] as const) {
      const got = sweep.overlaps(levels, boxes, which);
      for (let i = 0; i <= count; i++) {
        for (const t of [i * step - 1, i * step]) {
          if (t < 0 || t > 255) continue;
          const binary = levels.map((level) => (level > t ? 1 : 0));
          if (which === 'all') holes += findContours(binary, width, height).filter(({ hole }) => hole).length;
          const wanted = contourBoxes(binary, width, height, which).flatMap((box) =>
            boxes.map((truth) => boxOverlap(box, truth)),
          );
          expect(got[t], `seed ${seed}, ${which}, threshold ${t}`).toBe(Math.max(...wanted));
        }
      }
    }
  }
  expect(holes).toBeGreaterThan(500);
});

test('contours of a ring with an island, and of a line', () => {
  // prettier-ignore
  const picture = Uint8Array.of(
    1, 1, 1, 1, 1, 0, 0,
    1, 0, 0, 0, 1, 0, 1,
    1, 0, 1, 0, 1, 0, 1,
    1, 0, 0, 0, 1, 0, 1,
    1, 1, 1, 1, 1, 0, 0,
  );
  const contours = findContours(picture, 7, 5);
  // The line begins later than the ring, so it comes first; hole and island follow what they are in.
  expect(contours.map(({ hole }) => hole)).toEqual([false, false, true, false]);
  // The hole's polygon cuts the ring's inner corners: 4 x 4 less four half pixels.
  expect(contours.map(contourArea)).toEqual([0, 16, 14, 0]);
  expect(cornersOf(contourBoxes(picture, 7, 5, 'largest')[0] ?? boxOf([9, 9, 9, 9]))).toEqual([0, 0, 5, 4]);
});

describe('accuracy', () => {
  const map = { height: 4, width: 4, data: new Float32Array(16) };
  map.data.set([1, 1, 0.5, 0, 1, 1, 0.5, 0, 0.5, 0.5, 0.5]);

  test('counts the images that are right at each threshold and takes the best', () => {
    const accuracy = new BoxAccuracy({ contours: 'largest', overlaps: [0.5, 0.9], interval: 0.25 });
    accuracy.accumulate(map, [boxOf([0, 0, 2, 2])]);
    accuracy.accumulate(map, [boxOf([0, 0, 3, 3])]);
    const { images, byOverlap, mean } = accuracy.compute();
    expect(images).toBe(2);
    // Below one half the box is [0,0,3,3], above it [0,0,2,2]: 9 of 16 pixels in common.
    expect(byOverlap[0]?.curve).toEqual([100, 100, 100, 100]);
    expect(byOverlap[1]?.curve).toEqual([50, 50, 50, 50]);
    expect(byOverlap[1]).toMatchObject({ accuracy: 50, threshold: 0 });
    expect(mean).toBe(75);
  });

  test('a threshold is cut to a whole level: 0.25 of 255 is 63, and 64 is above it', () => {
    const data = new Float32Array(16).fill(64.5 / 255);
    data.set([1, 1], 0);
    const accuracy = new BoxAccuracy({ contours: 'all', overlaps: [0.9], interval: 0.25 });
    accuracy.accumulate({ height: 4, width: 4, data }, [boxOf([0, 0, 3, 3])]);
    expect(accuracy.compute().byOverlap[0]?.curve).toEqual([100, 100, 0, 0]);
  });

  test('misuse throws and counts nothing', () => {
    const accuracy = new BoxAccuracy({ contours: 'all' });
    expect(() => accuracy.compute()).toThrow('no image was added');
    expect(() => accuracy.accumulate(map, [])).toThrow('boxes is empty');
    expect(() => accuracy.accumulate({ ...map, data: map.data.map(() => 1.5) }, [])).toThrow('got 1.5');
    expect(() => accuracy.accumulate({ ...map, width: 5 }, [])).toThrow('4x5 = 20 scores, got 16');
    expect(() => accuracy.compute()).toThrow('no image was added');
    expect(() => findContours(new Uint8Array(3), 2, 2)).toThrow('2x2 = 4 pixels, got 3');
  });
});

import { describe, expect, test } from 'vitest';
import { effectiveLocations, SharpnessTally } from '../../src/eval/sharpness.ts';

const map = (...values: readonly number[]) => ({
  height: 1,
  width: values.length,
  data: Float32Array.from(values),
});

describe('effective locations', () => {
  test.each([
    ['one location holds everything', [0, 0, 3, 0], 1],
    ['all are alike', [0.2, 0.2, 0.2, 0.2], 4],
    ['two are alike, whatever their height', [0, 1e-12, 1e-12, 0], 2],
    // Entropy of 3/4 and 1/4: 2 ln 2 - 3/4 ln 3.
    ['three to one', [3, 1, 0, 0], 4 / 3 ** 0.75],
    ['a rounding error below zero counts as nothing', [1, -1e-9, 0, 0], 1],
  ])('%s', (_, values, wanted) => {
    expect(effectiveLocations(map(...values))).toBeCloseTo(wanted, 6);
  });

  test.each([[[0, 0]], [[-1, 0]], [[Number.NaN, 1]], [[Infinity, 1]]])('are not there for %s', (values) => {
    expect(effectiveLocations(map(...values))).toBeNull();
  });
});

test('a tally averages over the maps that have any, by number and by share', () => {
  const tally = new SharpnessTally();
  tally.add(map(1, 0, 0, 0));
  tally.add(map(1, 1));
  tally.add(map(0, 0));
  expect(tally.compute()).toEqual({ images: 2, effectiveLocations: 1.5, effectiveArea: (25 + 100) / 2 });
  expect(new SharpnessTally().compute().effectiveArea).toBeNaN();
});

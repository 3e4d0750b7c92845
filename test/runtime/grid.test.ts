import { ceilDivide, checkGrid, fold } from '../../src/runtime/grid.ts';
import { describe, expect, test } from 'vitest';

describe('fold', () => {
  test.each([1, 2, 65_535])('%i workgroups stay on one axis', (count) => {
    expect(fold(count)).toEqual([count, 1, 1]);
  });

  test.each([65_536, 65_537, 1_000_003, 65_535 ** 2])('%i workgroups are covered and few idle', (count) => {
    const [x, y, z] = fold(count);
    expect(z).toBe(1);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
    expect(x * y).toBeGreaterThanOrEqual(count);
    expect(x * y - count).toBeLessThan(x);
  });

  test.each([0, -1, 1.5, Number.NaN, 65_535 ** 2 + 1])('%d workgroups are refused', (count) => {
    expect(() => fold(count)).toThrow(/fold: workgroups/);
  });
});

test('ceilDivide covers the last, partial group', () => {
  expect([ceilDivide(1, 64), ceilDivide(64, 64), ceilDivide(65, 64)]).toEqual([1, 1, 2]);
});

test('an explicit grid over the limit of an axis is refused by the name of the kernel', () => {
  expect(() => checkGrid('conv2d/naive', [65_536, 1, 1])).toThrow(/conv2d\/naive: grid \[65536,1,1\]/);
});

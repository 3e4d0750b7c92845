import { describe, expect, test } from 'vitest';
import { learningRateFactor } from '../../src/train/schedule.ts';

describe('schedules', () => {
  test("steps come before epochs 30, 60, ... as in the released code's table", () => {
    const factors = [1, 29, 30, 59, 60, 89, 90].map((epoch) =>
      learningRateFactor({ kind: 'step', every: 30 }, epoch, 0.99),
    );
    [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001].forEach((factor, i) => expect(factors[i]).toBeCloseTo(factor, 12));
  });

  test('a cosine falls from 1 to its end, after the warm-up', () => {
    const schedule = { kind: 'cosine', epochs: 11, final: 0.2, warmupEpochs: 1 } as const;
    expect(learningRateFactor(schedule, 1, 0, 0.25)).toBeCloseTo(0.25, 12);
    expect(learningRateFactor(schedule, 1, 0.75, 0.25)).toBe(1);
    expect(learningRateFactor(schedule, 2)).toBe(1);
    expect(learningRateFactor(schedule, 7)).toBeCloseTo(0.6, 12);
    expect(learningRateFactor(schedule, 12)).toBeCloseTo(0.2, 12);
    expect(learningRateFactor(schedule, 40)).toBeCloseTo(0.2, 12);
  });

  test('constant is constant, and lengths must be positive', () => {
    expect(learningRateFactor({ kind: 'constant' }, 99)).toBe(1);
    expect(() => learningRateFactor({ kind: 'step', every: 0 }, 1)).toThrow(/every is 0/);
    expect(() => learningRateFactor({ kind: 'cosine', epochs: -1 }, 1)).toThrow(/epochs is -1/);
  });
});

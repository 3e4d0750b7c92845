import { describe, expect, test } from 'vitest';
import { imagesInfo, isBetter, judgementOf } from '../../tools/training/checkpoint_info.ts';
import type { Checkpoint } from '../../src/train/checkpoint.ts';

describe('the best epoch', () => {
  const best = { epoch: 1, accuracy: 0.5, negativeLogLikelihood: 2 };

  test('has the best accuracy, of equals the lower negative log likelihood', () => {
    expect(isBetter({ accuracy: 0.25, negativeLogLikelihood: Infinity }, null)).toBe(true);
    expect(isBetter({ accuracy: 0.6, negativeLogLikelihood: 9 }, best)).toBe(true);
    expect(isBetter({ accuracy: 0.5, negativeLogLikelihood: 1 }, best)).toBe(true);
    expect(isBetter({ accuracy: 0.5, negativeLogLikelihood: 2 }, best)).toBe(false);
  });

  test('is none whose probabilities are no numbers', () => {
    expect(isBetter({ accuracy: 0.9, negativeLogLikelihood: NaN }, null)).toBe(false);
    expect(isBetter({ accuracy: 0.9, negativeLogLikelihood: NaN }, best)).toBe(false);
  });

  test('comes back from a checkpoint with an infinite likelihood, which JSON writes as null', () => {
    const info: unknown = JSON.parse(
      JSON.stringify({ best: { ...best, negativeLogLikelihood: Infinity }, judged: 1 }),
    );
    const { best: restored } = judgementOf({ info, training: null } as Checkpoint);
    expect(restored).toEqual({ ...best, negativeLogLikelihood: Infinity });
    expect(isBetter({ accuracy: 0.5, negativeLogLikelihood: 3 }, restored)).toBe(true);
    expect(() =>
      judgementOf({ info: { best: { epoch: '1' }, judged: 1 }, training: null } as unknown as Checkpoint),
    ).toThrow('wanted an epoch and a number');
  });
});

test('names of classes are as many as the classes, or none', () => {
  const of = (classNames: readonly string[] | null, classes: number) =>
    imagesInfo({ info: { classNames }, configuration: { classes } } as Checkpoint).classNames;
  expect(of(['a', 'b'], 2)).toEqual(['a', 'b']);
  expect(of(null, 2)).toBeNull();
  expect(() => of(['a', 'b'], 3)).toThrow(
    'checkpoint: there are 2 classNames, wanted one for each of the 3 classes',
  );
});

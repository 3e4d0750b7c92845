import { expect, test } from 'vitest';
import { classificationMetrics } from '../../src/eval/classification.ts';

test('values worked out by hand', () => {
  const probabilities = Float64Array.of(0.7, 0.2, 0.1, 0.6, 0.3, 0.1);
  const metrics = classificationMetrics(probabilities, [0, 1], 3, { calibrationBins: 10 });
  expect(metrics.count).toBe(2);
  expect(metrics.top1).toBe(50);
  expect(metrics.top5).toBe(100);
  expect(metrics.negativeLogLikelihood).toBeCloseTo(-(Math.log(0.7) + Math.log(0.3)) / 2, 12);
  // 0.7 right: gap 0.3; 0.6 wrong: gap 0.6; each half of the samples.
  expect(metrics.expectedCalibrationError).toBeCloseTo(45, 9);
});

test('of equal probabilities the first class counts; the sixth place is not in the top five', () => {
  const uniform = new Float64Array(6).fill(1 / 6);
  expect(classificationMetrics(uniform, [0], 6)).toMatchObject({ top1: 100, top5: 100 });
  expect(classificationMetrics(uniform, [4], 6)).toMatchObject({ top1: 0, top5: 100 });
  expect(classificationMetrics(uniform, [5], 6)).toMatchObject({ top1: 0, top5: 0 });
});

test('a certain and right classifier has neither loss nor calibration error', () => {
  const metrics = classificationMetrics(Float32Array.of(1, 0, 0, 1), [0, 1], 2);
  expect(metrics.negativeLogLikelihood + 0).toBe(0);
  expect(metrics.expectedCalibrationError).toBe(0);
  expect(classificationMetrics(Float32Array.of(1, 0), [1], 2).negativeLogLikelihood).toBe(Infinity);
});

test('misuse throws', () => {
  const probabilities = Float64Array.of(0.5, 0.5);
  expect(() => classificationMetrics(probabilities, [], 2)).toThrow('labels is empty');
  expect(() => classificationMetrics(probabilities, [0, 0], 2)).toThrow('2x2 = 4 values, got 2');
  expect(() => classificationMetrics(probabilities, [2], 2)).toThrow('[0, 2), got 2 at sample 0');
  expect(() => classificationMetrics(Float64Array.of(NaN, 1), [1], 2)).toThrow(
    'got NaN at sample 0, class 0',
  );
  expect(() => classificationMetrics(probabilities, [0], 2, { calibrationBins: 0 })).toThrow('got 0');
});

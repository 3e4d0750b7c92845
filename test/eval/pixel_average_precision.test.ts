import { describe, expect, test } from 'vitest';
import { PixelAveragePrecision, scoreThresholds } from '../../src/eval/pixel_average_precision.ts';
import type { ThresholdType } from '../../src/eval/pixel_average_precision.ts';
import { normaliseScoreMap, resizeScoreMap } from '../../src/eval/score_map.ts';
import { goldenJson, goldenTensors } from './golden.ts';

interface Run {
  readonly scores: readonly string[];
  readonly masks: readonly string[];
  readonly threshold_type: ThresholdType;
  readonly interval: number;
  readonly auc?: number;
  readonly error?: string;
  readonly key?: string;
  readonly hist_true_sum?: number;
  readonly hist_false_sum?: number;
}

const tensors = await goldenTensors('pixel_average_precision');
const golden = (await goldenJson('pixel_average_precision')) as {
  pxap: Run[];
  openimages: { threshold_type: ThresholdType; interval: number; auc: number }[];
};
// The areas are sums of the same float64 terms in another order.
const AUC_DIGITS = 9;

describe('against the official MaskEvaluator', () => {
  test.each([
    ['even', 0.001],
    ['even', 0.01],
    ['even', 0.05],
    ['log', 0.001],
    ['log', 0.01],
    ['log', 0.05],
  ] as const)('thresholds %s %d are bit-equal', (thresholdType, interval) => {
    expect(scoreThresholds(thresholdType, interval)).toEqual(
      tensors.doubles(`thresholds.${thresholdType}.${interval}`),
    );
  });

  test('there are runs of every kind', () => {
    expect(golden.pxap.length).toBe(108);
    expect(golden.pxap.some((run) => run.error !== undefined)).toBe(true);
  });

  test.each(golden.pxap)('$scores in $masks, $threshold_type $interval', (run) => {
    const evaluator = new PixelAveragePrecision({
      thresholdType: run.threshold_type,
      interval: run.interval,
    });
    run.scores.forEach((score, i) => {
      evaluator.accumulate(tensors.doubles(`score.${score}`), tensors.bytes(`mask.${run.masks[i] ?? ''}`));
    });
    if (run.auc === undefined) {
      expect(() => evaluator.compute()).toThrow('no positive ground truth');
      expect(evaluator.hasPositives()).toBe(false);
      return;
    }
    const result = evaluator.compute();
    expect(result.auc).toBeCloseTo(run.auc, AUC_DIGITS);
    expect(evaluator.positives.reduce((sum, count) => sum + count, 0)).toBe(run.hist_true_sum);
    expect(evaluator.negatives.reduce((sum, count) => sum + count, 0)).toBe(run.hist_false_sum);
    const key = run.key ?? '';
    if (!tensors.keys.includes(`${key}.hist_true`)) return;
    expect(evaluator.positives).toEqual(tensors.doubles(`${key}.hist_true`));
    expect(evaluator.negatives).toEqual(tensors.doubles(`${key}.hist_false`));
    if (!tensors.keys.includes(`${key}.recall`)) return;
    expect(result.recall).toEqual(tensors.doubles(`${key}.recall`));
    expect(result.precision).toEqual(tensors.doubles(`${key}.precision`));
  });

  test.each(golden.openimages)('OpenImages masks with ignored pixels, $threshold_type $interval', (run) => {
    const evaluator = new PixelAveragePrecision({
      thresholdType: run.threshold_type,
      interval: run.interval,
    });
    for (const i of [0, 1, 2]) {
      const small = { height: 14, width: 14, data: tensors.floats(`openimages.score14.${i}`) };
      const scores = normaliseScoreMap(resizeScoreMap(small, 224, 224), 'minmax').data;
      evaluator.accumulate(Float64Array.from(scores), tensors.bytes(`openimages.mask.${i}`));
    }
    // Scaling in float32 may move a score by one ulp across an edge: at most a few of 150,528 pixels.
    expect(Math.abs(evaluator.compute().auc - run.auc)).toBeLessThan(2e-3);
  });
});

test('merging two evaluators is accumulating both images in one', () => {
  const [together, first, second] = [1, 2, 3].map(() => new PixelAveragePrecision({ thresholdType: 'log' }));
  if (!together || !first || !second) throw new Error('unreachable');
  for (const evaluator of [together, first]) {
    evaluator.accumulate(tensors.doubles('score.random'), tensors.bytes('mask.disc'));
  }
  for (const evaluator of [together, second]) {
    evaluator.accumulate(tensors.doubles('score.small'), tensors.bytes('mask.ignore'));
  }
  first.merge(second);
  expect(first.positives).toEqual(together.positives);
  expect(first.compute().auc).toBe(together.compute().auc);
});

describe('misuse throws and counts nothing', () => {
  const evaluator = new PixelAveragePrecision();
  test.each([
    ['two lengths', Float64Array.of(0.5), Uint8Array.of(1, 0), '1 pixels, mask has 2'],
    ['NaN', Float64Array.of(0.5, NaN), Uint8Array.of(1, 0), 'got NaN at pixel 1'],
    ['above 1', Float64Array.of(0.5, 1.5), Uint8Array.of(1, 0), 'got 1.5 at pixel 1'],
    ['below 0', Float64Array.of(0.5, -0.1), Uint8Array.of(1, 0), 'got -0.1 at pixel 1'],
    ['a mask value', Float64Array.of(0.5, 0.5), Uint8Array.of(1, 2), 'got 2 at pixel 1'],
  ])('%s', (_, scores, mask, message) => {
    expect(() => evaluator.accumulate(scores, mask)).toThrow(message);
    expect(evaluator.hasPositives()).toBe(false);
  });

  test('thresholds', () => {
    expect(() => new PixelAveragePrecision({ interval: 0 })).toThrow('interval must lie in (0, 1), got 0');
    expect(() => evaluator.merge(new PixelAveragePrecision({ interval: 0.01 }))).toThrow('thresholds differ');
  });
});

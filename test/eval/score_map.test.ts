import { describe, expect, test } from 'vitest';
import {
  counterfactualEvidence,
  normaliseScoreMap,
  resizeScoreMap,
  subtractScoreMaps,
} from '../../src/eval/score_map.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import { goldenTensors } from './golden.ts';

const tensors = await goldenTensors('score_map');

function goldenMap(key: string): ScoreMap {
  const [height, width] = tensors.shape(key);
  if (height === undefined || width === undefined) throw new Error(`no map '${key}'`);
  return { height, width, data: tensors.floats(key) };
}

describe('normaliseScoreMap is util.normalize_scoremap', () => {
  const cases = ['pos', 'signed', 'neg', 'gt1', 'const', 'zero', 'nan', 'maxzero'];
  test.each(
    cases.flatMap((name) => (['max', 'minmax', 'clipping'] as const).map((kind) => [name, kind] as const)),
  )('%s %s', (name, kind) => {
    const { data } = normaliseScoreMap(goldenMap(`norm.${name}.in`), kind);
    const wanted = tensors.floats(`norm.${name}.${kind}`);
    expect(data.length).toBe(wanted.length);
    // Adding 0 makes -0 and 0 one; everything else is bit-equal.
    expect(data.map((value) => value + 0)).toEqual(wanted.map((value) => value + 0));
  });
});

describe('resizeScoreMap is cv2.resize INTER_LINEAR', () => {
  test.each(['7x7', 'nonsq', '300x260'])('%s', (name) => {
    const wanted = tensors.floats(`resize.${name}.out224`);
    const { data } = resizeScoreMap(goldenMap(`resize.${name}.in`), 224, 224);
    const absmax = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? NaN))), 0);
    // The reference's own advice: both sides round in float32, in another order of the two axes' products.
    expect(worst).toBeLessThanOrEqual(1e-6 * absmax);
  });

  test('the same size gives the same map', () => {
    const map = goldenMap('resize.nonsq.in');
    expect(resizeScoreMap(map, map.height, map.width).data).toEqual(map.data);
  });
});

test('counterfactual evidence: the difference is scaled before its absolute value is taken', () => {
  const first = { height: 1, width: 2, data: Float32Array.of(1, 0) };
  const second = { height: 1, width: 2, data: Float32Array.of(0, 1) };
  // Differences +1 and -1 meet at the middle: scaled to four columns 1, .5, -.5, -1.
  expect(counterfactualEvidence(first, second, 1, 4, 'clipping').data).toEqual(
    Float32Array.of(1, 0.5, 0.5, 1),
  );
});

test('misuse throws', () => {
  const map = { height: 2, width: 2, data: new Float32Array(4) };
  expect(() => normaliseScoreMap({ ...map, height: 3 }, 'max')).toThrow('3x2 = 6 scores, got 4');
  expect(() => resizeScoreMap(map, 0, 4)).toThrow('got 0x4');
  expect(() => subtractScoreMaps(map, { height: 1, width: 4, data: new Float32Array(4) })).toThrow(
    '2x2 and 1x4',
  );
});

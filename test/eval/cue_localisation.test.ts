import { describe, expect, test } from 'vitest';
import { cueClassPairs, exactPartMap } from '../../src/eval/cub_trait.ts';
import { evaluateCueLocalisation } from '../../src/eval/cue_localisation.ts';
import type { ThresholdType } from '../../src/eval/pixel_average_precision.ts';
import type { Normalisation } from '../../src/eval/score_map.ts';
import { cubTiny, cubTinyAttributes, cubTinyPartMap } from './cub_tiny.ts';
import { goldenJson, goldenTensors } from './golden.ts';

interface Run {
  readonly attribution_method: string;
  readonly score_map_process: string;
  readonly norm_type: Normalisation;
  readonly threshold_type: ThresholdType;
  readonly interval: number;
  readonly pairs: readonly {
    readonly num_diff: number;
    readonly class_pair: readonly [number, number];
    readonly auc_official_running: number;
    readonly auc_fresh: number;
  }[];
  readonly mpxap_official: readonly number[];
}

const golden = (await goldenJson('cue_localisation')) as { imageIds: string[]; runs: Run[] };
const tensors = await goldenTensors('cue_localisation');
// Percent points: scaling in float32 moves single pixels across a bin's edge.
const AUC_TOLERANCE = 2e-3;

describe('against the official evaluation of the tiny network on cub_tiny', () => {
  test.each(golden.runs)('$attribution_method $score_map_process', async (run) => {
    const method = run.attribution_method === 'CAM' ? 'cam' : 'em';
    const key = `cue.maps.${method}.${run.score_map_process}`;
    const maps = tensors.floats(key);
    const [, classes = 0, height = 0, width = 0] = tensors.shape(key);
    const pixels = height * width;
    let calls = 0;
    const result = await evaluateCueLocalisation({
      pairs: cueClassPairs(cubTinyAttributes),
      images: cubTiny.images,
      partMap: (image) => cubTinyPartMap(image.imageId),
      scoreMaps: (image, classIds) => {
        calls++;
        const index = golden.imageIds.indexOf(image.id);
        return Promise.resolve(
          classIds.map((classId) => {
            const begin = (index * classes + classId - 1) * pixels;
            return { height, width, data: maps.slice(begin, begin + pixels) };
          }),
        );
      },
      normalisation: run.norm_type,
      thresholdType: run.threshold_type,
      interval: run.interval,
    });
    expect(calls).toBeLessThanOrEqual(golden.imageIds.length);
    expect(result.pairs.length).toBe(run.pairs.length);
    run.pairs.forEach((wanted, i) => {
      const got = result.pairs[i];
      expect([got?.firstClass, got?.secondClass]).toEqual(wanted.class_pair);
      expect(got?.differingParts.length).toBe(wanted.num_diff);
      expect(Math.abs((got?.averagePrecision ?? NaN) - wanted.auc_fresh)).toBeLessThan(AUC_TOLERANCE);
      expect(Math.abs((got?.runningAveragePrecision ?? NaN) - wanted.auc_official_running)).toBeLessThan(
        AUC_TOLERANCE,
      );
    });
    expect(result.maskSources).toEqual(['segmentation']);
    expect(result.byDifferingParts.map((row) => row.differingParts)).toEqual([1, 2, 3]);
    result.byDifferingParts.forEach((row, i) => {
      expect(row.pairs).toBe(3);
      // The official table is rounded to two decimals.
      expect(Math.abs(row.runningMeanAveragePrecision - (run.mpxap_official[i] ?? NaN))).toBeLessThan(
        0.005 + AUC_TOLERANCE,
      );
    });
    const fresh = run.pairs.reduce((sum, pair) => sum + pair.auc_fresh, 0) / run.pairs.length;
    expect(Math.abs(result.meanAveragePrecision - fresh)).toBeLessThan(AUC_TOLERANCE);
  });
});

const partMap = exactPartMap(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7), 4);
const pair = { firstClass: 1, secondClass: 2, differingParts: [1] };
const images = [{ id: 'a', classId: 1 }];
const flat = { height: 4, width: 4, data: new Float32Array(16) };

test('a map that is the mask scores 100, one that knows nothing scores chance', async () => {
  const exact = { ...flat, data: Float32Array.from(partMap.labels, (label) => (label === 1 ? 0.9 : 0)) };
  const run = (first: typeof flat) =>
    evaluateCueLocalisation({
      pairs: [pair],
      images,
      partMap: () => partMap,
      scoreMaps: () => Promise.resolve([first, flat]),
      normalisation: 'clipping',
    });
  expect((await run(exact)).meanAveragePrecision).toBeCloseTo(100, 9);
  const blind = await run(flat);
  expect(blind.maskSources).toEqual(['exact']);
  expect(blind.chance).toBeCloseTo((100 * 2) / 16, 9);
  expect(blind.meanAveragePrecision).toBeCloseTo(blind.chance, 9);
});

test('a pair without a visible cue is reported and left out of the means', async () => {
  const result = await evaluateCueLocalisation({
    pairs: [{ ...pair, differingParts: [3] }],
    images,
    partMap: () => partMap,
    scoreMaps: () => Promise.reject(new Error('no map is needed')),
    normalisation: 'clipping',
  });
  expect(result.pairs[0]).toMatchObject({ images: 0, averagePrecision: null, runningAveragePrecision: null });
  expect(result.byDifferingParts[0]?.pairs).toBe(0);
  expect(result.meanAveragePrecision).toBeNaN();
});

test('a wrong number of maps throws', async () => {
  const result = evaluateCueLocalisation({
    pairs: [pair],
    images,
    partMap: () => partMap,
    scoreMaps: () => Promise.resolve([flat]),
    normalisation: 'clipping',
  });
  await expect(result).rejects.toThrow("scoreMaps gave 1 maps for image 'a', wanted 2");
});

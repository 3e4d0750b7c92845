/** The metrics of the evaluation against the official code's, on its own inputs: no network runs here. */
import type { Check, GoldenFile } from './compare.ts';
import type { PixelBox } from '../../src/eval/contours.ts';
import type { ThresholdType } from '../../src/eval/pixel_average_precision.ts';
import { BoxAccuracy, scoreLevels } from '../../src/eval/box_accuracy.ts';
import { checkLargest } from './compare.ts';
import { contourBoxes } from '../../src/eval/contours.ts';
import { ContourSweep } from '../../src/eval/contour_sweep.ts';
import { cubCueTask } from '../../src/eval/cub_cues.node.ts';
import { cueClassPairs, cueMask, differingCueParts } from '../../src/eval/cub_trait.ts';
import { erasedCount, erasureOrder } from '../../src/eval/erasure.ts';
import { join } from 'node:path';
import { mergeMasks } from '../../src/data/object_mask.ts';
import { normaliseScoreMap, resizeScoreMap } from '../../src/eval/score_map.ts';
import { openCub, readCubAnnotations } from '../../src/data/cub.node.ts';
import { PixelAveragePrecision } from '../../src/eval/pixel_average_precision.ts';
import { readPlane } from '../../src/data/decode.node.ts';

/** What of metrics.json is read here. */
export interface MetricsJson {
  readonly pxap: readonly {
    readonly scores: readonly string[];
    readonly masks: readonly string[];
    readonly threshold_type: ThresholdType;
    readonly interval: number;
    readonly auc?: number;
    readonly key: string;
  }[];
  readonly openimages: {
    readonly mask_paths: Readonly<Record<string, readonly string[]>>;
    readonly ignore_paths: Readonly<Record<string, string>>;
    readonly runs: readonly {
      readonly threshold_type: ThresholdType;
      readonly interval: number;
      readonly auc: number;
    }[];
  };
  readonly remove_and_classify_masks: readonly {
    readonly map: string;
    readonly shape: readonly [number, number, number];
    readonly k: number;
    readonly zeros_per_image: number;
  }[];
}

/** Exact, but for the order in which an area's terms are added. */
const AUC = 1e-9;

/** Percent points: scaling in float32 may carry a score by one ulp across an edge. */
const SCALED_AUC = 2e-3;

/** Bits of numpy.packbits as 0 and 1. */
export function unpackBits(packed: Float64Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => ((packed[i >> 3] ?? 0) >> (7 - (i & 7))) & 1);
}

const equal = (name: string, got: ArrayLike<number>, wanted: ArrayLike<number>): Check =>
  checkLargest(name, got, wanted, { relative: 0 });

/** PxAP of given scores and masks, histograms, and thresholds. */
export function checkPixelPrecision(golden: GoldenFile, { pxap }: MetricsJson): Check[] {
  return pxap.flatMap((run) => {
    const { threshold_type: thresholdType, interval, scores, masks, key } = run;
    const evaluator = new PixelAveragePrecision({ thresholdType, interval });
    for (const [i, score] of scores.entries())
      evaluator.accumulate(
        golden.numbers(`score.${score}`),
        Uint8Array.from(golden.numbers(`mask.${masks[i] ?? ''}`)),
      );
    const name = `pxap.${scores.join('+')}.${masks.join('+')}.${thresholdType}.${interval}`;
    if (run.auc === undefined) return [equal(name, [evaluator.hasPositives() ? 1 : 0], [0])];
    const { auc, recall, precision } = evaluator.compute();
    const checks = [checkLargest(name, [auc], [run.auc], { relative: 0, absolute: AUC })];
    const compare = (suffix: string, got: Float64Array): void => {
      const full = `${key}.${suffix}`;
      if (!golden.has(full)) return;
      const known = (values: Float64Array): Float64Array =>
        values.map((value) => (Number.isNaN(value) ? -1 : value));
      checks.push(equal(full, known(got), known(golden.numbers(full))));
    };
    compare('hist_true', evaluator.positives);
    compare('hist_false', evaluator.negatives);
    compare('recall', recall);
    compare('precision', precision);
    return checks;
  });
}

/** Masks of OpenImages from their files, and PxAP with ignored pixels. */
export async function checkOpenImages(
  folder: string,
  golden: GoldenFile,
  { openimages }: MetricsJson,
): Promise<Check[]> {
  const root = join(folder, 'openimages_tiny', 'masks');
  const checks: Check[] = [];
  const images: { readonly scores: Float64Array; readonly mask: Uint8Array }[] = [];
  for (const [i, [id, paths]] of Object.entries(openimages.mask_paths).entries()) {
    const instances = await Promise.all(paths.map((path) => readPlane(join(root, path))));
    const ignore = await readPlane(join(root, openimages.ignore_paths[id] ?? ''));
    const mask = mergeMasks(instances, ignore, 224, 224).data;
    checks.push(equal(`openimages.mask.${i}`, mask, golden.numbers(`openimages.mask.${i}`)));
    checks.push(
      equal(
        `openimages.mask_noignore.${i}`,
        mergeMasks(instances, undefined, 224, 224).data,
        golden.numbers(`openimages.mask_noignore.${i}`),
      ),
    );
    const small = { height: 14, width: 14, data: golden.floats(`openimages.score14.${i}`) };
    const { data } = normaliseScoreMap(resizeScoreMap(small, 224, 224), 'minmax');
    images.push({ scores: Float64Array.from(data), mask });
  }
  for (const { threshold_type: thresholdType, interval, auc } of openimages.runs) {
    const evaluator = new PixelAveragePrecision({ thresholdType, interval });
    for (const { scores, mask } of images) evaluator.accumulate(scores, mask);
    const name = `openimages.auc.${thresholdType}.${interval}`;
    checks.push(checkLargest(name, [evaluator.compute().auc], [auc], { relative: 0, absolute: SCALED_AUC }));
  }
  return checks;
}

/** Masks of the erased top-k pixels. */
export function checkErasure(golden: GoldenFile, { remove_and_classify_masks: runs }: MetricsJson): Check[] {
  return runs.flatMap(({ map, shape: [images, height, width], k, zeros_per_image: zeros }) => {
    const pixels = height * width;
    const scores = golden.floats(`topk.${map}.score`);
    const name = `topk.${map}.${k}`;
    const checks = [equal(`${name}.count`, [erasedCount(k, height, width)], [zeros])];
    for (let image = 0; image < images; image++) {
      const order = erasureOrder(scores.slice(image * pixels, (image + 1) * pixels), 0, image);
      const kept = new Uint8Array(pixels).fill(1);
      for (const pixel of order.subarray(0, zeros)) kept[pixel] = 0;
      if (map === 'ties') {
        const must = golden.numbers(`topk.ties.must_zero.${k}`);
        const may = golden.numbers(`topk.ties.may_zero.${k}`);
        const wrong = kept.filter(
          (keep, i) => (must[i] === 1 && keep === 1) || (must[i] === 0 && may[i] === 0 && keep === 0),
        );
        checks.push(equal(`${name}.ties`, [wrong.length], [0]));
        continue;
      }
      const packed = golden.numbers(name);
      const bytes = packed.length / images;
      checks.push(equal(name, kept, unpackBits(packed.slice(image * bytes, (image + 1) * bytes), pixels)));
    }
    return checks;
  });
}

/** What of wsol.json is read here. */
export interface WsolJson {
  readonly image_ids: readonly string[];
  readonly runs: readonly {
    readonly interval: number;
    readonly multi_contour_eval: boolean;
    readonly iou_thresholds: readonly number[];
    readonly max_box_acc_per_iou: readonly number[];
    readonly mean: number;
    /** Given with some of the runs; the same for all. */
    readonly gt_bboxes_224: Readonly<
      Record<string, readonly (readonly [number, number, number, number])[]>
    > | null;
  }[];
}

/** Boxes of contours in their order, best overlaps at every threshold, and the box accuracies. */
export function checkWsol(golden: GoldenFile, { image_ids: ids, runs }: WsolJson): Check[] {
  const checks: Check[] = [];
  const boxes = runs.find(({ gt_bboxes_224: given }) => given !== null)?.gt_bboxes_224 ?? {};
  for (const run of runs) {
    const { interval, multi_contour_eval: multi } = run;
    const mode = multi ? 'multi' : 'single';
    const accuracy = new BoxAccuracy({
      contours: multi ? 'all' : 'largest',
      overlaps: run.iou_thresholds.map((percent) => percent / 100),
      interval,
    });
    for (const [i, id] of ids.entries()) {
      const map = { height: 224, width: 224, data: golden.floats(`score.${i}`) };
      const truth = (boxes[id] ?? []).map(([x0, y0, x1, y1]): PixelBox => ({ x0, y0, x1, y1 }));
      accuracy.accumulate(map, truth);
      const suffix = `${mode}.${interval}.${i}`;
      if (golden.has(`boxes.${suffix}`))
        checks.push(...checkBoxes(golden, map, truth, suffix, multi, interval));
    }
    const { byOverlap, mean } = accuracy.compute();
    checks.push(
      equal(
        `accuracy.${mode}.${interval}`,
        byOverlap.map((one) => one.accuracy),
        run.max_box_acc_per_iou,
      ),
      checkLargest(`mean.${mode}.${interval}`, [mean], [run.mean], { relative: 1e-12 }),
    );
    for (const [place, percent] of run.iou_thresholds.entries()) {
      const name = `num_correct.${mode}.${interval}.${percent}`;
      if (!golden.has(name)) continue;
      const counts = (byOverlap[place]?.curve ?? []).map((share) => Math.round((share * ids.length) / 100));
      checks.push(equal(name, counts, golden.numbers(name)));
    }
  }
  return checks;
}

function checkBoxes(
  golden: GoldenFile,
  map: Parameters<typeof scoreLevels>[0],
  truth: readonly PixelBox[],
  suffix: string,
  multi: boolean,
  interval: number,
): Check[] {
  const { width, height } = map;
  const levels = scoreLevels(map);
  const highest = levels.reduce((high, level) => Math.max(high, level), 0);
  const which = multi ? 'all' : 'largest';
  const cuts = Array.from(golden.numbers(`thresholds.${interval}`), (threshold) =>
    Math.trunc(threshold * highest),
  );
  const boxes = cuts.map((cut) =>
    contourBoxes(
      levels.map((level) => (level > cut ? 1 : 0)),
      width,
      height,
      which,
    ),
  );
  const corners = boxes.flat().flatMap(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1]);
  const checks = [equal(`boxes.${suffix}`, corners, golden.numbers(`boxes.${suffix}`))];
  const overlaps = golden.numbers(`iou.${suffix}`);
  let first = 0;
  const best = boxes.map(({ length }) => {
    const own = overlaps.subarray(first * truth.length, (first + length) * truth.length);
    first += length;
    return Math.max(...own);
  });
  const swept = new ContourSweep(width, height).overlaps(levels, truth, which);
  checks.push(
    equal(
      `sweep.${suffix}`,
      cuts.map((cut) => swept[cut] ?? -1),
      best,
    ),
  );
  return checks;
}

/** What of cub_trait.json is read here. */
export interface CubTraitJson {
  readonly diff2class_pair_dict: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly different_part_ids: Readonly<Record<string, readonly number[]>>;
  readonly masks: readonly {
    readonly pair: readonly [number, number];
    readonly image: string;
    readonly mask: string | null;
    readonly pixels: number;
  }[];
}

/** Pairs, differing parts and cue masks of `cub_tiny`, from the files to the masks. */
export async function checkCubTrait(
  folder: string,
  golden: GoldenFile,
  json: CubTraitJson,
): Promise<Check[]> {
  const root = join(folder, 'cub_tiny');
  const annotations = await readCubAnnotations(root);
  const checks: Check[] = [];
  const pairs = cueClassPairs(annotations, 7);
  for (const [count, wanted] of Object.entries(json.diff2class_pair_dict)) {
    const own = pairs.filter(({ differingParts }) => differingParts.length === Number(count));
    const got = own.flatMap(({ firstClass, secondClass }) => [firstClass, secondClass]);
    checks.push(equal(`pairs.${count}`, got, wanted.flat()));
  }
  for (const [pair, wanted] of Object.entries(json.different_part_ids)) {
    const [first = 0, second = 0] = pair.split(',').map(Number);
    checks.push(equal(`parts.${pair}`, differingCueParts(annotations, first, second), wanted));
  }
  for (const split of ['train', 'val', 'test'] as const) {
    const task = cubCueTask(await openCub({ folder: root, split }), annotations, { masks: 'nearest' });
    for (const { pair, image: id, mask: key, pixels } of json.masks) {
      const image = task.images.find((one) => one.id === id);
      if (image === undefined) continue;
      const mask = cueMask(await task.partMap(image), differingCueParts(annotations, ...pair));
      const name = `mask.${pair.join('_')}.${id} (${split})`;
      if (key === null) checks.push(equal(name, [mask === null ? 0 : 1], [0]));
      else if (golden.has(key))
        checks.push(equal(name, mask ?? [], unpackBits(golden.numbers(key), 224 * 224)));
      else checks.push(equal(name, [mask?.reduce((sum, value) => sum + value, 0) ?? 0], [pixels]));
    }
  }
  return checks;
}

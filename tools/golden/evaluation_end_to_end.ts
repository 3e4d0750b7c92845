/** Cue localisation and remove-and-classify from the pictures to the figures, with the tiny network, as the released scripts ran them. */
import type { Check, GoldenFile } from './compare.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadKind } from '../../src/model/head.ts';
import type { Model } from '../../src/model/model.ts';
import type { Normalisation, ScoreMap } from '../../src/eval/score_map.ts';
import type { ThresholdType } from '../../src/eval/pixel_average_precision.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import { checkLargest, toNhwc } from './compare.ts';
import { cubCueTask } from '../../src/eval/cub_cues.node.ts';
import { CueTally } from '../../src/eval/cue_localisation.ts';
import { erasedCount, erasureOrder } from '../../src/eval/erasure.ts';
import { hashImages } from './formula.ts';
import { IMAGENET_NORMALIZATION } from '../../src/train/batch.ts';
import { join } from 'node:path';
import { openCub, readCubAnnotations } from '../../src/data/cub.node.ts';
import { resizeScoreMap } from '../../src/eval/score_map.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { tinyModel } from './tiny_resnet.ts';
import { unpackBits } from './evaluation.ts';

/** What of e2e.json is read here. */
export interface EndToEndJson {
  readonly cue_image_ids: readonly string[];
  readonly cue_location: readonly {
    readonly attribution_method: 'CALM-EM' | 'CAM';
    readonly score_map_process: 'jointll' | 'gtcond' | 'vanilla';
    readonly norm_type: Normalisation;
    readonly threshold_type: ThresholdType;
    readonly interval: number;
    readonly pairs: readonly {
      readonly class_pair: readonly [number, number];
      readonly auc_official_running: number;
      readonly auc_fresh: number;
    }[];
  }[];
  readonly remove_and_classify: readonly {
    readonly attribution_method: 'CALM-EM' | 'CAM';
    readonly images: {
      readonly hash_seed: number;
      readonly B: number;
      readonly H: number;
      readonly W: number;
    };
    readonly preds: readonly boolean[];
    readonly per_k: readonly {
      readonly k: number;
      readonly topk: readonly boolean[];
      readonly random: readonly boolean[];
    }[];
    readonly tie_at_boundary: Readonly<Record<string, readonly boolean[]>>;
  }[];
}

const METHOD_OF: Readonly<Record<string, MethodName>> = {
  jointll: 'joint',
  gtcond: 'posterior',
  vanilla: 'cam',
};
const CLASSES = 5;
const SIDE = 224;

const headOf = (name: 'CALM-EM' | 'CAM'): HeadKind => (name === 'CAM' ? 'cam' : 'calm-em');

/** Maps of the cue pictures and the average precision of every pair. */
export async function checkCueEndToEnd(
  engine: Engine,
  folder: string,
  init: GoldenFile,
  golden: GoldenFile,
  json: EndToEndJson,
): Promise<Check[]> {
  const root = join(folder, 'cub_tiny');
  const annotations = await readCubAnnotations(root);
  const task = cubCueTask(await openCub({ folder: root, split: 'test' }), annotations, { masks: 'nearest' });
  const [count = 0] = golden.shape('cue.images_u8');
  const bytes = Float32Array.from(golden.numbers('cue.images_u8'));
  const { mean, std } = IMAGENET_NORMALIZATION;
  const pixels = SIDE * SIDE;
  // ToTensor and Normalize.
  const normalised = bytes.map((value, i) => {
    const channel = (Math.floor(i / pixels) % 3) as 0 | 1 | 2;
    return (Math.fround(value / 255) - mean[channel]) / std[channel];
  });
  const images = engine.tensor(toNhwc(normalised, [count, 3, SIDE, SIDE]), [count, SIDE, SIDE, 3]);
  const checks: Check[] = [];
  try {
    for (const run of json.cue_location) {
      const process = run.score_map_process;
      const method = METHOD_OF[process] ?? 'joint';
      const model = tinyModel(engine, init, headOf(run.attribution_method), true);
      const { maps } = await attribute(model, images, {
        methods: [method],
        classes: { all: [0, 1, 2, 3, 4] },
      });
      model.dispose();
      const all = maps.get(method) ?? [];
      const key = `cue.maps.${run.attribution_method === 'CAM' ? 'cam' : 'em'}.${process}`;
      const values = all.flatMap((ofImage) => ofImage.flatMap(({ data }) => [...data]));
      checks.push(
        checkLargest(key, values, golden.floats(key), { relative: 2e-5, noise: golden.noise(key) }),
      );
      const { norm_type: normalisation, threshold_type: thresholdType, interval } = run;
      const tally = new CueTally(task.pairs, { normalisation, thresholdType, interval });
      for (const image of task.images) {
        const place = json.cue_image_ids.indexOf(image.id);
        const byClass = new Map((all[place] ?? []).map((map, label): [number, ScoreMap] => [label + 1, map]));
        tally.add(image, await task.partMap(image), byClass);
      }
      const { pairs } = tally.compute();
      for (const [i, wanted] of run.pairs.entries()) {
        const got = pairs[i];
        const name = `${key}.${wanted.class_pair.join('_')}`;
        // Percent points, as the reference advises: maps and scaling are in float32.
        const allowed = { relative: 0, absolute: 2e-3 };
        checks.push(
          checkLargest(`${name}.classes`, [got?.firstClass ?? 0, got?.secondClass ?? 0], wanted.class_pair, {
            relative: 0,
          }),
          checkLargest(name, [got?.averagePrecision ?? Number.NaN], [wanted.auc_fresh], allowed),
          checkLargest(
            `${name}.running`,
            [got?.runningAveragePrecision ?? Number.NaN],
            [wanted.auc_official_running],
            allowed,
          ),
        );
      }
    }
  } finally {
    images.dispose();
  }
  return checks;
}

/** Maps, masks, and what the network says of the erased pictures. */
export async function checkRemoveEndToEnd(
  engine: Engine,
  init: GoldenFile,
  golden: GoldenFile,
  json: EndToEndJson,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const run of json.remove_and_classify) {
    const prefix = `remove.${run.attribution_method === 'CAM' ? 'cam' : 'em'}`;
    const { hash_seed: seed, B, H, W } = run.images;
    const pixels = H * W;
    const pictures = toNhwc(hashImages(seed, B, H, W), [B, 3, H, W]);
    const labels = golden.labels(`${prefix}.labels`);
    const model = tinyModel(engine, init, headOf(run.attribution_method), true);
    const probabilities = (images: Float32Array): Promise<Float32Array> => predict(model, images, [B, H, W]);
    const compare = (name: string, got: ArrayLike<number>): void => {
      checks.push(
        checkLargest(name, got, golden.floats(name), { relative: 2e-5, noise: golden.noise(name) }),
      );
    };
    compare(`${prefix}.probs`, await probabilities(pictures));
    const images = engine.tensor(pictures, [B, H, W, 3]);
    const method: MethodName = run.attribution_method === 'CAM' ? 'cam' : 'joint';
    const { maps } = await attribute(model, images, {
      methods: [method],
      classes: Array.from(labels, (label) => [label]),
    });
    images.dispose();
    const own = (maps.get(method) ?? []).flatMap(([map]) => (map === undefined ? [] : [map]));
    compare(
      `${prefix}.scoremaps`,
      own.flatMap(({ data }) => [...data]),
    );
    const orders = own.map((map, image) => erasureOrder(resizeScoreMap(map, H, W).data, 0, image));
    for (const { k, topk, random } of run.per_k) {
      const packed = golden.numbers(`${prefix}.topk.${k}.mask`);
      const bytes = packed.length / B;
      const stored = (all: Float64Array, image: number): Uint8Array =>
        unpackBits(all.slice(image * bytes, (image + 1) * bytes), pixels);
      for (const [image, order] of orders.entries()) {
        // Among ties PyTorch's choice is its own.
        if (run.tie_at_boundary[String(k)]?.[image] === true) continue;
        const kept = new Uint8Array(pixels).fill(1);
        for (const pixel of order.subarray(0, erasedCount(k, H, W))) kept[pixel] = 0;
        const wanted = stored(packed, image);
        const different = kept.filter((value, i) => value !== wanted[i]).length;
        // Two scores that differ by less than the networks' rounding may change places at the boundary.
        checks.push({ name: `${prefix}.topk.${k}.mask.${image}`, error: different, allowed: 4 });
      }
      // The random masks of CALM serve CAM too.
      const randomMasks = golden.numbers(`remove.em.random.${k}.mask`);
      for (const [kind, masks, right] of [
        ['topk', packed, topk],
        ['random', randomMasks, random],
      ] as const) {
        const erased = pictures.slice();
        for (let image = 0; image < B; image++)
          for (const [pixel, keep] of stored(masks, image).entries())
            if (keep === 0) erased.fill(0, 3 * (image * pixels + pixel), 3 * (image * pixels + pixel) + 3);
        const got = await probabilities(erased);
        compare(`${prefix}.${kind}.${k}.probs`, got);
        const correct = Array.from(labels, (label, image) => {
          const row = [...got.subarray(image * CLASSES, (image + 1) * CLASSES)];
          return row.indexOf(Math.max(...row)) === label ? 1 : 0;
        });
        checks.push(
          checkLargest(`${prefix}.${kind}.${k}.right`, correct, right.map(Number), { relative: 0 }),
        );
      }
    }
    model.dispose();
  }
  return checks;
}

async function predict(
  model: Model,
  images: Float32Array,
  [count, height, width]: readonly [number, number, number],
): Promise<Float32Array> {
  const tape = startTape(model.engine, { gradients: false });
  try {
    const tensor = tape.empty([count, height, width, 3]);
    model.engine.write(tensor, images);
    return await model.engine.read(model.predict(tape, tensor).probabilities);
  } finally {
    tape.end();
  }
}

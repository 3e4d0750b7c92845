// `node bench/cue_ablation.ts CHECKPOINT... --data FOLDER [--size PIXELS] [--images N] [--json FILE]`: mPxAP of maps that differ in one
// thing each, to find out why Input x Gradient and Grad-CAM++ find the cues that they do (docs/results.md). The pairs, masks, order of
// operations and precision are those of `calm evaluate`, whose figures its rows for joint, Input x Gradient, the gradients, Grad-CAM and
// Grad-CAM++ repeat. A FILE keeps what it holds of other checkpoints and data, and gets the mean over all data of one checkpoint.
import type { ClassMaterial, FeatureTarget, ImageMaterial, Variant } from './cue_variants.ts';
import type { EvaluationData } from '../tools/evaluate/data.ts';
import type { Model } from '../src/model/model.ts';
import { createEngine } from '../src/runtime/create_engine.ts';
import { cueMask } from '../src/eval/cub_trait.ts';
import {
  distanceOfPeak,
  divisorTerms,
  evidenceOf,
  GRAD_CAM_VARIANTS,
  INPUT_VARIANTS,
  layerVariant,
} from './cue_variants.ts';
import { basename } from 'node:path';
import { existsSync, readFileSync } from 'node:fs';
import { LAYERS, materialOf } from './cue_material.ts';
import { loadCheckpoint } from '../tools/explain/load_model.ts';
import { nameCheckpoints } from '../tools/evaluate/checkpoints.ts';
import { normaliseScoreMap } from '../src/eval/score_map.ts';
import { openEvaluationData } from '../tools/evaluate/data.ts';
import { parseArgs } from 'node:util';
import { PixelAveragePrecision } from '../src/eval/pixel_average_precision.ts';
import { printTable } from './table.ts';
import { spreadOf, spreadText } from '../tools/spread.ts';
import { versions } from '../tools/version.ts';
import { writeFileAtomically } from '../src/runtime/atomic_file.node.ts';

/** mPxAP, percent, with 1, 2, 3 differing parts and over all pairs; then how often, and how far, the peak is off. */
interface Row {
  readonly name: string;
  readonly mPxAP: readonly number[];
  readonly peakInsidePercent: number;
  readonly medianPeakDistancePixels: number;
}

interface Result {
  readonly checkpoint: string;
  readonly data: string;
  readonly images: number;
  readonly rows: readonly Row[];
  readonly divisorTermOfOwnClass: Readonly<Record<string, number>>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    size: { type: 'string', default: '128' },
    images: { type: 'string' },
    json: { type: 'string' },
  },
});
if (positionals.length === 0 || values.data === undefined) {
  console.error(
    'node bench/cue_ablation.ts CHECKPOINT... --data FOLDER [--size PIXELS] [--images N] [--json FILE]',
  );
  process.exit(2);
}
const size = Number(values.size);
const variants: readonly Variant[] = [...INPUT_VARIANTS, ...LAYERS.map(layerVariant), ...GRAD_CAM_VARIANTS];

/** mPxAP of every variant by number of differing parts and over all pairs, percent. */
async function measure(
  model: Model,
  data: EvaluationData,
): Promise<Pick<Result, 'rows' | 'divisorTermOfOwnClass'>> {
  const { cue } = data;
  if (cue === null) throw new Error(`${data.name} has no cues`);
  const { pairs, images } = cue.task;
  const tallies = variants.map(({ clipped = false }) =>
    pairs.map(() => new PixelAveragePrecision({ thresholdType: clipped ? 'log' : 'even' })),
  );
  const distances = variants.map((): number[] => []);
  const terms: Record<FeatureTarget, number[]> = { logit: [], still: [], 'log-probability': [] };
  for await (const batch of data.batches()) {
    const materials = await materialOf(model, batch);
    for (const [place, index] of batch.indices.entries()) {
      const image = images[index];
      const material = materials[place];
      const other = materials[(place + 1) % materials.length];
      if (image === undefined || material === undefined || other === undefined) continue;
      const own = material.classes[batch.labels[place] ?? 0];
      for (const target of ['logit', 'still', 'log-probability'] as const)
        terms[target].push(
          median(divisorTerms(material, own?.featureGradient[target] ?? new Float32Array())),
        );
      const parts = await cue.partMap(image);
      for (const [number, pair] of pairs.entries()) {
        if (image.classId !== pair.firstClass && image.classId !== pair.secondClass) continue;
        const mask = cueMask(parts, pair.differingParts);
        if (mask === null) continue;
        const of = ({ classes }: ImageMaterial, classId: number): ClassMaterial => {
          const found = classes[cue.labelOfClass.get(classId) ?? -1];
          if (found === undefined) throw new Error(`cue_ablation: no class ${classId}`);
          return found;
        };
        const contrasted = [of(material, pair.firstClass), of(material, pair.secondClass)] as const;
        const foreign = { image: other.image, a: of(other, pair.firstClass), b: of(other, pair.secondClass) };
        for (const [row, { contrast, clipped = false }] of variants.entries()) {
          const evidence = evidenceOf(contrast(material, ...contrasted, foreign), size);
          distances[row]?.push(distanceOfPeak(evidence, mask));
          const scaled = normaliseScoreMap(evidence, clipped ? 'clipping' : 'minmax');
          tallies[row]?.[number]?.accumulate(Float64Array.from(scaled.data), mask);
        }
      }
    }
  }
  const rows = variants.map(({ name }, row) => {
    const precisions = pairs.map(({ differingParts }, number) => {
      const tally = tallies[row]?.[number];
      return {
        parts: differingParts.length,
        auc: tally?.hasPositives() === true ? tally.compute().auc : null,
      };
    });
    const mean = (parts: number | null): number => {
      const wanted = precisions.flatMap((one) =>
        one.auc !== null && (parts === null || one.parts === parts) ? [one.auc] : [],
      );
      return wanted.reduce((sum, auc) => sum + auc, 0) / wanted.length;
    };
    const peaks = distances[row] ?? [];
    const inside = peaks.filter((distance) => distance === 0).length;
    return {
      name,
      mPxAP: [mean(1), mean(2), mean(3), mean(null)],
      peakInsidePercent: (100 * inside) / peaks.length,
      medianPeakDistancePixels: median(peaks),
    };
  });
  const divisorTermOfOwnClass = Object.fromEntries(
    Object.entries(terms).map(([target, ofImages]) => [target, median(ofImages)]),
  );
  return { rows, divisorTermOfOwnClass };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const COLUMNS = ['1 part', '2 parts', '3 parts', 'all pairs', 'peak inside %', 'pixels off'];

const figuresOf = ({ mPxAP, peakInsidePercent, medianPeakDistancePixels }: Row): number[] => [
  ...mPxAP,
  peakInsidePercent,
  medianPeakDistancePixels,
];

/** Means and deviations over the data sets that a checkpoint of one name was measured on. */
function printMeans(results: readonly Result[]): void {
  for (const name of new Set(results.map(({ checkpoint }) => checkpoint))) {
    const own = results.filter(({ checkpoint }) => checkpoint === name);
    if (own.length < 2) continue;
    console.log(`\n${name}, mean and deviation over ${own.map(({ data }) => data).join(', ')}`);
    printTable(
      ['', ...COLUMNS],
      (own[0]?.rows ?? []).map((row) => {
        const alike = own.flatMap(({ rows }) => rows.filter((other) => other.name === row.name));
        const spreads = COLUMNS.map((_, column) =>
          spreadOf(alike.map((other) => figuresOf(other)[column] ?? Number.NaN)),
        );
        return [row.name, ...spreads.map((spread) => spreadText(spread))];
      }),
    );
  }
}

/** What a file holds, but for what was measured now. */
function heldBefore(file: string, now: readonly Result[]): Result[] {
  if (!existsSync(file)) return [];
  const { results } = JSON.parse(readFileSync(file, 'utf8')) as { readonly results: readonly Result[] };
  return results.filter(
    ({ checkpoint, data }) => !now.some((one) => one.checkpoint === checkpoint && one.data === data),
  );
}

const engine = await createEngine();
try {
  const now: Result[] = [];
  for (const { path, name } of await nameCheckpoints(positionals)) {
    const { model, crop } = await loadCheckpoint(engine, path);
    const data = await openEvaluationData({
      folder: values.data,
      split: 'test',
      kind: 'auto',
      onlyPresent: false,
      images: values.images === undefined ? undefined : Number(values.images),
      crop: crop ?? 224,
      size,
      batch: 32,
    });
    const result = {
      checkpoint: name,
      data: basename(values.data),
      images: data.images,
      ...(await measure(model, data)),
    };
    now.push(result);
    model.dispose();
    console.log(`\n${name}, ${data.images} images of ${result.data}, mPxAP %`);
    printTable(
      ['', ...COLUMNS],
      result.rows.map((row) => [row.name, ...figuresOf(row).map((value) => value.toFixed(1))]),
    );
    const terms = Object.entries(result.divisorTermOfOwnClass);
    console.log(
      `  g s beside 2 in Grad-CAM++'s divisor, median, own class: ${terms.map(([target, value]) => `${target} ${value.toPrecision(2)}`).join(', ')}`,
    );
  }
  const results = [...(values.json === undefined ? [] : heldBefore(values.json, now)), ...now];
  printMeans(results);
  if (values.json !== undefined) {
    const report = {
      benchmark: 'cue ablation',
      date: new Date().toISOString(),
      adapter: engine.adapter,
      versions,
      size,
      columns: ['1 part', '2 parts', '3 parts', 'all pairs'],
      results,
    };
    await writeFileAtomically(values.json, `${JSON.stringify(report, null, 1)}\n`);
  }
} finally {
  engine.destroy();
}

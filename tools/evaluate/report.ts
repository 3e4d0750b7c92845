/** Writes what an evaluation found: the table in four forms, and the page. */
import type { AdapterDescription } from '../../src/runtime/open.ts';
import type { EvaluatedPicture } from '../../src/report/evaluation_data.ts';
import type { EvaluationData } from './data.ts';
import type { EvaluationSettings } from './settings.ts';
import type { ModelOutcome } from '../../src/report/outcome.ts';
import { counted } from '../../src/report/counted.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { formatDuration } from '../progress.ts';
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { plotFile, plotFileName } from '../../src/report/plot_file.ts';
import { plotsOf } from './plots.ts';
import { renderEvaluation } from '../../src/report/evaluation_page.ts';
import {
  narrowTable,
  resultTable,
  tableAsCsv,
  tableAsLatex,
  tableAsText,
} from '../../src/report/result_table.ts';
import { versions } from '../version.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

export interface ReportContext {
  readonly out: string;
  readonly adapter: AdapterDescription;
  readonly data: EvaluationData;
  readonly settings: EvaluationSettings;
  /** Whether cues are counted as the released evaluator does. */
  readonly officialCue: boolean;
  readonly notes: readonly string[];
  readonly gallery: readonly EvaluatedPicture[];
  readonly seconds: number;
  readonly command: string;
}

/** How far the released evaluator's accumulated AP is from that of each pair, a line a method; empty without cues. */
export function officialGaps(models: readonly ModelOutcome[]): string[] {
  return models.flatMap(({ name, methods }) =>
    methods.flatMap(({ method, cue }) => {
      if (cue === null) return [];
      const figures = [cue.runningMeanAveragePrecision, cue.meanAveragePrecision];
      // Without a pair there is neither: NaN, or null out of a stored result.
      if (!figures.every((value) => Number.isFinite(value))) return [];
      const gap = cue.runningMeanAveragePrecision - cue.meanAveragePrecision;
      const [running, own] = figures.map((value) => value.toFixed(2));
      return [
        `${name} ${method}: ${running} % accumulated, ${own} % by pair, ${gap >= 0 ? '+' : ''}${gap.toFixed(2)} points`,
      ];
    }),
  );
}

const FILLS = {
  zero: 'the mean colour of ImageNet',
  mean: "the picture's mean colour",
  noise: "normal noise of the picture's mean and spread",
  blur: 'a strong blur of the picture',
} as const;

const SCALINGS = {
  max: 'divided by their largest value and clipped',
  minmax: 'min-max scaled',
  clipping: 'clipped to [0, 1], not scaled',
} as const;

/** How every column of the table is defined. */
function definitions(models: readonly ModelOutcome[], context: ReportContext): string[] {
  const { settings, data, officialCue } = context;
  const outcomes = models.flatMap(({ methods }) => methods);
  const cue = outcomes.find((outcome) => outcome.cue !== null)?.cue;
  const lines: string[] = [];
  if (cue !== null && cue !== undefined) {
    const pairs = cue.byDifferingParts.map((row) => `${row.pairs} with ${row.differingParts}`).join(', ');
    const scaling =
      settings.normalisation === undefined
        ? 'Probabilities are clipped, other maps min-max scaled.'
        : `All maps are ${SCALINGS[settings.normalisation]}.`;
    const thresholds =
      settings.thresholdType === undefined
        ? 'Thresholds are logarithmic for maps that are probabilities, even for others.'
        : `Thresholds are ${settings.thresholdType === 'log' ? 'logarithmic' : 'even'}.`;
    lines.push(
      `mPxAP: mean over class pairs of the pixel-wise average precision of |s_A \u2212 s_B| against the parts in which the classes differ, at ${settings.size}\u00D7${settings.size} pixels. Pairs by number of differing parts: ${pairs}. ${scaling} ${thresholds}` +
        (officialCue
          ? ' As the released evaluator counts: one accumulator for all pairs so far, never reset.'
          : ' Each pair is counted by itself, as the paper says; the released evaluator never resets its accumulator (--official-cue).'),
    );
    if (cue.maskSources.includes('box'))
      lines.push(
        'The cue masks were cut from bounding boxes, not segmentations: these mPxAP are not those of the paper\u2019s protocol.',
      );
  }
  if (outcomes.some(({ removal }) => removal !== null)) {
    lines.push(
      `Relative accuracy: accuracy with the highest-scored pixels replaced by ${FILLS[settings.fill]}, over that with as many replaced at random (${counted(settings.draws, 'draw')}, seed ${settings.seed}); equal scores in a seeded random order. Lower is better.`,
    );
  }
  if (outcomes.some(({ wsol }) => wsol !== null)) {
    lines.push(
      'MaxBoxAcc: one box, of the largest contour, overlap (intersection over union) at least 0.5. MaxBoxAccV2: a box for each contour, mean over overlaps 0.3, 0.5, 0.7. Both at the best threshold for the split. PxAP: area under the precision-recall curve of the object\u2019s pixels. Maps are those of the true class, min-max scaled.',
    );
  }
  if (outcomes.some(({ sharpness }) => sharpness !== null)) {
    lines.push(
      'Area: effective share of the map of the true class, exp(entropy) of the map over its sum, over the number of its locations; 100 % where all are alike. Of maps without negative values.',
    );
  }
  if (models.some(({ classification }) => classification !== null)) {
    lines.push(
      `ECE: expected calibration error of the highest probability, ${settings.calibrationBins} equally wide bins (Guo et al. 2017). NLL: mean negative log-likelihood, nats.`,
    );
  }
  lines.push(`${counted(data.images, 'image')} of ${data.name}.`);
  return lines;
}

/** Writes report.html, table.{txt,json,csv,tex} and plots/*.svg into the folder; returns the table as text. */
export async function writeEvaluation(
  models: readonly ModelOutcome[],
  context: ReportContext,
): Promise<string> {
  const { out, adapter, data, settings, officialCue, notes, gallery, seconds, command } = context;
  const table = resultTable(models, officialCue);
  const narrow = narrowTable(table);
  const text = tableAsText(narrow);
  const about = definitions(models, context);
  const gaps = officialGaps(models);
  const json = {
    version: versions.calm,
    adapter,
    data: { name: data.name, images: data.images },
    settings,
    officialCue,
    notes,
    definitions: about,
    table,
    models,
  };
  await Promise.all([
    writeFileAtomically(join(out, 'table.txt'), `${[text, '', ...about, ...notes].join('\n')}\n`),
    writeFileAtomically(join(out, 'table.json'), `${JSON.stringify(json, null, 1)}\n`),
    writeFileAtomically(join(out, 'table.csv'), tableAsCsv(table)),
    writeFileAtomically(join(out, 'table.tex'), tableAsLatex(narrow)),
  ]);
  const plots = plotsOf(models, settings.interval);
  await mkdir(join(out, 'plots'), { recursive: true });
  for (const plot of plots) {
    const svg = plotFile(plot);
    if (svg !== null) await writeFileAtomically(join(out, 'plots', plotFileName(plot)), svg);
  }
  const page = renderEvaluation(
    {
      title: `Attribution maps on ${data.name}`,
      summary: [
        `${counted(models.length, 'model')}, ${counted(table.rows.length, 'row')} of maps, ${counted(data.images, 'image')}.`,
        ...notes,
      ],
      table: narrow,
      definitions: [
        ...about,
        ...(gaps.length === 0 ? [] : [`Official accumulation against pair by pair: ${gaps.join('; ')}.`]),
      ],
      plots,
      gallery,
      files: ['txt', 'csv', 'tex', 'json'].map((kind) => ({ label: `table.${kind}`, href: `table.${kind}` })),
      provenance: [
        { label: 'Command', value: command },
        ...models.map(({ name, file, description }) => ({ label: name, value: `${file} (${description})` })),
        {
          label: 'Adapter',
          value: `${adapter.name} (${adapter.source}${adapter.software ? ', software' : ''}; ${adapter.driver})`,
        },
        { label: 'calm-webgpu', value: `${versions.calm}, Node ${versions.node}` },
        { label: 'Date', value: new Date().toISOString().slice(0, 10) },
        { label: 'Time of this run', value: formatDuration(seconds) },
      ],
    },
    encodePng,
  );
  await writeFileAtomically(join(out, 'report.html'), page);
  return text;
}

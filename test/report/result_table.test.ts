import type { CueLocalisationResult } from '../../src/eval/cue_localisation.ts';
import type { ModelOutcome } from '../../src/report/outcome.ts';
import { expect, test } from 'vitest';
import {
  bestOfColumns,
  narrowTable,
  resultTable,
  tableAsCsv,
  tableAsLatex,
  tableAsText,
} from '../../src/report/result_table.ts';
import { removalResult } from '../../src/eval/remove_and_classify.ts';

function cueOf(own: number, running: number): CueLocalisationResult {
  const means = { meanAveragePrecision: own, runningMeanAveragePrecision: running, precisions: [] };
  return {
    pairs: [],
    byDifferingParts: [{ differingParts: 1, pairs: 2, ...means }],
    ...means,
    chance: 2,
    maskSources: ['exact'],
  };
}

const shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
const random = { images: 10, right: 9, shares, draws: [[8, 8, 8, 8, 8, 8]] };
const models: ModelOutcome[] = [
  {
    name: 'a_b',
    file: 'a.safetensors',
    description: '',
    classification: {
      count: 10,
      top1: 90,
      top5: 100,
      negativeLogLikelihood: 0.5,
      expectedCalibrationError: 3,
    },
    methods: [
      {
        method: 'joint',
        cue: cueOf(40, 45),
        wsol: null,
        removal: removalResult([4, 4, 4, 4, 4, 4], random),
        sharpness: { images: 10, effectiveLocations: 3, effectiveArea: 2.5 },
      },
      {
        method: 'saliency',
        cue: null,
        wsol: null,
        removal: removalResult([2, 4, 6, 8, 8, 8], random),
        sharpness: { images: 10, effectiveLocations: 6, effectiveArea: 5 },
      },
    ],
  },
  {
    name: 'cam, old',
    file: 'b.safetensors',
    description: '',
    classification: null,
    methods: [{ method: 'cam', cue: cueOf(20, 15), wsol: null, removal: null, sharpness: null }],
  },
];

test('rows are methods, columns what was measured, in groups', () => {
  const table = resultTable(models, false);
  expect(table.columns.map(({ group, heading }) => `${group}: ${heading}`)).toEqual([
    'mPxAP %: 1 part',
    'mPxAP %: mean',
    ...[10, 20, 30, 40, 50, 60].map((share) => `relative accuracy %: ${share} %`),
    'relative accuracy %: mean',
    'sharpness: area %',
    'classification: top-1 %',
    'classification: top-5 %',
    'classification: NLL',
    'classification: ECE %',
  ]);
  expect(table.rows.map(({ model, method }) => [model, method])).toEqual([
    ['a_b', 'joint'],
    ['a_b', 'saliency'],
    ['cam, old', 'cam'],
  ]);
  expect(table.rows[0]?.values.slice(0, 4)).toEqual([40, 40, 50, 50]);
  expect(table.rows[2]?.values.slice(0, 4)).toEqual([20, 20, null, null]);
  expect(table.chance.slice(0, 3)).toEqual([null, 2, 100]);
  // Official: the accumulated precision in place of that by pair.
  expect(resultTable(models, true).rows.map(({ values }) => values[1])).toEqual([45, null, 15]);
});

test('a narrow table keeps three shares and the mean', () => {
  const table = narrowTable(resultTable(models, false));
  const shown = table.columns.filter(({ group }) => group === 'relative accuracy %');
  expect(shown.map(({ heading }) => heading)).toEqual(['10 %', '30 %', '50 %', 'mean']);
  expect(table.rows.every(({ values }) => values.length === table.columns.length)).toBe(true);
});

test('the best of a column is that of the better direction', () => {
  const best = bestOfColumns(resultTable(models, false));
  // mPxAP: higher; relative accuracy at 10 %: lower; top-1 has one value only, of both rows of a model.
  expect(best.map((row) => [row[0], row[2], row[10]])).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, false],
  ]);
  // Sharp is not better than wide.
  expect(best.map((row) => row[9])).toEqual([false, false, false]);
});

test('text is aligned, CSV is whole, LaTeX is escaped', () => {
  const table = narrowTable(resultTable(models, false));
  const lines = tableAsText(table).split('\n');
  expect(lines.length).toBe(6);
  // The last letter of every number of a column stands below that of its heading.
  const end = (lines[1] ?? '').indexOf('top-1 %') + 'top-1 %'.length;
  expect(lines[2]?.slice(end - 4, end)).toBe('90.0');
  expect(lines[5]).toMatch(/^\(no knowledge\) +2\.0 +100\.0/);

  const csv = tableAsCsv(resultTable(models, false)).split('\n');
  expect(csv[0]).toMatch(/^model,method,mPxAP % 1 part,/);
  expect(csv[3]).toMatch(/^"cam, old",cam,20,20,,/);

  const latex = tableAsLatex(table);
  expect(latex).toContain(String.raw`a\_b & joint & \textbf{40.0}`);
  expect(latex).toContain(String.raw`\cmidrule(lr){3-4}`);
  expect(latex).not.toMatch(/[^\\]%/);
  expect(latex).toContain(String.raw`mean $\downarrow$ & area \% & top-1 \% $\uparrow$`);
});

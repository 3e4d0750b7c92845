import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeImage } from '../../src/data/decode.node.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { createImage } from '../../src/data/image.ts';
import { lineChart, roundTicks } from '../../src/report/chart.ts';
import { renderReport } from '../../src/report/html.ts';
import { writeReport } from '../../src/report/report.node.ts';
import type { ReportData, ReportModel } from '../../src/report/report_data.ts';

function model(name: string, accuracy: number): ReportModel {
  return {
    name,
    description: `what ${name} is`,
    history: [1, 2].map((epoch) => ({
      epoch,
      loss: 2 / epoch,
      accuracy: 40 * epoch,
      validationLoss: null,
      validationAccuracy: 35 * epoch,
      seconds: 3,
    })),
    accuracy,
    negativeLogLikelihood: 0.5,
    expectedCalibrationError: 3,
    cue: {
      byDifferingParts: [
        {
          differingParts: 1,
          pairs: 4,
          meanAveragePrecision: accuracy / 3,
          runningMeanAveragePrecision: 1,
          precisions: [],
        },
        {
          differingParts: 2,
          pairs: 2,
          meanAveragePrecision: NaN,
          runningMeanAveragePrecision: NaN,
          precisions: [],
        },
      ],
      meanAveragePrecision: accuracy / 3,
      chance: 6.4,
      maskSources: ['box'],
    },
    seconds: 12.3,
  };
}

const image = createImage(8, 8);
image.data.fill(90);
const map = { height: 2, width: 2, data: Float32Array.of(0, 1, 2, -3) };
const data: ReportData = {
  title: 'Birds & <b>cues</b>',
  summary: ['"Quoted" <script>alert(1)</script>'],
  models: [model('CAM', 60), model('CALM <EM>', 90)],
  gallery: [
    {
      image,
      mask: new Uint8Array(64).fill(1, 20, 30),
      caption: 'wing > tail',
      maps: [
        { model: 'CAM', kind: 'counterfactual', map, colouring: { colourMap: 'diverging' } },
        { model: 'CALM <EM>', kind: 'joint', map },
      ],
    },
  ],
  provenance: [{ label: 'command', value: 'npm start -- --name "<x>"' }],
};
const page = renderReport(data, encodePng);

test('every text is escaped and every tag is one that was meant', () => {
  expect(page).toContain('<h1>Birds &amp; &lt;b&gt;cues&lt;/b&gt;</h1>');
  expect(page).toContain('&quot;Quoted&quot; &lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('npm start -- --name &quot;&lt;x&gt;&quot;');
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<EM>');
});

test('nothing is loaded from elsewhere', () => {
  const sources = [...page.matchAll(/\b(?:src|href)="([^"]{0,22})/g)].map(([, source]) => source);
  expect(sources.length).toBe(6);
  expect(new Set(sources)).toEqual(new Set(['data:image/png;base64,']));
  expect(page).not.toMatch(/url\(|@import|https?:/);
});

test('the best value of a column is marked, a missing one is a dash', () => {
  expect(page).toContain('<td class="best">90.0</td>');
  expect(page).not.toContain('<td class="best">60.0</td>');
  expect(page).toContain('<td>\u2013</td>');
  expect(page).toContain('>6.4</td>');
  expect(page).toContain('the bounding box (no segmentation was there)');
});

test('pictures have texts and are whole PNG files', () => {
  const figures = [...page.matchAll(/<img src="data:image\/png;base64,([^"]+)"[^>]*alt="([^"]+)"/g)];
  expect(figures.length).toBe(6);
  for (const [, base64 = ''] of figures) {
    expect(decodeImage(Buffer.from(base64, 'base64'), 'figure').width).toBeGreaterThanOrEqual(192);
  }
  expect(figures.map(([, , alt]) => alt)).toContain('joint of CALM &lt;EM&gt;: wing &gt; tail');
});

test('charts draw what was measured', () => {
  // Two models, training and validation accuracy, training loss: validation loss was not measured.
  expect(page.match(/<polyline/g)?.length).toBe(6);
  expect(page).toContain('CAM, training from 2.00 to 1.00');
  expect(lineChart({ title: 'empty', xLabel: 'x', yLabel: 'y', series: [] })).toContain('No data.');
});

test('ticks are round', () => {
  expect(roundTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(roundTicks(0, 97, 5)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(roundTicks(3, 3, 5).length).toBeGreaterThanOrEqual(2);
  expect(() => roundTicks(0, NaN, 5)).toThrow('got 0 and NaN');
});

test('two models of one name throw', () => {
  expect(() => renderReport({ ...data, models: [model('A', 1), model('A', 2)] }, encodePng)).toThrow(
    "'A' twice",
  );
});

test('sections without content are left out', () => {
  const bare = renderReport({ ...data, models: [], gallery: [], provenance: [] }, encodePng);
  expect(bare).not.toContain('<section');
});

test('the file is written whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'calm-report-'));
  try {
    await writeReport(join(folder, 'report.html'), data);
    expect(await readdir(folder)).toEqual(['report.html']);
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toBe(page);
  } finally {
    await rm(folder, { recursive: true });
  }
});

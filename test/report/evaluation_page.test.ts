import { describe, expect, test } from 'vitest';
import { createImage } from '../../src/data/image.ts';
import type { EvaluationPage } from '../../src/report/evaluation_data.ts';
import { EVALUATION_SCRIPT } from '../../src/report/evaluation_script.ts';
import { mapLevels, renderEvaluation } from '../../src/report/evaluation_page.ts';
import { renderPlot, seriesLook } from '../../src/report/plot.ts';
import type { Plot } from '../../src/report/plot.ts';

const plot: Plot = {
  title: 'A <plot>',
  xLabel: 'recall %',
  yLabel: 'precision %',
  note: 'what it says',
  series: [
    {
      name: 'one & two',
      ...seriesLook(0),
      points: [
        [0, 10],
        [50, Number.NaN],
        [100, 90],
      ],
    },
    { name: 'empty', ...seriesLook(1), points: [[0, Number.NaN]] },
  ],
};

const map = { height: 2, width: 2, data: Float32Array.of(0, 1, -2, 4) };
const page: EvaluationPage = {
  title: 'Maps & <b>more</b>',
  summary: ['<script>alert(1)</script>'],
  table: {
    columns: [{ group: 'mPxAP %', heading: 'mean', digits: 1, better: 'higher' }],
    rows: [
      { model: 'm<1>', method: 'joint', values: [40] },
      { model: 'm<1>', method: 'saliency', values: [null] },
      { model: 'm2', method: 'cam', values: [20] },
    ],
    chance: [2],
  },
  definitions: ['how'],
  plots: [plot],
  gallery: [
    {
      id: 'a/b.png',
      image: createImage(4, 4),
      mask: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
      caption: 'wing > tail',
      maps: [
        { model: 'm<1>', method: 'joint', kind: 'of this class', map, signed: true, file: 'maps/a%26b' },
      ],
    },
  ],
  files: [{ label: 'table.csv', href: 'table.csv' }],
  provenance: [{ label: 'Command', value: 'calm evaluate "x"' }],
};

test('the page needs nothing from elsewhere and shows text as text', () => {
  const html = renderEvaluation(page, () => Uint8Array.of(1, 2, 3));
  expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(html).not.toContain('<script>alert');
  expect(html).not.toContain('<b>');
  expect(html.match(/<script>/g)?.length).toBe(1);
  expect(html).toContain('href="maps/a%26b"');
  // The model's name stands in its first row only; the best cell is marked.
  expect(html.match(/<th scope="row">m&lt;1&gt;<\/th>/g)?.length).toBe(1);
  expect(html).toContain('<td class="best">40.0</td>');
  expect(html).toContain('<td>\u2013</td>');
  // Pixels 0 and 15 of the mask, packed.
  expect(html).toContain(`data-mask="${btoa(String.fromCodePoint(0x80, 0x01))}"`);
});

test('a signed map is centred on zero, another one begins there', () => {
  expect([...mapLevels(map, true).levels]).toEqual([128, 159, 64, 255]);
  expect([...mapLevels({ ...map, data: Float32Array.of(0, 1, 2, 4) }, false).levels]).toEqual([
    0, 64, 128, 255,
  ]);
  const flat = { ...map, data: new Float32Array(4) };
  expect([...mapLevels(flat, true).levels]).toEqual([128, 128, 128, 128]);
  expect(mapLevels({ height: 300, width: 200, data: new Float32Array(60000) }, false)).toMatchObject({
    height: 128,
    width: 128,
  });
});

describe('plots', () => {
  test('leave out what is not a number, and series without a point', () => {
    const svg = renderPlot(plot);
    expect(svg.match(/<polyline/g)?.length).toBe(1);
    expect(svg).not.toContain('NaN');
    expect(svg).not.toContain('<plot>');
    expect(renderPlot({ ...plot, series: [] })).toBe('');
  });

  test('no two of many series look the same', () => {
    const looks = Array.from({ length: 24 }, (_, i) => JSON.stringify(seriesLook(i)));
    expect(new Set(looks).size).toBe(24);
  });
});

test('the script is JavaScript', () => {
  // A syntax error would leave every page without maps.
  expect(() => Reflect.construct(Function, [EVALUATION_SCRIPT])).not.toThrow();
});

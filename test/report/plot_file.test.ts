import { expect, test } from 'vitest';
import { plotFile, plotFileName } from '../../src/report/plot_file.ts';
import { seriesLook } from '../../src/report/plot.ts';
import type { Plot } from '../../src/report/plot.ts';

const series = ['one & two', 'three', 'none'].map((name, i) => ({
  name,
  ...seriesLook(i),
  points: [0, 50, 100].map((x) => [x, name === 'none' ? Number.NaN : x * (i + 1)] as const),
}));
const plot: Plot = { title: 'Boxes (0.5 <all>)', xLabel: 'x', yLabel: 'y', note: '', series };

test('a plot as a file stands alone, with its lines and their names', () => {
  const svg = plotFile(plot) ?? '';
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 548 376"/);
  expect(svg).toContain('<title>Boxes (0.5 &lt;all&gt;)</title>');
  expect(svg.match(/<polyline /g)).toHaveLength(2);
  expect(svg).toContain('>one &amp; two</text>');
  expect(svg).not.toContain('>none</text>');
  // Every class that colours a line is in the file's own style.
  for (const [, name = ''] of svg.matchAll(/class="series (series-\d)"/g))
    expect(svg).toContain(`.${name} {`);
  expect(svg).not.toContain('var(--');
});

test('a plot without a point is no file, and its name is fit for one', () => {
  expect(plotFile({ ...plot, series: series.slice(2) })).toBeNull();
  expect(plotFileName(plot)).toBe('boxes-0.5-all.svg');
});

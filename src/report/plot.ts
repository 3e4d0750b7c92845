/** Line plots as inline SVG which the page's script makes answer to the pointer; without the script they stay readable. */
import { escapeHtml, roundTicks, SERIES_COLOURS } from './chart.ts';

export interface PlotSeries {
  readonly name: string;
  /** A stroke pattern tells series of the same colour apart: 0 solid, 1 dashed, 2 dotted, 3 dash-dot. */
  readonly pattern: number;
  readonly colour: number;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** What the plot says, in a sentence. */
  readonly note: string;
  readonly series: readonly PlotSeries[];
}

const WIDTH = 520;
const HEIGHT = 330;
const AREA = { left: 50, right: WIDTH - 12, top: 28, bottom: HEIGHT - 46 };
const PATTERNS = ['', '7 4', '1.5 4', '9 4 1.5 4'];

/** Colour and stroke pattern of the series of a number: no two of the first 24 look the same. */
export function seriesLook(number: number): { readonly colour: number; readonly pattern: number } {
  return {
    colour: number % SERIES_COLOURS,
    pattern: Math.floor(number / SERIES_COLOURS) % PATTERNS.length,
  };
}

/** A plot as SVG elements without the `<svg>` around them, and what they are drawn by. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Title, axes and lines. */
  readonly elements: string;
  /** The series that have a finite point, with such points only. */
  readonly lines: readonly PlotSeries[];
  /** Ends of the axes: x from, x to, y from, y to. */
  readonly range: readonly [number, number, number, number];
}

/** Class and dashes of a series' line. */
export function strokeOf({ colour, pattern }: Pick<PlotSeries, 'colour' | 'pattern'>): string {
  return `class="series series-${colour % SERIES_COLOURS}" stroke-dasharray="${PATTERNS[pattern % PATTERNS.length] ?? ''}"`;
}

/** Draws a plot; null where no series has a finite point. */
export function drawPlot({ title, xLabel, yLabel, series }: Plot): Drawing | null {
  const lines = series
    .map((one) => ({
      ...one,
      points: one.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
    }))
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return null;
  const points = lines.flatMap((line) => line.points);
  const xTicks = roundTicks(Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x)), 6);
  const yTicks = roundTicks(
    Math.min(0, ...points.map(([, y]) => y)),
    Math.max(...points.map(([, y]) => y)),
    5,
  );
  const [xLow, xHigh] = [xTicks[0] ?? 0, xTicks.at(-1) ?? 1];
  const [yLow, yHigh] = [yTicks[0] ?? 0, yTicks.at(-1) ?? 1];
  const xOf = (x: number): number => AREA.left + ((x - xLow) / (xHigh - xLow)) * (AREA.right - AREA.left);
  const yOf = (y: number): number => AREA.bottom - ((y - yLow) / (yHigh - yLow)) * (AREA.bottom - AREA.top);
  const at = (value: number): string => value.toFixed(1);
  const grid = [
    ...yTicks.map(
      (y) =>
        `<line class="grid" x1="${AREA.left}" x2="${AREA.right}" y1="${at(yOf(y))}" y2="${at(yOf(y))}"/>` +
        `<text class="tick" text-anchor="end" x="${AREA.left - 7}" y="${at(yOf(y) + 4)}">${y}</text>`,
    ),
    ...xTicks.map(
      (x) => `<text class="tick" text-anchor="middle" x="${at(xOf(x))}" y="${AREA.bottom + 17}">${x}</text>`,
    ),
  ].join('');
  const paths = lines
    .map(
      (line, i) =>
        `<polyline ${strokeOf(line)} data-series="${i}" ` +
        `points="${line.points.map(([x, y]) => `${at(xOf(x))},${at(yOf(y))}`).join(' ')}"/>`,
    )
    .join('');
  const labels =
    `<text class="chart-title" x="0" y="14">${escapeHtml(title)}</text>` +
    `<text class="axis" text-anchor="middle" x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 8}">${escapeHtml(xLabel)}</text>` +
    `<text class="axis" text-anchor="middle" transform="translate(11 ${(AREA.top + AREA.bottom) / 2}) rotate(-90)">${escapeHtml(yLabel)}</text>`;
  return {
    width: WIDTH,
    height: HEIGHT,
    elements: labels + grid + paths,
    lines,
    range: [xLow, xHigh, yLow, yHigh],
  };
}

/** The plot with its legend, as a `<figure>`; a series without a finite point is left out. */
export function renderPlot(plot: Plot): string {
  const drawing = drawPlot(plot);
  if (drawing === null) return '';
  const { width, height, elements, lines, range } = drawing;
  const { title, xLabel, note } = plot;
  const legend = lines
    .map(
      (line, i) =>
        `<li><button type="button" data-series="${i}" aria-pressed="true"><svg class="key" viewBox="0 0 30 10" aria-hidden="true">` +
        `<line ${strokeOf(line)} x1="1" x2="29" y1="5" y2="5"/></svg>` +
        `${escapeHtml(line.name)} <output></output></button></li>`,
    )
    .join('');
  // What the script reads: the data, and how they lie on the picture.
  const facts = {
    area: AREA,
    range,
    xLabel,
    series: lines.map((line) => line.points.map(([x, y]) => [rounded(x), rounded(y)])),
  };
  const summary = lines
    .map(
      ({ name, points: own }) =>
        `${name} from ${own[0]?.[1].toPrecision(3)} to ${own.at(-1)?.[1].toPrecision(3)}`,
    )
    .join('; ');
  return (
    `<figure class="plot" data-plot="${escapeHtml(JSON.stringify(facts))}">` +
    `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(`${title}: ${summary}`)}">${elements}` +
    `<line class="cursor" x1="0" x2="0" y1="${AREA.top}" y2="${AREA.bottom}"/></svg>` +
    `<ul class="legend">${legend}</ul><figcaption>${escapeHtml(note)} <span class="reading" aria-live="polite"></span></figcaption></figure>`
  );
}

const rounded = (value: number): number => Number(value.toPrecision(5));

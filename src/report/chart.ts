/** Line charts as inline SVG, without a library: axes with round ticks, a legend, a line style for each series. */

export interface ChartSeries {
  readonly name: string;
  /** Which of the page's series colours; series of one model share it. */
  readonly colour: number;
  /** Drawn dashed (training beside validation). */
  readonly dashed: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly ChartSeries[];
}

const WIDTH = 480;
const HEIGHT = 300;
const PLOT = { left: 48, right: WIDTH - 14, top: 28, bottom: HEIGHT - 44 };
/** Number of series colours that the page's style defines. */
export const SERIES_COLOURS = 6;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text made safe for HTML and SVG, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ESCAPES[letter] ?? '');
}

/** About `count` round numbers (1, 2 or 5 times a power of ten apart) that span [low, high]. */
export function roundTicks(low: number, high: number, count: number): number[] {
  if (!(Number.isFinite(low) && Number.isFinite(high) && high >= low)) {
    throw new Error(`roundTicks: wants finite low <= high, got ${low} and ${high}`);
  }
  const span = high > low ? high - low : Math.abs(high) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  // Products, not sums, and cut to the digits of a round number, so that 0.3 is not 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * The chart as an `<svg>` element that scales with its container. Points that are not finite are left out; a chart
 * without any point says so.
 */
export function lineChart({ title, xLabel, yLabel, series }: LineChart): string {
  const lines = series.map((one) => ({
    ...one,
    points: one.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const points = lines.flatMap((line) => line.points);
  const open = `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(describe(title, lines))}">`;
  const heading = `<text class="chart-title" x="0" y="14">${escapeHtml(title)}</text>`;
  if (points.length === 0) return `${open}${heading}<text x="${PLOT.left}" y="80">No data.</text></svg>`;

  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const xLow = Math.min(...xs);
  const xHigh = Math.max(...xs);
  const yTicks = roundTicks(Math.min(0, ...ys), Math.max(...ys), 5);
  const yLow = yTicks[0] ?? 0;
  const yHigh = yTicks.at(-1) ?? 1;
  const xOf = (x: number): number =>
    xHigh > xLow
      ? PLOT.left + ((x - xLow) / (xHigh - xLow)) * (PLOT.right - PLOT.left)
      : (PLOT.left + PLOT.right) / 2;
  const yOf = (y: number): number => PLOT.bottom - ((y - yLow) / (yHigh - yLow)) * (PLOT.bottom - PLOT.top);
  const at = (value: number): string => value.toFixed(1);
  // Epochs are whole: ticks between them would name nothing.
  const xTicks = roundTicks(xLow, xHigh, 8).filter((x) => Number.isInteger(x) && x >= xLow && x <= xHigh);

  const grid = yTicks.map(
    (y) =>
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(yOf(y))}" y2="${at(yOf(y))}"/>` +
      `<text class="tick" text-anchor="end" x="${PLOT.left - 7}" y="${at(yOf(y) + 4)}">${y}</text>`,
  );
  const columns = xTicks.map(
    (x) => `<text class="tick" text-anchor="middle" x="${at(xOf(x))}" y="${PLOT.bottom + 17}">${x}</text>`,
  );
  const paths = lines
    .filter((line) => line.points.length > 0)
    .map((line) => {
      const style = `series series-${line.colour % SERIES_COLOURS}${line.dashed ? ' dashed' : ''}`;
      const path = line.points.map(([x, y]) => `${at(xOf(x))},${at(yOf(y))}`).join(' ');
      const [lastX, lastY] = line.points.at(-1) ?? [0, 0];
      const name = `<title>${escapeHtml(line.name)}</title>`;
      return (
        `<polyline class="${style}" points="${path}">${name}</polyline>` +
        marker(line, xOf(lastX), yOf(lastY))
      );
    });
  const axes =
    `<text class="axis" text-anchor="middle" x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 8}">${escapeHtml(xLabel)}</text>` +
    `<text class="axis" text-anchor="middle" transform="translate(11 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)">${escapeHtml(yLabel)}</text>`;
  return [open, heading, ...grid, ...columns, axes, ...paths, '</svg>'].join('');
}

/** Ends a solid line with a sign of its series' own, so that lines differ by more than colour. */
function marker({ colour, dashed }: Pick<ChartSeries, 'colour' | 'dashed'>, x: number, y: number): string {
  if (dashed) return '';
  const shapes = [
    'M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z',
    'M-3.2-3.2h6.4v6.4h-6.4z',
    'M0-4.6L4.4 3.4H-4.4z',
  ];
  const shape = shapes[colour % shapes.length] ?? '';
  const style = `series series-${colour % SERIES_COLOURS} end`;
  return `<path class="${style}" transform="translate(${x.toFixed(1)} ${y.toFixed(1)})" d="${shape}"/>`;
}

/** What a reader who cannot see the chart needs: where each line begins and ends. */
function describe(title: string, lines: readonly ChartSeries[]): string {
  const parts = lines.flatMap(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? [`${name} from ${first[1].toPrecision(3)} to ${last[1].toPrecision(3)}`] : [];
  });
  return `${title}: ${parts.join('; ')}`;
}

/** The legend of charts which share their series, as an HTML list. */
export function chartLegend(series: readonly Pick<ChartSeries, 'name' | 'colour' | 'dashed'>[]): string {
  const items = series.map(
    ({ name, colour, dashed }) =>
      `<li><svg class="key" viewBox="0 0 30 10" aria-hidden="true"><line class="series series-${colour % SERIES_COLOURS}` +
      `${dashed ? ' dashed' : ''}" x1="1" x2="29" y1="5" y2="5"/>${marker({ colour, dashed }, 24, 5)}</svg>${escapeHtml(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

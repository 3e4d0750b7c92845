/** A line chart of few thousand points, drawn on a canvas in the page's colours. */

export interface Series {
  /** [x, y] by rising x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly style: 'faint' | 'strong' | 'dots';
}

export interface ChartOptions {
  /** Of x; at least what the points have. */
  readonly maxX: number;
  /** Undefined: what the points have. */
  readonly maxY?: number;
  readonly format: (y: number) => string;
}

const MARGIN = { left: 44, right: 8, top: 10, bottom: 22 };

/** 1, 2 or 5 times a power of ten, so that at most `count` steps reach `size`. */
function niceStep(size: number, count: number): number {
  const rough = size / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

/** Draws the series anew; the canvas keeps its CSS size. */
export function drawChart(canvas: HTMLCanvasElement, series: readonly Series[], options: ChartOptions): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  // Nothing is seen of it: its view is hidden.
  if (width === 0 || height === 0) return;
  const density = globalThis.devicePixelRatio;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(density, density);
  const styles = getComputedStyle(canvas);
  const colour = (name: string): string => styles.getPropertyValue(name);

  const highest = series
    .filter(({ style }) => style !== 'faint')
    .flatMap(({ points }) => points.map(([, y]) => y))
    .reduce((most, y) => Math.max(most, y), 0);
  const maxY = options.maxY ?? (highest > 0 ? highest * 1.08 : 1);
  const maxX = Math.max(1, options.maxX);
  const plot = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const toX = (x: number): number => MARGIN.left + (x / maxX) * plot.width;
  const toY = (y: number): number => MARGIN.top + (1 - Math.min(y, maxY) / maxY) * plot.height;

  context.font = `11px ${styles.fontFamily}`;
  context.fillStyle = colour('--chart-text');
  context.strokeStyle = colour('--chart-line');
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  const stepY = niceStep(maxY, 5);
  for (let y = 0; y <= maxY * 1.0001; y += stepY) {
    context.beginPath();
    context.moveTo(MARGIN.left, toY(y));
    context.lineTo(width - MARGIN.right, toY(y));
    context.stroke();
    context.fillText(options.format(y), MARGIN.left - 6, toY(y));
  }
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const stepX = Math.max(1, niceStep(maxX, Math.min(8, plot.width / 60)));
  for (let x = 0; x <= maxX; x += stepX) {
    // The last one may stand at the edge: as far to the left as it must to be whole.
    const half = context.measureText(String(x)).width / 2;
    context.fillText(String(x), Math.min(toX(x), width - half), height - MARGIN.bottom + 6);
  }

  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top - 4, plot.width + 4, plot.height + 8);
  context.clip();
  for (const { points, style } of series) {
    if (style === 'dots') {
      context.fillStyle = colour('--chart-dot');
      for (const [x, y] of points) {
        context.beginPath();
        context.arc(toX(x), toY(y), 3.5, 0, 2 * Math.PI);
        context.fill();
      }
      continue;
    }
    context.strokeStyle = colour('--chart-curve');
    context.globalAlpha = style === 'faint' ? 0.28 : 1;
    context.lineWidth = style === 'faint' ? 1 : 2;
    context.lineJoin = 'round';
    context.beginPath();
    for (const [x, y] of points) context.lineTo(toX(x), toY(y));
    context.stroke();
    context.globalAlpha = 1;
  }
  context.restore();
}

/** Exponential moving average that starts at the first value. */
export function smoothed(
  points: readonly (readonly [x: number, y: number])[],
  kept: number,
): (readonly [x: number, y: number])[] {
  let mean = points[0]?.[1] ?? 0;
  return points.map(([x, y]) => {
    mean = kept * mean + (1 - kept) * y;
    return [x, mean] as const;
  });
}

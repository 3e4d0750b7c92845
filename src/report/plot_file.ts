/** A plot as an SVG file that stands alone: for papers and web pages. */
import { drawPlot, strokeOf } from './plot.ts';
import { escapeHtml } from './chart.ts';
import type { Plot } from './plot.ts';

/** The light colours of the report; a file cannot follow its reader's. */
const STYLE = `text { font: 12px system-ui, sans-serif; fill: #62666f } .chart-title { fill: #1d1f24; font-weight: 600; font-size: 13.5px }
.grid { stroke: #dcdcd6 } .series { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
${['#2f6db3', '#c9581f', '#25855f', '#97438f', '#7d6a14', '#55595f'].map((colour, i) => `.series-${i} { stroke: ${colour} }`).join(' ')}`;

const MARGIN = 14;
const LEGEND_ROW = 18;
const LEGEND_COLUMNS = 2;

/** The plot with its legend below it; null where no series has a finite point. */
export function plotFile(plot: Plot): string | null {
  const drawing = drawPlot(plot);
  if (drawing === null) return null;
  const { width, height, elements, lines } = drawing;
  const rows = Math.ceil(lines.length / LEGEND_COLUMNS);
  const legend = lines
    .map((line, i) => {
      // Down the first column, then the next.
      const x = Math.floor(i / rows) * (width / LEGEND_COLUMNS);
      const y = height + 6 + (i % rows) * LEGEND_ROW;
      return `<line ${strokeOf(line)} x1="${x + 1}" x2="${x + 31}" y1="${y}" y2="${y}"/><text x="${x + 38}" y="${y + 4}">${escapeHtml(line.name)}</text>`;
    })
    .join('');
  const whole = [width + 2 * MARGIN, height + rows * LEGEND_ROW + 2 * MARGIN] as const;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole.join(' ')}" width="${whole[0]}" height="${whole[1]}">` +
    `<style>${STYLE}</style><rect width="100%" height="100%" fill="#fdfdfb"/><title>${escapeHtml(plot.title)}</title>` +
    `<g transform="translate(${MARGIN} ${MARGIN})">${elements}${legend}</g></svg>\n`
  );
}

/** A file's name for a plot, made of its title. */
export function plotFileName({ title }: Plot): string {
  return `${title
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replaceAll(/^-|-$/g, '')}.svg`;
}

/** The page of an evaluation: one HTML file that needs nothing else; its raw maps lie beside it. */
import type { EvaluatedMap, EvaluatedPicture, EvaluationPage } from './evaluation_data.ts';
import type { PngEncoder } from './embed.ts';
import type { ResultTable } from './result_table.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import { base64, colourBar, dataUri } from './embed.ts';
import { bestOfColumns, cellText } from './result_table.ts';
import { colourTable } from './colour_map.ts';
import { escapeHtml } from './chart.ts';
import { EVALUATION_SCRIPT } from './evaluation_script.ts';
import { EVALUATION_STYLE } from './evaluation_style.ts';
import { maskOverlay, scoreRange } from './overlay.ts';
import { renderPlot } from './plot.ts';
import { REPORT_STYLE } from './style.ts';
import { resizeScoreMap } from '../eval/score_map.ts';

/** Maps of the image's size are kept in the page at most this large; the raw file has all. */
const LARGEST_MAP = 128;

/** Behind a column's heading. */
const ARROWS = { higher: '\u00A0\u2191', lower: '\u00A0\u2193', neither: '' } as const;

/** The whole page. */
export function renderEvaluation(page: EvaluationPage, encodePng: PngEncoder): string {
  const plots = page.plots.map(renderPlot).filter((plot) => plot !== '');
  const sections = [
    `<header><h1>${escapeHtml(page.title)}</h1>${page.summary.map((text) => `<p>${escapeHtml(text)}</p>`).join('')}</header>`,
    tableSection(page),
    plots.length > 0 ? `<section><h2>Curves</h2><div class="plots">${plots.join('')}</div></section>` : '',
    page.gallery.length > 0 ? gallerySection(page.gallery, encodePng) : '',
    `<section><h2>Provenance</h2><dl class="provenance">${page.provenance
      .map(({ label, value }) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`)
      .join('')}</dl></section>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${REPORT_STYLE}${EVALUATION_STYLE}</style>
</head>
<body>
${sections.filter((section) => section !== '').join('\n')}
<script>${EVALUATION_SCRIPT}</script>
</body>
</html>
`;
}

function tableSection({ table, definitions, files }: EvaluationPage): string {
  const links = files
    .map(({ label, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`)
    .join(' \u00B7 ');
  return `<section><h2>Results</h2>
<div class="scroll"><table class="results"><caption><span>\u25B8 marks the best of a column; arrows say which way is better. ${links}</span></caption>
${tableHead(table)}<tbody>${tableRows(table)}</tbody></table></div>
${definitions.map((text) => `<p class="note">${escapeHtml(text)}</p>`).join('')}</section>`;
}

function tableHead({ columns }: ResultTable): string {
  const groups: { readonly name: string; count: number }[] = [];
  for (const { group } of columns) {
    const last = groups.at(-1);
    if (last?.name === group) last.count++;
    else groups.push({ name: group, count: 1 });
  }
  const upper = groups
    .map(
      ({ name, count }) => `<th class="group" scope="colgroup" colspan="${count}">${escapeHtml(name)}</th>`,
    )
    .join('');
  const lower = columns
    .map(
      ({ heading, better }) =>
        `<th scope="col">${escapeHtml(heading).replaceAll(' ', '\u00A0')}${ARROWS[better]}</th>`,
    )
    .join('');
  return `<thead><tr><th colspan="2"></th>${upper}</tr><tr><th scope="col">model</th><th scope="col">method</th>${lower}</tr></thead>`;
}

function tableRows(table: ResultTable): string {
  const best = bestOfColumns(table);
  const cells = (values: readonly (number | null)[], bestOf: readonly boolean[] | undefined): string =>
    values
      .map((value, c) => {
        const column = table.columns[c];
        const text = column === undefined ? '' : value === null ? '\u2013' : cellText(value, column);
        return `<td${bestOf?.[c] === true ? ' class="best"' : ''}>${text}</td>`;
      })
      .join('');
  const rows = table.rows.map(({ model, method, values }, r) => {
    const repeated = table.rows[r - 1]?.model === model;
    return `<tr${repeated ? '' : ' class="first"'}><th scope="row">${repeated ? '' : escapeHtml(model)}</th><td class="method">${escapeHtml(method)}</td>${cells(values, best[r])}</tr>`;
  });
  if (table.chance.some((value) => value !== null)) {
    const chance = table.chance
      .map((value, c) => {
        const column = table.columns[c];
        return `<td>${value === null || column === undefined ? '' : cellText(value, column)}</td>`;
      })
      .join('');
    rows.push(`<tr class="chance"><th scope="row" colspan="2">no knowledge</th>${chance}</tr>`);
  }
  return rows.join('');
}

function gallerySection(gallery: readonly EvaluatedPicture[], encodePng: PngEncoder): string {
  const rows = [...new Set(gallery.flatMap(({ maps }) => maps.map(rowName)))];
  const examples = gallery.map(({ id, image, mask, caption, maps }) => {
    const uri = dataUri(image, encodePng);
    const size = `width="${image.width}" height="${image.height}"`;
    const masked =
      mask === null
        ? ''
        : `<figure><img src="${dataUri(maskOverlay(image, mask), encodePng)}" ${size} alt="What maps should point at: ${escapeHtml(caption)}"><figcaption>what to point at</figcaption></figure>`;
    const cells = maps.map((map) => mapCell(map, caption, size));
    return `<article class="example"${mask === null ? '' : ` data-mask="${base64(packBits(mask))}"`}><h3>${escapeHtml(caption)} <small>${escapeHtml(id)}</small></h3>
<div class="cells"><figure><img class="picture" src="${uri}" ${size} alt="Picture: ${escapeHtml(caption)}"><figcaption>picture</figcaption></figure>${masked}${cells.join('')}</div></article>`;
  });
  const options = rows
    .map((row) => `<option value="${escapeHtml(row)}">${escapeHtml(row)}</option>`)
    .join('');
  return `<section><h2>Maps</h2>
<div class="controls"><label>Show what is stronger than a share of the map\u2019s strongest score
<input id="cut" type="range" min="0" max="100" value="0" step="1"> <output id="cut-value">no cut</output></label>
<label>Maps <select id="only"><option value="">all</option>${options}</select></label></div>
<div class="bars"><span>no evidence <img src="${dataUri(colourBar('sequential'), encodePng)}" alt="colour bar"> most</span>
<span>for the other class <img src="${dataUri(colourBar('diverging'), encodePng)}" alt="colour bar"> for this class</span></div>
<noscript><p class="note">The maps are drawn by the page\u2019s script; the raw maps are linked.</p></noscript>
<div class="gallery" data-sequential="${base64(colourTable('sequential'))}" data-diverging="${base64(colourTable('diverging'))}">${examples.join('\n')}</div>
<p class="note">Each map is scaled to its own strongest score: compare where maps point, not how bright they are.</p></section>`;
}

const rowName = ({ model, method }: EvaluatedMap): string => `${model} ${method}`;

function mapCell(map: EvaluatedMap, caption: string, size: string): string {
  const { levels, height, width } = mapLevels(map.map, map.signed);
  return (
    `<figure data-row="${escapeHtml(rowName(map))}"><canvas ${size} role="img" aria-label="${escapeHtml(`${map.kind}, ${rowName(map)}: ${caption}`)}" ` +
    `data-levels="${base64(levels)}" data-height="${height}" data-width="${width}" data-signed="${map.signed}"></canvas>` +
    `<figcaption>${escapeHtml(map.model)} <a href="${escapeHtml(map.file)}" title="raw map">${escapeHtml(map.method)}</a><span>${escapeHtml(map.kind)}</span><output></output></figcaption></figure>`
  );
}

/** A map as bytes over its range: 0 to the maximum, or symmetric around 0 (at 127.5) where it is signed. */
export function mapLevels(
  map: ScoreMap,
  signed: boolean,
): { readonly levels: Uint8Array; readonly height: number; readonly width: number } {
  const height = Math.min(map.height, LARGEST_MAP);
  const width = Math.min(map.width, LARGEST_MAP);
  const { data } = height === map.height && width === map.width ? map : resizeScoreMap(map, height, width);
  const [low, high] = scoreRange({ height, width, data }, signed ? 'diverging' : 'sequential');
  const levels = Uint8Array.from(data, (score) =>
    high > low
      ? Math.round(Math.min(Math.max((255 * (score - low)) / (high - low), 0), 255))
      : signed
        ? 128
        : 0,
  );
  return { levels, height, width };
}

/** Eight pixels a byte, the first in the highest bit (numpy.packbits). */
function packBits(mask: Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(mask.length / 8));
  for (let i = 0; i < mask.length; i++)
    if (mask[i] === 1) packed[i >> 3] = (packed[i >> 3] ?? 0) | (1 << (7 - (i & 7)));
  return packed;
}

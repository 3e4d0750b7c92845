/** The report: one HTML file that needs nothing else (no scripts, fonts or pictures from elsewhere). */
import type { Image } from '../data/image.ts';
import { resizeBilinear } from '../data/resize.ts';
import type { ColourMapName } from './colour_map.ts';
import type { CueMaskSource } from '../eval/cub_trait.ts';
import { colourBar, dataUri } from './embed.ts';
import type { PngEncoder } from './embed.ts';
import { chartLegend, escapeHtml, lineChart } from './chart.ts';
import { counted } from './counted.ts';
import type { ChartSeries } from './chart.ts';
import { maskOverlay, overlay } from './overlay.ts';
import type { EpochRecord, GalleryEntry, ReportData, ReportModel } from './report_data.ts';
import { REPORT_STYLE } from './style.ts';

/** Small pictures are scaled up to this height, so that a map laid over them is smooth. */
const GALLERY_HEIGHT = 192;

/** A number keeps its percent sign in its line. */
const withUnits = (text: string): string => escapeHtml(text).replaceAll(/(\d) %/g, '$1\u00A0%');

/** The whole page. Throws when two models share a name. */
export function renderReport(data: ReportData, encodePng: PngEncoder): string {
  const names = data.models.map((model) => model.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`renderReport: model names must be unique, got '${twice}' twice`);
  const sections = [
    `<header><h1>${escapeHtml(data.title)}</h1>${data.summary.map((text) => `<p>${withUnits(text)}</p>`).join('')}</header>`,
    data.models.length > 0 ? resultsSection(data.models) : '',
    data.models.some((model) => model.history.length > 0) ? curvesSection(data.models) : '',
    data.gallery.length > 0 ? gallerySection(data.gallery, encodePng) : '',
    data.provenance.length > 0 ? provenanceSection(data) : '',
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(data.title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
${sections.filter((section) => section !== '').join('\n')}
</body>
</html>
`;
}

interface Column {
  readonly heading: string;
  readonly digits: number;
  readonly better: 'higher' | 'lower' | 'neither';
  readonly value: (model: ReportModel) => number;
  readonly chance: number | null;
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '\u2013';
}

function resultColumns(models: readonly ReportModel[]): Column[] {
  const counts = [
    ...new Set(models.flatMap((model) => model.cue.byDifferingParts.map((row) => row.differingParts))),
  ];
  return [
    { heading: 'accuracy %', digits: 1, better: 'higher', value: (model) => model.accuracy, chance: null },
    ...counts
      .toSorted((a, b) => a - b)
      .map((count): Column => ({
        heading: `mPxAP ${counted(count, 'part')}`,
        digits: 1,
        better: 'higher',
        value: (model) =>
          model.cue.byDifferingParts.find((row) => row.differingParts === count)?.meanAveragePrecision ?? NaN,
        chance: null,
      })),
    {
      heading: 'mPxAP all pairs',
      digits: 1,
      better: 'higher',
      value: (model) => model.cue.meanAveragePrecision,
      chance: models[0]?.cue.chance ?? NaN,
    },
    {
      heading: 'NLL nats',
      digits: 3,
      better: 'lower',
      value: (model) => model.negativeLogLikelihood,
      chance: null,
    },
    {
      heading: 'ECE %',
      digits: 1,
      better: 'lower',
      value: (model) => model.expectedCalibrationError,
      chance: null,
    },
    { heading: 'training s', digits: 0, better: 'neither', value: (model) => model.seconds, chance: null },
  ];
}

const MASK_SOURCES: Readonly<Record<CueMaskSource, string>> = {
  exact: 'exact by construction',
  segmentation: 'the pixels of the segmentation nearest to the annotated points',
  box: 'the pixels of the bounding box (no segmentation was there) nearest to the annotated points',
};

function resultsSection(models: readonly ReportModel[]): string {
  const columns = resultColumns(models);
  const head = columns.map(({ heading }) => `<th scope="col">${escapeHtml(heading)}</th>`).join('');
  const rows = models.map((model) => {
    const cells = columns.map(({ better, digits, value }) => {
      // Compared as printed: of values that look alike none is the best alone.
      const shown = fixed(value(model), digits);
      const all = models.map((other) => Number(fixed(value(other), digits))).filter(Number.isFinite);
      const target = better === 'higher' ? Math.max(...all) : Math.min(...all);
      const best = better !== 'neither' && models.length > 1 && Number(shown) === target;
      return `<td${best ? ' class="best"' : ''}>${shown}</td>`;
    });
    return `<tr><th scope="row">${escapeHtml(model.name)}</th>${cells.join('')}</tr>`;
  });
  const chance = columns.map(
    (column) => `<td>${column.chance === null ? '' : fixed(column.chance, column.digits)}</td>`,
  );
  const pairs = (models[0]?.cue.byDifferingParts ?? [])
    .map((row) => `${row.pairs} with ${row.differingParts}`)
    .join(', ');
  const sources = [...new Set(models.flatMap((model) => model.cue.maskSources))];
  const descriptions = models.map(
    ({ name, description }) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(description)}</dd>`,
  );
  return `<section><h2>Results</h2>
<p class="note">mPxAP: mean pixel-wise average precision, in percent, of the difference |<i>s</i><sub>A</sub> \u2212 <i>s</i><sub>B</sub>| of two
classes\u2019 maps against the parts in which the classes differ. Pairs by number of differing parts: ${pairs}.
The parts are ${sources.map((source) => MASK_SOURCES[source]).join(' or ')}. Chance is a map that knows nothing.</p>
<div class="scroll"><table><caption><span>Test split; \u25B8 marks the best of a column.</span></caption>
<thead><tr><th scope="col">model</th>${head}</tr></thead>
<tbody>${rows.join('')}<tr class="chance"><th scope="row">chance</th>${chance.join('')}</tr></tbody></table></div>
<dl class="models">${descriptions.join('')}</dl></section>`;
}

function seriesOf(
  models: readonly ReportModel[],
  training: (record: EpochRecord) => number | null,
  validation: (record: EpochRecord) => number | null,
): ChartSeries[] {
  return models.flatMap((model, colour) => {
    const points = (read: typeof training): [number, number][] =>
      model.history.map((record) => [record.epoch, read(record) ?? NaN]);
    return [
      { name: `${model.name}, training`, colour, dashed: true, points: points(training) },
      { name: `${model.name}, validation`, colour, dashed: false, points: points(validation) },
    ];
  });
}

function curvesSection(models: readonly ReportModel[]): string {
  const accuracy = seriesOf(
    models,
    (record) => record.accuracy,
    (record) => record.validationAccuracy,
  );
  const loss = seriesOf(
    models,
    (record) => record.loss,
    (record) => record.validationLoss,
  );
  const measured = accuracy.filter((_, i) =>
    [accuracy[i], loss[i]].some((series) => series?.points.some(([, value]) => Number.isFinite(value))),
  );
  return `<section><h2>Learning</h2>
<div class="charts">${lineChart({ title: 'Accuracy', xLabel: 'epoch', yLabel: 'percent', series: accuracy })}
${lineChart({ title: 'Loss', xLabel: 'epoch', yLabel: 'nats', series: loss })}</div>
${chartLegend(measured)}
<p class="note">The losses of CAM, CALM-ML and CALM-EM are different quantities: compare their courses, not their heights.</p></section>`;
}

/** The picture with its mask, scaled up by a whole factor if it is small. */
function enlarge({ image, mask }: GalleryEntry): { image: Image; mask: Uint8Array | null } {
  const factor = Math.max(1, Math.ceil(GALLERY_HEIGHT / image.height));
  if (factor === 1) return { image, mask };
  const width = image.width * factor;
  const height = image.height * factor;
  const larger =
    mask === null
      ? null
      : Uint8Array.from({ length: width * height }, (_, i) => {
          const x = Math.floor((i % width) / factor);
          const y = Math.floor(i / width / factor);
          return mask[y * image.width + x] ?? 0;
        });
  return { image: resizeBilinear(image, width, height), mask: larger };
}

function gallerySection(gallery: readonly GalleryEntry[], encodePng: PngEncoder): string {
  const cell = (picture: Image, alt: string, label: string, kind: string): string =>
    `<figure><img src="${dataUri(picture, encodePng)}" width="${picture.width}" height="${picture.height}" ` +
    `alt="${escapeHtml(alt)}"><figcaption>${escapeHtml(label)} <span>${escapeHtml(kind)}</span></figcaption></figure>`;
  const examples = gallery.map((entry) => {
    const { image, mask } = enlarge(entry);
    const cells = [
      cell(image, `Picture: ${entry.caption}`, 'image', ''),
      ...(mask === null
        ? []
        : [cell(maskOverlay(image, mask), `Cue mask: ${entry.caption}`, 'cue mask', '')]),
      ...entry.maps.map(({ model, kind, map, colouring }) =>
        cell(overlay(image, map, colouring), `${kind} of ${model}: ${entry.caption}`, model, kind),
      ),
    ];
    // Picture over cue mask, and each model's two maps one over the other.
    const layout = cells.length % 2 === 0 ? 'cells paired' : 'cells';
    return `<article class="example"><h3>${escapeHtml(entry.caption)}</h3><div class="${layout}">${cells.join('')}</div></article>`;
  });
  const used = new Set(
    gallery.flatMap((entry) => entry.maps.map((one) => one.colouring?.colourMap ?? 'sequential')),
  );
  const keys: Readonly<Record<ColourMapName, readonly [string, string]>> = {
    sequential: ['no evidence', 'most'],
    diverging: ['for the other class', 'for this class'],
  };
  const bars = [...used].map(
    (name) =>
      `<span>${keys[name][0]} <img src="${dataUri(colourBar(name), encodePng)}" alt="colour bar"> ${keys[name][1]}</span>`,
  );
  return `<section><h2>Maps</h2>
<div class="bars">${bars.join('')}</div>
${examples.join('\n')}
<p class="note">Each map is scaled to its own strongest score unless its caption says otherwise.</p></section>`;
}

function provenanceSection({ provenance }: ReportData): string {
  const entries = provenance.map(
    ({ label, value }) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  return `<section><h2>Provenance</h2><dl class="provenance">${entries.join('')}</dl></section>`;
}

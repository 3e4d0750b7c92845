/** Figures made of several pictures: a map with its colour bar, and contact sheets with labels. */
import { createImage } from '../data/image.ts';
import type { Image } from '../data/image.ts';
import { resizeBilinear } from '../data/resize.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import { colourTable } from './colour_map.ts';
import type { Colour, ColourMapName } from './colour_map.ts';
import { colourBar } from './embed.ts';
import { renderMap, scoreRange } from './overlay.ts';
import type { MapColouring } from './overlay.ts';
import { drawText, fitText, textHeight, textWidth } from './text.ts';

export const PAPER: Colour = [255, 255, 255];
export const INK: Colour = [38, 40, 46];
export const FAINT: Colour = [112, 116, 126];
const MARGIN = 12;
const GAP = 6;

/** A white picture. */
export function createPaper(width: number, height: number): Image {
  const image = createImage(width, height);
  image.data.fill(PAPER[0]);
  return image;
}

/** Copies a picture into a larger one, its upper left corner at (left, top). */
export function paste(target: Image, image: Image, left: number, top: number): void {
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(3 * y * image.width, 3 * (y + 1) * image.width);
    target.data.set(row, 3 * ((top + y) * target.width + left));
  }
}

/** Three significant digits, without needless zeros: 0.0123, 4.5e-7, 120. */
export function formatScore(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude < 1e-3 || magnitude >= 1e5) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** The map, scaled to `width` pixels, with a colour bar at its right whose ends and middle are labelled. */
export function mapFigure(map: ScoreMap, width: number, colouring: MapColouring = {}): Image {
  const name = colouring.colourMap ?? 'sequential';
  const range = colouring.range ?? scoreRange(map, name);
  const height = Math.max(1, Math.round((width * map.height) / map.width));
  const body = renderMap(map, width, height, { ...colouring, range });
  const labels = [range[1], (range[0] + range[1]) / 2, range[0]].map(formatScore);
  const barWidth = 12;
  const labelWidth = Math.max(...labels.map((label) => textWidth(label)));
  const paper = createPaper(width + 3 * MARGIN + barWidth + GAP + labelWidth, height + 2 * MARGIN);
  paste(paper, body, MARGIN, MARGIN);
  const colours = colourTable(name);
  const barLeft = 2 * MARGIN + width;
  for (let y = 0; y < height; y++) {
    const entry = 3 * Math.round(255 * (1 - y / Math.max(1, height - 1)));
    for (let x = 0; x < barWidth; x++) {
      paper.data.set(colours.subarray(entry, entry + 3), 3 * ((MARGIN + y) * paper.width + barLeft + x));
    }
  }
  labels.forEach((label, i) => {
    const top = MARGIN + Math.round(((height - textHeight()) * i) / (labels.length - 1));
    drawText(paper, label, barLeft + barWidth + GAP, top, INK);
  });
  return paper;
}

export interface ContactSheet {
  /** Printed over the columns. */
  readonly columns: readonly string[];
  readonly rows: readonly {
    /** Printed under the row's pictures. */
    readonly caption: string;
    /** One picture a column; each is scaled to the cell. */
    readonly cells: readonly Image[];
  }[];
  /** Side of a cell in pixels. Default 160. */
  readonly cellSize?: number;
  /** The colours of the maps, in a line at the bottom: what the first and the last of them stand for. */
  readonly legend?: {
    readonly colourMap: ColourMapName;
    readonly first: string;
    readonly last: string;
  };
}

/** One picture of all: columns are kinds (image, mask, map of each model), rows are examples. */
export function contactSheet({ columns, rows, cellSize = 160, legend }: ContactSheet): Image {
  if (columns.length === 0 || rows.length === 0) {
    throw new Error(`contactSheet: wants columns and rows, got ${columns.length} and ${rows.length}`);
  }
  const header = textHeight() + GAP;
  const rowHeight = cellSize + GAP + textHeight() + 2 * GAP;
  const footer = legend === undefined ? 0 : textHeight() + 2 * GAP;
  const paper = createPaper(
    2 * MARGIN + columns.length * cellSize + (columns.length - 1) * GAP,
    2 * MARGIN + header + rows.length * rowHeight - 2 * GAP + footer,
  );
  const leftOf = (column: number): number => MARGIN + column * (cellSize + GAP);
  columns.forEach((label, column) => drawText(paper, fitText(label, cellSize), leftOf(column), MARGIN, INK));
  rows.forEach(({ caption, cells }, row) => {
    if (cells.length !== columns.length) {
      throw new Error(`contactSheet: row ${row} has ${cells.length} cells, wanted ${columns.length}`);
    }
    const top = MARGIN + header + row * rowHeight;
    cells.forEach((cell, column) => {
      const scaled =
        cell.width === cellSize && cell.height === cellSize ? cell : resizeBilinear(cell, cellSize, cellSize);
      paste(paper, scaled, leftOf(column), top);
    });
    drawText(paper, fitText(caption, paper.width - 2 * MARGIN), MARGIN, top + cellSize + GAP, FAINT);
  });
  if (legend !== undefined) {
    // At the right, below the maps.
    const top = paper.height - MARGIN - textHeight();
    const bar = resizeBilinear(colourBar(legend.colourMap), cellSize, textHeight());
    let left = paper.width - MARGIN - textWidth(legend.last);
    drawText(paper, legend.last, left, top, FAINT);
    left -= GAP + bar.width;
    paste(paper, bar, left, top);
    drawText(paper, legend.first, left - GAP - textWidth(legend.first), top, FAINT);
  }
  return paper;
}

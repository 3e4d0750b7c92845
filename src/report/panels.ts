/** Figures of panels with titles and colour bars, as papers have them. */
import type { ColourMapName } from './colour_map.ts';
import type { Image } from '../data/image.ts';
import { colourTable } from './colour_map.ts';
import { createPaper, FAINT, formatScore, INK, paste } from './sheet.ts';
import { drawText, fitText, textHeight, textWidth } from './text.ts';
import { resizeBilinear } from '../data/resize.ts';

/** A colour map, and the scores that its ends stand for. */
export interface ColourScale {
  readonly colourMap: ColourMapName;
  readonly range: readonly [low: number, high: number];
}

/** One picture of a figure. */
export interface Panel {
  /** Above the picture. */
  readonly title: string;
  /** Between title and picture, in fainter letters. */
  readonly note?: string;
  /** Scaled to the panel's square. */
  readonly picture: Image;
  /** Drawn under the picture with its ends' and middle's scores; none for a photograph. */
  readonly scale?: ColourScale;
}

export interface FigureOptions {
  /** Side of a panel's picture in pixels. Default: 240. */
  readonly side?: number;
  /** Size of letters: 1 is nine pixels high. Default: 2. */
  readonly textScale?: number;
}

const BAR_HEIGHT = 12;

/** A figure of rows of panels, the upper left corner of each row at the left; printable ASCII in titles and notes. */
export function panelFigure(rows: readonly (readonly Panel[])[], options: FigureOptions = {}): Image {
  const { side = 240, textScale = 2 } = options;
  const columns = Math.max(0, ...rows.map((row) => row.length));
  if (columns === 0) throw new Error('panelFigure: wants at least one panel');
  const gap = 6 * textScale;
  const margin = 2 * gap;
  const line = textHeight(textScale) + Math.round(gap / 2);
  const panelHeight = 2 * line + side + gap + BAR_HEIGHT + Math.round(gap / 2) + textHeight(textScale);
  const paper = createPaper(
    2 * margin + columns * side + (columns - 1) * margin,
    2 * margin + rows.length * panelHeight + (rows.length - 1) * margin,
  );
  for (const [row, panels] of rows.entries()) {
    for (const [column, panel] of panels.entries()) {
      const left = margin + column * (side + margin);
      const top = margin + row * (panelHeight + margin);
      const { title, note = '', picture, scale } = panel;
      drawText(paper, fitText(title, side, textScale), left, top, INK, textScale);
      drawText(paper, fitText(note, side, textScale), left, top + line, FAINT, textScale);
      const pictureTop = top + 2 * line;
      const fits = picture.width === side && picture.height === side;
      paste(paper, fits ? picture : resizeBilinear(picture, side, side), left, pictureTop);
      if (scale !== undefined) drawBar(paper, scale, left, pictureTop + side + gap, side, textScale);
    }
  }
  return paper;
}

/** A horizontal colour bar with the scores of its ends and its middle under it. */
function drawBar(
  paper: Image,
  { colourMap, range: [low, high] }: ColourScale,
  left: number,
  top: number,
  width: number,
  textScale: number,
): void {
  const colours = colourTable(colourMap);
  for (let x = 0; x < width; x++) {
    const entry = 3 * Math.round((255 * x) / Math.max(1, width - 1));
    for (let y = 0; y < BAR_HEIGHT; y++)
      paper.data.set(colours.subarray(entry, entry + 3), 3 * ((top + y) * paper.width + left + x));
  }
  // Ticks: the middle of a diverging scale is zero, and a reader looks for it.
  for (const x of [0, Math.floor((width - 1) / 2), width - 1])
    for (let y = 0; y < BAR_HEIGHT + 3; y++)
      if (y >= BAR_HEIGHT) paper.data.set(INK, 3 * ((top + y) * paper.width + left + x));
  const textTop = top + BAR_HEIGHT + 5;
  for (const [place, value] of [low, (low + high) / 2, high].entries()) {
    const text = formatScore(value);
    const free = width - textWidth(text, textScale);
    drawText(paper, text, left + Math.round((free * place) / 2), textTop, INK, textScale);
  }
}

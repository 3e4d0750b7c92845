/** Maps as pictures: coloured on their own, laid over the image, and a mask's outline. */
import { checkSize, createImage } from '../data/image.ts';
import type { Image } from '../data/image.ts';
import { resizeScoreMap } from '../eval/score_map.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import { colourTable, tableIndex } from './colour_map.ts';
import type { Colour, ColourMapName } from './colour_map.ts';

export interface MapColouring {
  /** `diverging` for counterfactuals, which have a sign. Default `sequential`. */
  readonly colourMap?: ColourMapName;
  /** Scores at the two ends of the colour map. Default: see `scoreRange`. */
  readonly range?: readonly [low: number, high: number];
}

export interface OverlayOptions extends MapColouring {
  /** Opacity of the strongest score, 0 to 1. Default 0.85. */
  readonly opacity?: number;
  /** How much of its own colour the picture keeps under the map, 0 to 1. Default 0.35. */
  readonly saturation?: number;
}

/**
 * The scores that the two ends of a colour map stand for: [0, maximum] for `sequential` ([minimum, maximum] when some
 * score is negative), [-m, m] with m the largest magnitude for `diverging`, so that its middle is exactly 0.
 */
export function scoreRange(map: ScoreMap, colourMap: ColourMapName): readonly [number, number] {
  let minimum = Infinity;
  let maximum = -Infinity;
  for (const score of map.data) {
    if (score < minimum) minimum = score;
    if (score > maximum) maximum = score;
  }
  if (minimum > maximum) return [0, 1];
  if (colourMap === 'diverging') {
    const magnitude = Math.max(Math.abs(minimum), Math.abs(maximum));
    return [-magnitude, magnitude];
  }
  return [Math.min(minimum, 0), maximum];
}

/** The map alone, coloured and scaled bilinearly to [height, width]. */
export function renderMap(map: ScoreMap, width: number, height: number, colouring: MapColouring = {}): Image {
  checkSize('renderMap', width, height);
  const name = colouring.colourMap ?? 'sequential';
  const colours = colourTable(name);
  const [low, high] = colouring.range ?? scoreRange(map, name);
  const image = createImage(width, height);
  resizeScoreMap(map, height, width).data.forEach((score, pixel) => {
    const entry = 3 * tableIndex(score, low, high);
    image.data.set(colours.subarray(entry, entry + 3), 3 * pixel);
  });
  return image;
}

/** How far a score is from saying nothing, 0 to 1. Not taken from the table's index: its steps would show as rings. */
export function strengthOf(score: number, low: number, high: number, colourMap: ColourMapName): number {
  const share = high > low ? Math.min(Math.max((score - low) / (high - low), 0), 1) : 0;
  return colourMap === 'diverging' ? Math.abs(2 * share - 1) : share;
}

/** The map's share of an overlay's colour at a strength, before opacity: weak evidence tints, strong evidence covers. */
export function coverage(strength: number): number {
  // A fast rise from a low floor.
  return 0.22 + 0.78 * Math.sqrt(strength);
}

/**
 * The map over the picture. A pixel shows the more of the map's colour the stronger its score (its distance from zero
 * for `diverging`), so that the picture stays visible where the map says nothing.
 */
export function overlay(image: Image, map: ScoreMap, options: OverlayOptions = {}): Image {
  const { opacity = 0.85, saturation = 0.35, colourMap: name = 'sequential' } = options;
  for (const [key, value] of Object.entries({ opacity, saturation })) {
    if (!(value >= 0 && value <= 1)) throw new Error(`overlay: ${key} must lie in [0, 1], got ${value}`);
  }
  const { width, height } = image;
  const colours = colourTable(name);
  const [low, high] = options.range ?? scoreRange(map, name);
  const out = createImage(width, height);
  resizeScoreMap(map, height, width).data.forEach((score, pixel) => {
    const entry = tableIndex(score, low, high);
    const alpha = opacity * coverage(strengthOf(score, low, high, name));
    const at = 3 * pixel;
    const [red = 0, green = 0, blue = 0] = image.data.subarray(at, at + 3);
    const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
    [red, green, blue].forEach((channel, i) => {
      const under = grey + saturation * (channel - grey);
      out.data[at + i] = Math.round(under + alpha * ((colours[3 * entry + i] ?? 0) - under));
    });
  });
  return out;
}

export interface OutlineOptions {
  readonly colour?: Colour;
  /** Width of the line in pixels. Default 1. */
  readonly thickness?: number;
}

/**
 * The picture with a mask ([height, width] of the picture, 1 inside) shown: the inside as it is, the outside dimmed, a
 * line along the border. Throws when the sizes differ.
 */
export function maskOverlay(image: Image, mask: Uint8Array, options: OutlineOptions = {}): Image {
  const { colour = [255, 214, 64], thickness = 1 } = options;
  const { width, height } = image;
  if (mask.length !== width * height) {
    throw new Error(
      `maskOverlay: mask must hold ${width}x${height} = ${width * height} pixels, got ${mask.length}`,
    );
  }
  const isInside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1;
  const out = createImage(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = isInside(x, y);
      let border = false;
      // The line lies outside the mask, so that a thin part is not covered by its own outline.
      for (let dy = -thickness; dy <= thickness && !inside && !border; dy++) {
        for (let dx = -thickness; dx <= thickness && !border; dx++) border = isInside(x + dx, y + dy);
      }
      const at = 3 * (y * width + x);
      const [red = 0, green = 0, blue = 0] = image.data.subarray(at, at + 3);
      const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
      [red, green, blue].forEach((channel, i) => {
        out.data[at + i] = border
          ? (colour[i] ?? 0)
          : inside
            ? channel
            : Math.round(0.25 * channel + 0.25 * grey);
      });
    }
  }
  return out;
}

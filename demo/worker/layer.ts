/** Maps as layers to lay over a picture. */
import type { MapName } from '../protocol.ts';
import type { ColourMapName } from '../../src/report/colour_map.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import { colourTable, tableIndex } from '../../src/report/colour_map.ts';
import { coverage, scoreRange, strengthOf } from '../../src/report/overlay.ts';
import { resizeScoreMap } from '../../src/eval/score_map.ts';

/** A map that has a sign means something by its zero; CAM's logits do not. */
export const colourMapOf = (name: MapName): ColourMapName =>
  name === 'counterfactual' ? 'diverging' : 'sequential';

/**
 * A map scaled bilinearly to width x height: its colours, the more opaque the stronger the score, and clear below `threshold` (0 to 1,
 * as a share of the strongest).
 */
export function mapLayer(
  map: ScoreMap,
  { name, width, height, threshold }: { name: MapName; width: number; height: number; threshold: number },
): ImageData {
  const colourMap = colourMapOf(name);
  const colours = colourTable(colourMap);
  const [low, high] = scoreRange(map, colourMap);
  const layer = new ImageData(width, height);
  const { data } = layer;
  resizeScoreMap(map, height, width).data.forEach((score, pixel) => {
    const strength = strengthOf(score, low, high, colourMap);
    if (strength < threshold) return;
    const entry = 3 * tableIndex(score, low, high);
    data[4 * pixel] = colours[entry] ?? 0;
    data[4 * pixel + 1] = colours[entry + 1] ?? 0;
    data[4 * pixel + 2] = colours[entry + 2] ?? 0;
    data[4 * pixel + 3] = Math.round(255 * coverage(strength));
  });
  return layer;
}

/** A canvas in the worker; throws where the browser gives none. */
export function canvasOf(
  width: number,
  height: number,
): {
  readonly canvas: OffscreenCanvas;
  readonly context: OffscreenCanvasRenderingContext2D;
} {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('The browser gives no 2D canvas in a worker.');
  return { canvas, context };
}

/** A picture with a layer over it. */
export async function composed(
  picture: ImageData,
  layer: ImageData,
  opacity: number,
): Promise<OffscreenCanvas> {
  const { canvas, context } = canvasOf(picture.width, picture.height);
  context.putImageData(picture, 0, 0);
  const bitmap = await createImageBitmap(layer);
  context.globalAlpha = opacity;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

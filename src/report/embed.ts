/** Bytes and pictures inside a page. */
import type { ColourMapName } from './colour_map.ts';
import type { Image } from '../data/image.ts';
import { colourTable } from './colour_map.ts';
import { createImage } from '../data/image.ts';

/** A picture as the bytes of a PNG file. */
export type PngEncoder = (image: Image) => Uint8Array;

export function base64(bytes: Uint8Array): string {
  let binary = '';
  // In pieces: a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCodePoint(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

export function dataUri(image: Image, encodePng: PngEncoder): string {
  return `data:image/png;base64,${base64(encodePng(image))}`;
}

/** The 256 colours of a map from left to right. */
export function colourBar(name: ColourMapName): Image {
  const bar = createImage(256, 8);
  for (let y = 0; y < bar.height; y++) bar.data.set(colourTable(name), 3 * 256 * y);
  return bar;
}

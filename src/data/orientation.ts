import type { Image } from './image.ts';
import { createImage } from './image.ts';

/** EXIF orientation, 1 to 8: 1 is upright, 3 upside down, 6 and 8 on a side, the others mirrored. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;

/** The orientation in a TIFF block (the body of EXIF); 1 if there is none or it makes no sense. */
export function tiffOrientation(block: Uint8Array): Orientation {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < 14) return 1;
  const little = block[0] === 0x49;
  const directory = view.getUint32(4, little);
  if (directory + 2 > block.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + 12 * entry;
    if (at + 12 > block.length) return 1;
    if (view.getUint16(at, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** The orientation in a JPEG's EXIF segment; 1 if there is none. */
export function jpegOrientation(bytes: Uint8Array): Orientation {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (marker === 0xda) return 1;
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (marker === 0xe1 && String.fromCharCode(...body.subarray(0, 6)) === 'Exif\0\0')
      return tiffOrientation(body.subarray(6));
    at += 2 + length;
  }
  return 1;
}

/** Turns a picture upright, as Pillow's `ImageOps.exif_transpose`. */
export function orientImage(image: Image, orientation: Orientation): Image {
  if (orientation === 1) return image;
  const { width, height, data } = image;
  const turned = orientation >= 5;
  const upright = createImage(turned ? height : width, turned ? width : height);
  // By orientation: whether the source's x and y run backwards.
  const backwards = { 2: [1, 0], 3: [1, 1], 4: [0, 1], 5: [0, 0], 6: [0, 1], 7: [1, 1], 8: [1, 0] } as const;
  const [flipX, flipY] = backwards[orientation];
  for (let y = 0, to = 0; y < upright.height; y++) {
    for (let x = 0; x < upright.width; x++, to += 3) {
      const column = turned ? y : x;
      const row = turned ? x : y;
      const from = ((flipY ? height - 1 - row : row) * width + (flipX ? width - 1 - column : column)) * 3;
      upright.data[to] = data[from] ?? 0;
      upright.data[to + 1] = data[from + 1] ?? 0;
      upright.data[to + 2] = data[from + 2] ?? 0;
    }
  }
  return upright;
}

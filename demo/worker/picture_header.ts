/** What the first bytes of a picture tell, before a browser spends memory on its pixels. */
import { jpegSize } from '../../src/data/jpeg/decode.ts';

export interface PictureHeader {
  readonly width: number;
  readonly height: number;
}

const ascii = (bytes: Uint8Array, begin: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(begin, end));

/** Width and height of a PNG, JPEG, GIF or WebP file by its beginning; null where it is none or does not reach that far. */
export function pictureHeader(bytes: Uint8Array): PictureHeader | null {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (ascii(bytes, 1, 4) === 'PNG') return { width: view.getUint32(16), height: view.getUint32(20) };
    if (view.getUint16(0) === 0xffd8) {
      const { width, height } = jpegSize(bytes);
      return { width, height };
    }
    if (ascii(bytes, 0, 4) === 'GIF8')
      return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    if (ascii(bytes, 8, 12) === 'WEBP') return webpSize(bytes, view);
  } catch {
    // Cut short or damaged: the browser's decoder has the word.
  }
  return null;
}

function webpSize(bytes: Uint8Array, view: DataView): PictureHeader | null {
  switch (ascii(bytes, 12, 16)) {
    case 'VP8X':
      return {
        width: 1 + (view.getUint32(24, true) & 0xffffff),
        height: 1 + (view.getUint32(26, true) >>> 8),
      };
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    default:
      return null;
  }
}

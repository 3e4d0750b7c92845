import type { Image, Plane } from './image.ts';
import { createPlane, ImageDecodeError } from './image.ts';
import { decodeJpeg, isJpeg, jpegSize } from './jpeg/decode.ts';
import { decodePng, isPng, pngChunk, pngSize } from './png/png.node.ts';
import { jpegOrientation, orientImage, tiffOrientation } from './orientation.ts';
import { readRegularFile } from '../runtime/regular_file.node.ts';

export interface DecodeOptions {
  /** Turn pictures upright by their EXIF orientation. Default false: the official code and Pillow's `convert` do not. */
  readonly applyOrientation?: boolean;
}

/** The file formats that are read. */
export type ImageFormat = 'jpeg' | 'png';

/**
 * Decodes a PNG or JPEG file (told by its content, not its name) to RGB as Pillow's `Image.open(...).convert('RGB')` does: grey is repeated, a
 * palette looked up, alpha and transparent colours ignored (not blended), 16-bit colour keeps its high byte, 16-bit grey saturates at 255, CMYK is taken as
 * Adobe's, the EXIF orientation ignored unless asked for. See decodeJpeg and decodePng. `name` is used in errors. Throws ImageDecodeError on a corrupt or truncated
 * file, an unknown format, or more than 100 megapixels.
 */
export function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions = {}): Image {
  return guard(name, () => {
    const format = formatOf(bytes);
    const image = format === 'png' ? decodePng(bytes) : decodeJpeg(bytes);
    if (options.applyOrientation !== true) return image;
    const exif = format === 'png' ? pngChunk(bytes, 'eXIf') : undefined;
    return orientImage(
      image,
      format === 'png' ? tiffOrientation(exif ?? new Uint8Array()) : jpegOrientation(bytes),
    );
  });
}

/** Format and size from a file's header; its pixels may still be broken. Throws ImageDecodeError. */
export function inspectImage(
  bytes: Uint8Array,
  name: string,
): { readonly format: ImageFormat; readonly width: number; readonly height: number } {
  return guard(name, () => {
    const format = formatOf(bytes);
    const { width, height } = format === 'png' ? pngSize(bytes) : jpegSize(bytes);
    return { format, width, height };
  });
}

/** Decodes to one channel as Pillow's `convert('L')`: grey as it is, colour by ITU-R 601 luma in fixed point. */
export function decodePlane(bytes: Uint8Array, name: string): Plane {
  const { width, height, data } = decodeImage(bytes, name);
  const plane = createPlane(width, height);
  for (let i = 0; i < plane.data.length; i++) {
    const red = data[i * 3] ?? 0;
    const green = data[i * 3 + 1] ?? 0;
    const blue = data[i * 3 + 2] ?? 0;
    // The weights sum to 65536, so a grey pixel keeps its value.
    plane.data[i] = (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16;
  }
  return plane;
}

/** Reads and decodes a file to RGB (see decodeImage). Throws ImageDecodeError, also when the file cannot be read. */
export async function readImage(path: string, options: DecodeOptions = {}): Promise<Image> {
  return decodeImage(await readBytes(path), path, options);
}

/** Reads and decodes a file to one channel (see decodePlane). Throws ImageDecodeError. */
export async function readPlane(path: string): Promise<Plane> {
  return decodePlane(await readBytes(path), path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path);
  } catch (error) {
    throw new ImageDecodeError(`${path}: ${reason(error)}`, { cause: error });
  }
}

function formatOf(bytes: Uint8Array): ImageFormat {
  if (isPng(bytes)) return 'png';
  if (isJpeg(bytes)) return 'jpeg';
  if (bytes.length === 0) throw new Error('the file is empty');
  const found = OTHER_FORMATS.find(([, magic]) => magic.test(String.fromCharCode(...bytes.subarray(0, 16))));
  throw new Error(`${found ? `${found[0]} is not read: ` : ''}neither a PNG nor a JPEG file`);
}

/** Formats that a data set may well hold; named so that people know what to convert. */
const OTHER_FORMATS: readonly (readonly [string, RegExp])[] = [
  ['GIF', /^GIF8/],
  ['BMP', /^BM/],
  ['WebP', /^RIFF[^]{4}WEBP/],
  ['TIFF', /^(II\*\0|MM\0\*)/],
  ['AVIF or HEIF', /^[^]{4}ftyp/],
  ['an HTML page or XML', /^\s*</],
];

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function guard<Result>(name: string, decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    throw new ImageDecodeError(`${name}: cannot decode the image: ${reason(error)}`, { cause: error });
  }
}

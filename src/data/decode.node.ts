import { readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { decode as decodeJpegBytes } from 'jpeg-js';
import { PNG } from 'pngjs';
import { ArgumentError, CalmError } from '../runtime/errors.ts';
import type { Image, Plane } from './image.ts';
import { createImage, createPlane } from './image.ts';

/** A picture that cannot be read; the message names the file and the reason. */
export class ImageDecodeError extends CalmError {
  override readonly name = 'ImageDecodeError';
}

/** Pictures above this are refused before anything is allocated. */
export const MAX_PIXELS = 100_000_000;

/** jpeg-js keeps all coefficients as int32 objects; a 100 megapixel 4:4:4 file stays below this. */
const JPEG_MEMORY_MEGABYTES = 4096;

/**
 * Decodes a PNG or JPEG file to RGB as Pillow's `convert('RGB')` does: grey is repeated, a palette looked up, alpha and
 * transparent colours ignored (not blended), the EXIF orientation ignored. 16-bit samples keep their high byte (also for
 * grey, where old Pillow versions saturate at 255). `name` is used in errors. Throws ImageDecodeError on a corrupt or truncated
 * file, an unknown format, or more than 100 megapixels.
 */
export function decodeImage(bytes: Uint8Array, name: string): Image {
  return guard(name, () => {
    if (isPng(bytes)) return decodePng(bytes);
    if (isJpeg(bytes)) return decodeJpeg(bytes);
    throw new Error(bytes.length === 0 ? 'the file is empty' : 'neither a PNG nor a JPEG file');
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
export async function readImage(path: string): Promise<Image> {
  return decodeImage(await readBytes(path), path);
}

/** Reads and decodes a file to one channel (see decodePlane). Throws ImageDecodeError. */
export async function readPlane(path: string): Promise<Plane> {
  return decodePlane(await readBytes(path), path);
}

/** An 8-bit RGB PNG file. */
export function encodePng(image: Image): Uint8Array {
  return pack(image, 3, 2);
}

/** An 8-bit grey PNG file. */
export function encodePlanePng(plane: Plane): Uint8Array {
  return pack(plane, 1, 0);
}

function pack({ width, height, data }: Plane, channels: number, colorType: 0 | 2): Uint8Array {
  if (data.length !== width * height * channels) {
    throw new ArgumentError(
      `encodePng: data holds ${data.length} bytes, expected ${width}x${height}x${channels}`,
    );
  }
  // filterType 1 (difference to the left) without trying all five on every row: twice as fast, files about as small.
  const filterType = colorType === 2 ? 1 : 0;
  const options = {
    width,
    height,
    colorType,
    inputColorType: colorType,
    bitDepth: 8,
    inputHasAlpha: false,
  } as const;
  const png = new PNG({ width, height });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return PNG.sync.write(png, { ...options, filterType, deflateLevel: 6, deflateStrategy: 0 });
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ImageDecodeError(`${path}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function guard(name: string, decode: () => Image): Image {
  try {
    return decode();
  } catch (error) {
    throw new ImageDecodeError(`${name}: cannot decode the image: ${reason(error)}`, { cause: error });
  }
}

function checkPixels(width: number, height: number): void {
  if (width < 1 || height < 1) throw new Error(`the size is ${width}x${height}`);
  if (width * height > MAX_PIXELS) throw new Error(`${width}x${height} pixels are more than ${MAX_PIXELS}`);
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.every((value, index) => bytes[index] === value);
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

const CHANNELS_OF_COLOR_TYPE = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** First column, first row, column step, row step of the seven passes of an interlaced PNG. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of the inflated scan lines, filter bytes included. Throws on a header that PNG does not allow. */
function scanLineBytes(
  width: number,
  height: number,
  depth: number,
  colorType: number,
  interlaced: boolean,
): number {
  const channels = CHANNELS_OF_COLOR_TYPE.get(colorType);
  if (channels === undefined) throw new Error(`PNG colour type ${colorType} does not exist`);
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  let bytes = 0;
  for (const [left, top, columnStep, rowStep] of passes) {
    const columns = Math.ceil((width - left) / columnStep);
    const rows = Math.ceil((height - top) / rowStep);
    if (columns > 0 && rows > 0) bytes += rows * (1 + Math.ceil((columns * channels * depth) / 8));
  }
  return bytes;
}

/**
 * Checks the file and copies it without its tRNS chunk: Pillow's convert('RGB') keeps the colour of transparent pixels, where
 * pngjs would replace it by black; and pngjs fills missing rows with zeros. Throws if chunks or pixel data are cut short.
 */
function checkedWithoutTransparency(bytes: Uint8Array): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, 8)];
  const compressed: Uint8Array[] = [];
  let expected = 0;
  let offset = 8;
  let ended = false;
  while (!ended) {
    if (offset + 12 > bytes.length) throw new Error('the PNG file is truncated');
    const end = offset + 12 + view.getUint32(offset);
    if (end > bytes.length) throw new Error('the PNG file is truncated');
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (offset === 8) {
      if (type !== 'IHDR' || end < 33) throw new Error('the PNG file does not start with its header');
      const width = view.getUint32(16);
      const height = view.getUint32(20);
      checkPixels(width, height);
      expected = scanLineBytes(width, height, view.getUint8(24), view.getUint8(25), view.getUint8(28) !== 0);
    }
    if (type === 'IDAT') compressed.push(bytes.subarray(offset + 8, end - 4));
    if (type !== 'tRNS') parts.push(bytes.subarray(offset, end));
    ended = type === 'IEND';
    offset = end;
  }
  const found = inflateSync(Buffer.concat(compressed), { maxOutputLength: expected + 1 }).length;
  if (found !== expected) throw new Error(`the PNG pixel data hold ${found} bytes, expected ${expected}`);
  return Buffer.concat(parts);
}

function decodePng(bytes: Uint8Array): Image {
  const file = checkedWithoutTransparency(bytes);
  const deep = file[24] === 16;
  // With skipRescale 16-bit samples arrive as they are in the file.
  const png = PNG.sync.read(file, deep ? { skipRescale: true } : {});
  const image = createImage(png.width, png.height);
  const rgba: Uint8Array | Uint16Array = png.data;
  const shift = deep ? 8 : 0;
  for (let from = 0, to = 0; to < image.data.length; from += 4) {
    image.data[to++] = (rgba[from] ?? 0) >> shift;
    image.data[to++] = (rgba[from + 1] ?? 0) >> shift;
    image.data[to++] = (rgba[from + 2] ?? 0) >> shift;
  }
  return image;
}

interface JpegHeader {
  /** Adobe APP14 colour transform: 0 = none (RGB or CMYK), 1 = YCbCr, 2 = YCCK; undefined without the marker. */
  readonly adobeTransform: number | undefined;
  readonly components: number;
}

/** Walks the markers up to the frame header. Throws on a size out of bounds and on frames that jpeg-js would misread. */
function readJpegHeader(bytes: Uint8Array): JpegHeader {
  const word = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  let adobeTransform: number | undefined;
  let offset = 2;
  while (offset + 4 <= bytes.length) {
    if (bytes[offset] !== 0xff) throw new Error(`no JPEG marker at byte ${offset}`);
    const marker = bytes[offset + 1] ?? 0;
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    const body = offset + 4;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (marker > 0xc2) throw new Error('lossless, hierarchical and arithmetic-coded JPEG is not supported');
      if (bytes[body] !== 8)
        throw new Error(`JPEG with ${String(bytes[body])} bits a sample is not supported`);
      checkPixels(word(body + 3), word(body + 1));
      return { adobeTransform, components: bytes[body + 5] ?? 0 };
    }
    if (marker === 0xda || marker === 0xd9) break;
    if (marker === 0xee && String.fromCharCode(...bytes.subarray(body, body + 5)) === 'Adobe') {
      adobeTransform = bytes[body + 11];
    }
    offset += 2 + word(offset + 2);
  }
  throw new Error('the JPEG file has no frame header');
}

/** True if an end-of-image marker stands behind the last scan; files without are truncated. */
function hasEndOfImage(bytes: Uint8Array): boolean {
  for (let at = bytes.length - 2; at >= 2; at--)
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

function decodeJpeg(bytes: Uint8Array): Image {
  const { adobeTransform, components } = readJpegHeader(bytes);
  if (!hasEndOfImage(bytes)) throw new Error('the JPEG file is truncated (no end-of-image marker)');
  // Three components are YCbCr unless Adobe's marker says RGB: jpeg-js has to be told.
  const colorTransform = components === 3 && adobeTransform === 0 ? false : undefined;
  const { width, height, data } = decodeJpegBytes(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: MAX_PIXELS / 1e6,
    maxMemoryUsageInMB: JPEG_MEMORY_MEGABYTES,
    ...(colorTransform === undefined ? {} : { colorTransform }),
  });
  return { width, height, data };
}

import { ArgumentError, CalmError } from '../runtime/errors.ts';

/** A picture that cannot be read; the message names the file and the reason. */
export class ImageDecodeError extends CalmError {
  override readonly name = 'ImageDecodeError';
}

/** Pictures above this are refused before anything is allocated. */
export const MAX_PIXELS = 100_000_000;

/** Throws an Error unless a file's header gives a size that may be allocated. */
export function checkPixelCount(width: number, height: number): void {
  if (width < 1 || height < 1) throw new Error(`the size is ${width}x${height}`);
  if (width * height > MAX_PIXELS) throw new Error(`${width}x${height} pixels are more than ${MAX_PIXELS}`);
}

/** An RGB picture: `data` is [height, width, 3] uint8, row-major, as Pillow's `convert('RGB')` gives it. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One channel of uint8 values, [height, width]: a mask, a segmentation, a label map. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A black picture. Throws an ArgumentError unless both sides are positive integers. */
export function createImage(width: number, height: number): Image {
  checkSize('createImage', width, height);
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/** A plane of zeros. Throws an ArgumentError unless both sides are positive integers. */
export function createPlane(width: number, height: number): Plane {
  checkSize('createPlane', width, height);
  return { width, height, data: new Uint8Array(width * height) };
}

/** Copies the rectangle whose upper left pixel is (left, top). Throws an ArgumentError if it leaves the picture. */
export function cropImage(image: Image, left: number, top: number, width: number, height: number): Image {
  const cropped = createImage(width, height);
  const inside =
    Number.isInteger(left) &&
    Number.isInteger(top) &&
    left >= 0 &&
    top >= 0 &&
    left + width <= image.width &&
    top + height <= image.height;
  if (!inside) {
    throw new ArgumentError(
      `cropImage: rectangle ${width}x${height} at (${left}, ${top}) leaves the ${image.width}x${image.height} image`,
    );
  }
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * 3;
    cropped.data.set(image.data.subarray(start, start + width * 3), y * width * 3);
  }
  return cropped;
}

/** Mirrors left and right. */
export function flipImage(image: Image): Image {
  const { width, height, data } = image;
  const flipped = createImage(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      flipped.data.set(data.subarray(from, from + 3), (y * width + (width - 1 - x)) * 3);
    }
  }
  return flipped;
}

/** Throws an ArgumentError naming `caller` unless both sides are positive integers. */
export function checkSize(caller: string, width: number, height: number): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new ArgumentError(
      `${caller}: width and height must be positive integers, got ${String(width)}x${String(height)}`,
    );
  }
}

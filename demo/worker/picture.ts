/** Pictures from files: decoded by the browser, turned upright, scaled to what can be shown. */
import type { Image } from '../../src/data/image.ts';
import type { PictureDescription } from '../protocol.ts';
import { InputError } from './failure.ts';
import { createImage, MAX_PIXELS } from '../../src/data/image.ts';
import { MAX_SHOWN } from '../protocol.ts';
import { pictureHeader } from './picture_header.ts';

/** A picture that has been opened. */
export interface Picture extends Omit<PictureDescription, 'shown'> {
  /** Of at most MAX_SHOWN pixels a side; what the network's square is scaled from. */
  readonly image: Image;
}

/** Enough of a file to reach its header behind a preview and a colour profile. */
const HEADER_BYTES = 2 ** 20;

const megapixels = (width: number, height: number): string => ((width * height) / 1e6).toFixed(0);

/**
 * Opens a picture of any format that the browser reads; of an animation its first frame, and a photo turned by its EXIF orientation.
 * Rejects with InputError when it cannot be read, or is larger than MAX_PIXELS.
 */
export async function openPicture(file: Blob, name: string): Promise<Picture> {
  if (file.size === 0) throw new InputError(`${name} is empty.`);
  const header = pictureHeader(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()));
  if (header !== null && header.width * header.height > MAX_PIXELS) {
    const { width, height } = header;
    throw new InputError(
      `${name} has ${megapixels(width, height)} megapixels (${width} × ${height}); this page takes up to ${MAX_PIXELS / 1e6}. Scale it down first.`,
    );
  }
  const bitmap = await decode(file, name);
  try {
    const { width, height } = bitmap;
    if (width * height > MAX_PIXELS)
      throw new InputError(
        `${name} has ${megapixels(width, height)} megapixels; this page takes up to ${MAX_PIXELS / 1e6}.`,
      );
    const image = scaledImage(bitmap);
    const isScaled = Math.max(width, height) > MAX_SHOWN;
    const notes = [
      (await isAnimated(file)) ? 'It is animated; its first frame is explained.' : '',
      isScaled ? `Scaled down to ${image.width} × ${image.height}.` : '',
    ];
    return { name, width, height, note: notes.filter(Boolean).join(' '), image };
  } finally {
    bitmap.close();
  }
}

async function decode(file: Blob, name: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (cause) {
    throw new InputError(
      `${name} is no picture that this browser can read: it is damaged or of another format. JPEG, PNG and WebP work everywhere.`,
      { cause },
    );
  }
}

/** The picture as RGB, at most MAX_SHOWN pixels a side, over white where it is transparent. */
function scaledImage(bitmap: ImageBitmap): Image {
  const scale = Math.min(1, MAX_SHOWN / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new InputError('The browser gives no canvas to scale the picture on.');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const image = createImage(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    image.data[3 * pixel] = data[4 * pixel] ?? 0;
    image.data[3 * pixel + 1] = data[4 * pixel + 1] ?? 0;
    image.data[3 * pixel + 2] = data[4 * pixel + 2] ?? 0;
  }
  return image;
}

/** Browsers without ImageDecoder cannot say; the first frame is what they show as well. */
async function isAnimated(file: Blob): Promise<boolean> {
  if (typeof ImageDecoder === 'undefined' || !/^image\/(gif|webp|png|apng|avif)$/.test(file.type))
    return false;
  try {
    const decoder = new ImageDecoder({ data: await file.arrayBuffer(), type: file.type });
    await decoder.tracks.ready;
    const animated = (decoder.tracks.selectedTrack?.frameCount ?? 1) > 1;
    decoder.close();
    return animated;
  } catch {
    return false;
  }
}

/** RGBA, opaque, for a canvas. */
export function imageData({ width, height, data }: Image): ImageData {
  const pixels = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    pixels.data[4 * pixel] = data[3 * pixel] ?? 0;
    pixels.data[4 * pixel + 1] = data[3 * pixel + 1] ?? 0;
    pixels.data[4 * pixel + 2] = data[3 * pixel + 2] ?? 0;
    pixels.data[4 * pixel + 3] = 255;
  }
  return pixels;
}

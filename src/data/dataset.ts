import { CalmError } from '../runtime/errors.ts';
import type { Image } from './image.ts';

/** A labelled set of pictures of which each can be loaded on its own, in any order. */
export interface Dataset {
  /** For messages and reports, such as `CUB_200_2011 (train)`. */
  readonly name: string;
  /** Class names by label. */
  readonly classNames: readonly string[];
  readonly length: number;
  /** Class of sample i, 0-based. Throws an ArgumentError unless 0 <= i < length. */
  label(index: number): number;
  /** Name of sample i, unique in the set: the image id of the metadata lists. */
  imageId(index: number): string;
  /** Reads and decodes sample i. Rejects with an ImageDecodeError naming the file. */
  load(index: number): Promise<Image>;
  /** The file that `load` reads, where there is one: a PictureDecoder may read it on another thread. */
  source?(index: number): PictureSource;
}

/** A picture on disk, and how it is to be read. */
export interface PictureSource {
  readonly path: string;
  /** Turn it upright by its EXIF orientation. */
  readonly applyOrientation: boolean;
}

/** Decodes and resizes pictures, on threads of its own if it has any. In Node: createDecoderPool. */
export interface PictureDecoder {
  /**
   * The picture resized to `side` x `side` as resizeBilinear does: [side, side, 3]. Rejects with an ImageDecodeError naming the file, or with the
   * signal's reason if the picture was not begun before it fired.
   */
  resized(source: PictureSource, side: number, signal: AbortSignal): Promise<Uint8Array>;
}

/** A data set on disk is incomplete or malformed; the message names the files and what was expected of them. */
export class DatasetError extends CalmError {
  override readonly name = 'DatasetError';
}

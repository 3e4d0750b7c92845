import type { DatasetKind, ImageDataset, Split } from '../../src/data/image_dataset.ts';
import { openRegularFile } from '../../src/runtime/regular_file.node.ts';
import { pathExists } from '../../src/data/path_exists.node.ts';
import { createDecoderPool } from '../../src/data/decoder_pool.node.ts';
import { ImageDecodeError } from '../../src/data/image.ts';
import { inspectImage } from '../../src/data/decode.node.ts';
import { countingProgress } from '../progress.ts';

/** How many there are, and the first few. */
export interface Findings {
  readonly count: number;
  readonly examples: readonly string[];
}

/** What a split holds, and what is wrong with it. */
export interface SplitReport {
  readonly name: string;
  readonly kind: DatasetKind;
  readonly split: Split;
  readonly images: number;
  readonly classes: number;
  /** Fewest and most images that a class has; classes without any count as 0. */
  readonly imagesPerClass: { readonly least: number; readonly most: number };
  /** Images with sizes, boxes and masks in the lists. */
  readonly annotated: { readonly sizes: number; readonly boxes: number; readonly masks: number };
  /** File formats by content. */
  readonly formats: Readonly<Record<string, number>>;
  /** Formats that the names belie, such as a PNG called .JPEG (which is fine). */
  readonly misnamed: Findings;
  readonly missing: Findings;
  /** With `decode` pictures that cannot be decoded, else those whose header is broken. */
  readonly broken: Findings;
  /** Pictures of another size than image_sizes.txt says. */
  readonly otherSize: Findings;
  /** Boxes that leave their picture. */
  readonly boxesOutside: Findings;
}

export interface CheckOptions {
  /** Decode every picture. */
  readonly decode: boolean;
  readonly workers?: number;
}

/** Enough for all that stands before a JPEG's frame header, embedded previews and colour profiles included, as a rule; more is read where it is not. */
const HEADER_BYTES = 1 << 17;
/** Files looked at a time. */
const AT_A_TIME = 32;
const MAX_EXAMPLES = 10;

/** Looks at every picture and mask of a split. */
export async function checkSplit(dataset: ImageDataset, options: CheckOptions): Promise<SplitReport> {
  const perClass = new Uint32Array(dataset.classNames.length);
  const annotated = { sizes: 0, boxes: 0, masks: 0 };
  const formats: Record<string, number> = {};
  const [misnamed, missing, broken, otherSize, boxesOutside] = [found(), found(), found(), found(), found()];
  const pool = createDecoderPool(options.workers === undefined ? {} : { workers: options.workers });
  const { signal } = new AbortController();

  const look = async (index: number): Promise<void> => {
    const path = dataset.path(index);
    const masks = dataset.maskPaths(index);
    perClass[dataset.label(index)] = (perClass[dataset.label(index)] ?? 0) + 1;
    if (masks.length > 0) annotated.masks++;
    for (const mask of masks) if (!(await pathExists(mask))) missing.add(mask);
    try {
      // Where the lists do not say, of the file itself, which may be broken.
      const stated = dataset.size(index);
      const boxes = dataset.boxes(index);
      if (stated) annotated.sizes++;
      if (boxes.length > 0) annotated.boxes++;
      if (!(await pathExists(path))) {
        missing.add(path);
        return;
      }
      const { format, width, height } = await inspectFile(path);
      formats[format] = (formats[format] ?? 0) + 1;
      if (!(format === 'png' ? /\.png$/i : /\.jpe?g$/i).test(path)) misnamed.add(`${path}: ${format}`);
      if (stated && (stated.width !== width || stated.height !== height))
        otherSize.add(`${path}: ${width}x${height}, the list says ${stated.width}x${stated.height}`);
      for (const { x0, y0, x1, y1 } of boxes)
        if (x0 < 0 || y0 < 0 || x1 > width || y1 > height)
          boxesOutside.add(`${path}: ${[x0, y0, x1, y1].join(',')} in ${width}x${height}`);
      // A small side: it is the decoding that is wanted, not the picture.
      if (options.decode) await pool.resized(dataset.source(index), 8, signal);
    } catch (error) {
      if (!(error instanceof ImageDecodeError)) throw error;
      broken.add(error.message);
    }
  };

  const progress = countingProgress(`checking ${dataset.split}`);
  try {
    for (let start = 0; start < dataset.length; start += AT_A_TIME) {
      const end = Math.min(start + AT_A_TIME, dataset.length);
      await Promise.all(Array.from({ length: end - start }, (_, offset) => look(start + offset)));
      progress(end, dataset.length);
    }
  } finally {
    await pool.dispose();
  }
  return {
    name: dataset.name,
    kind: dataset.kind,
    split: dataset.split,
    images: dataset.length,
    classes: dataset.classNames.length,
    imagesPerClass: { least: Math.min(...perClass), most: Math.max(...perClass) },
    annotated,
    formats,
    misnamed,
    missing,
    broken,
    otherSize,
    boxesOutside,
  };
}

/** Findings that grow; the order of the files decides which are the examples. */
function found(): Findings & { add(text: string): void } {
  const examples: string[] = [];
  const findings = {
    count: 0,
    examples,
    add(text: string) {
      findings.count++;
      if (examples.length < MAX_EXAMPLES) examples.push(text);
    },
  };
  return findings;
}

async function inspectFile(path: string): Promise<ReturnType<typeof inspectImage>> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    for (let length = Math.min(HEADER_BYTES, size); ; length = size) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      try {
        return inspectImage(buffer.subarray(0, bytesRead), path);
      } catch (error) {
        if (length >= size) throw error;
      }
    }
  } finally {
    await file.close();
  }
}

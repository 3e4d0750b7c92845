import { closeSync, readFileSync, readSync } from 'node:fs';
import type { Box, SplitLists } from './lists.ts';
import type { Split } from './image_dataset.ts';
import { namedLines, numericLines } from './cub_annotations.ts';
import { DatasetError } from './dataset.ts';
import { ImageDecodeError } from './image.ts';
import { inspectImage } from './decode.node.ts';
import { join } from 'node:path';
import { LAYOUTS } from './layouts.ts';
import { openRegularFileSync } from '../runtime/regular_file.node.ts';
import { pathExists } from './path_exists.node.ts';
import { readTexts } from './read_lists.node.ts';

/** CUB-200-2011's own split of its pictures. */
export const CUB_SPLIT_FILE = 'train_test_split.txt';
const FILES = ['images.txt', 'image_class_labels.txt', CUB_SPLIT_FILE] as const;

/**
 * The lists that CUB-200-2011 itself comes with, of `train` or `test`: the same images in the same order as wsolevaluation's. Boxes are as annotated, which a few
 * times leaves the picture. Throws a DatasetError naming file and line, or the image that has no class or split.
 */
export async function readCubLists(folder: string, split: Split): Promise<SplitLists> {
  if (split === 'val')
    throw new DatasetError(
      `${folder}: its own ${CUB_SPLIT_FILE} knows no val split (that of wsolevaluation's lists is CUBV2)`,
    );
  const texts = await readTexts(folder, FILES, LAYOUTS.cub);
  const numbers = (file: (typeof FILES)[number]): ReadonlyMap<number, number> =>
    new Map(
      numericLines(join(folder, file), texts.get(file) ?? '', 2).map(([id = 0, value = 0]) => [id, value]),
    );
  const classOf = numbers('image_class_labels.txt');
  const isTrainingOf = numbers(CUB_SPLIT_FILE);
  const boxOf = await readBoxes(folder);

  const imageIds: string[] = [];
  const labels: number[] = [];
  const boxes = new Map<number, readonly Box[]>();
  const seen = new Set<string>();
  for (const [id, file] of namedLines(join(folder, 'images.txt'), texts.get('images.txt') ?? '', {
    arePaths: true,
  })) {
    const classId = classOf.get(id);
    const isTraining = isTrainingOf.get(id);
    if (
      classId === undefined ||
      !Number.isInteger(classId) ||
      classId < 1 ||
      (isTraining !== 0 && isTraining !== 1)
    )
      throw new DatasetError(
        `${folder}: image ${id} (${file}) has no class in image_class_labels.txt, or neither 0 nor 1 in ${CUB_SPLIT_FILE}`,
      );
    if (seen.size === seen.add(file).size)
      throw new DatasetError(`${join(folder, 'images.txt')}: ${file} is there twice`);
    if ((isTraining === 1) !== (split === 'train')) continue;
    const box = boxOf.get(id);
    if (box !== undefined) boxes.set(imageIds.length, [box]);
    imageIds.push(file);
    labels.push(classId - 1);
  }
  return { imageIds, labels: Uint32Array.from(labels), sizes: undefined, boxes, masks: new Map() };
}

async function readBoxes(folder: string): Promise<ReadonlyMap<number, Box>> {
  const file = 'bounding_boxes.txt';
  if (!(await pathExists(join(folder, file)))) return new Map();
  const texts = await readTexts(folder, [file], LAYOUTS.cub);
  const lines = numericLines(join(folder, file), texts.get(file) ?? '', 5);
  return new Map(
    lines.map(([id = 0, x = 0, y = 0, width = 0, height = 0]) => [
      id,
      { x0: x, y0: y, x1: x + width, y1: y + height },
    ]),
  );
}

/** A box that ends within its picture, at the last pixel: so wsolevaluation's lists have it, of all 11,788 images. */
export function clipBox(
  { x0, y0, x1, y1 }: Box,
  size: { readonly width: number; readonly height: number },
): Box {
  return { x0, y0, x1: Math.min(x1, size.width - 1), y1: Math.min(y1, size.height - 1) };
}

/** Enough for all that stands before a JPEG's frame header as a rule; the whole file is read where it is not. */
const HEADER_BYTES = 1 << 15;

/** Width and height from the header of a picture's file. Throws ImageDecodeError. */
export function readImageSize(path: string): { readonly width: number; readonly height: number } {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openPicture(path);
  try {
    const { width, height } = inspectImage(header.subarray(0, readSync(file, header)), path);
    return { width, height };
  } catch {
    const { width, height } = inspectImage(readFileSync(path), path);
    return { width, height };
  } finally {
    closeSync(file);
  }
}

function openPicture(path: string): number {
  try {
    return openRegularFileSync(path);
  } catch (error) {
    throw new ImageDecodeError(`${path}: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
}

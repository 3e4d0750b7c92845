import type { Image } from '../../src/data/image.ts';
import type { TrainingBatch } from '../../src/train/batch.ts';
import { basename, extname, join } from 'node:path';
import { ImageDecodeError } from '../../src/data/image.ts';
import { readImage } from '../../src/data/decode.node.ts';
import { pictureNames } from '../../src/data/class_folders.node.ts';
import { readFile, stat } from 'node:fs/promises';
import { nonEmptyLines } from '../../src/data/lists.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { resizeBilinear } from '../../src/data/resize.ts';

/** A picture to read, and what its result files are called (without extension). */
export interface PictureFile {
  readonly path: string;
  readonly name: string;
}

/** A picture that was read. */
export interface Picture extends PictureFile {
  readonly image: Image;
}

/** A picture that could not be. */
export interface Failure {
  readonly path: string;
  readonly message: string;
}

/** The pictures that paths name: files as they are, of a folder those in it, by name. Throws ArgumentError for a folder without any. */
export async function picturePaths(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const status = await stat(path).catch(() => null);
      if (status?.isDirectory() !== true) return [path];
      const names = await pictureNames(path);
      if (names.length === 0)
        throw new ArgumentError(`${path}: there is no .png, .jpg or .jpeg in this folder`);
      return names.map((name) => join(path, name));
    }),
  );
  return found.flat();
}

/** Reads some pictures; those that cannot be read are told apart, not thrown. */
export async function readPictures(
  files: readonly PictureFile[],
): Promise<{ readonly pictures: readonly Picture[]; readonly failures: readonly Failure[] }> {
  const pictures: Picture[] = [];
  const failures: Failure[] = [];
  for (const file of files) {
    try {
      pictures.push({ ...file, image: await readImage(file.path) });
    } catch (error) {
      if (!(error instanceof ImageDecodeError)) throw error;
      // The message names the path already.
      failures.push({ path: file.path, message: error.message });
    }
  }
  return { pictures, failures };
}

/** Scales all pictures to a square, as Pillow and torchvision do, and lays them side by side: one batch without labels. */
export function batchOf(pictures: readonly Picture[], size: number): TrainingBatch {
  const bytes = size * size * 3;
  const images = new Uint8Array(pictures.length * bytes);
  for (const [index, { image }] of pictures.entries())
    images.set(resizeBilinear(image, size, size).data, index * bytes);
  return {
    images,
    height: size,
    width: size,
    crop: size,
    labels: new Uint32Array(pictures.length),
    crops: new Int32Array(2 * pictures.length),
    flips: new Uint8Array(pictures.length),
  };
}

/** Names the results of each path: by the picture's own name, numbered where several are called the same. */
export function nameResults(paths: readonly string[]): PictureFile[] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const stem = basename(path, extname(path));
    let name = stem;
    for (let count = 2; taken.has(name); count++) name = `${stem}-${count}`;
    taken.add(name);
    return { path, name };
  });
}

/**
 * Reads a list of labels, `ID,LABEL` a line, as CALM's class_labels.txt; returns what finds the label of a path: by the id as the
 * path's end, else by the file's name alone, where one id only has it.
 * @throws ArgumentError naming a line that is not so
 */
export async function readLabels(file: string): Promise<(path: string) => number | undefined> {
  const byId = new Map<string, number>();
  const byName = new Map<string, number | undefined>();
  for (const [index, line] of nonEmptyLines(await readFile(file, 'utf8')).entries()) {
    const [, id, label] = /^(.+),\s*(\d+)\s*$/.exec(line) ?? [];
    if (id === undefined) {
      throw new ArgumentError(
        `${file}, line ${index + 1}: got "${line}", wanted an image id, a comma and a label`,
      );
    }
    byId.set(id, Number(label));
    const name = basename(id);
    byName.set(name, byName.has(name) ? undefined : Number(label));
  }
  return (path) => {
    const parts = path.replaceAll('\\', '/').split('/');
    for (let first = 0; first < parts.length; first++) {
      const label = byId.get(parts.slice(first).join('/'));
      if (label !== undefined) return label;
    }
    return byName.get(basename(path));
  };
}

/** Reads class names, one a line, by label. */
export async function readClassNames(file: string): Promise<readonly string[]> {
  return nonEmptyLines(await readFile(file, 'utf8')).map((line) => line.trim());
}

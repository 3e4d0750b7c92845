import { DatasetError } from './dataset.ts';

/** A box in pixels of the original picture: corners (x0, y0) and (x1, y1), as the lists give them. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Files of an image's object masks, below the data root. */
export interface MaskFiles {
  readonly instances: readonly string[];
  /** What is neither object nor background for certain. */
  readonly ignore: string | undefined;
}

/** The lists of one split as CALM and wsolevaluation keep them, by position in `image_ids.txt`. Lean enough for ILSVRC's 1.28 million lines. */
export interface SplitLists {
  readonly imageIds: readonly string[];
  /** 0-based. */
  readonly labels: Uint32Array;
  /** [N, 2]: width and height in pixels; 0 where image_sizes.txt has no line. undefined without the file. */
  readonly sizes: Uint32Array | undefined;
  /** By position; images without a box are left out. */
  readonly boxes: ReadonlyMap<number, readonly Box[]>;
  /** By position; images without a mask are left out. */
  readonly masks: ReadonlyMap<number, MaskFiles>;
}

/** The text of the files, and what errors call them. */
export interface ListTexts {
  /** Folder of the lists, for errors. */
  readonly source: string;
  /** Name of the first file: `image_ids.txt` or `image_ids_proxy.txt`. */
  readonly idsFile?: string;
  readonly imageIds: string;
  readonly classLabels: string;
  readonly imageSizes?: string | undefined;
  readonly localization?: string | undefined;
  /** Labels must be below it, where it is known. */
  readonly classes?: number;
}

/**
 * Parses `image_ids.txt` (one id a line: a path below the data root), `class_labels.txt` (id,label), `image_sizes.txt` (id,width,height) and `localization.txt` (boxes,
 * id,x0,y0,x1,y1, or masks, id,mask,ignore with an empty ignore from the second line of an image on; any number of lines an image). The last two
 * may be missing. Windows line ends, blank lines and a byte order mark are fine; lines about images that image_ids.txt does not name are passed over
 * (the proxy list is a part of the others). Throws a DatasetError naming file and line if a line is malformed, a path leaves the data root, an id
 * occurs twice, a label is out of range or missing.
 */
export function parseLists(texts: ListTexts): SplitLists {
  const { source, idsFile = 'image_ids.txt', classes = Infinity } = texts;
  const imageIds = parseImageIds(`${source}/${idsFile}`, texts.imageIds);
  const positions = new Positions(imageIds);

  const labelsFile = `${source}/class_labels.txt`;
  const labels = new Uint32Array(imageIds.length).fill(MISSING);
  eachLine(texts.classLabels, (line, number) => {
    const comma = line.lastIndexOf(',');
    const label = wholeNumber(line.slice(comma + 1));
    if (comma < 1 || label === undefined) fail(labelsFile, number, line, 'an image id and a label >= 0');
    if (label >= classes) fail(labelsFile, number, line, `a label below ${classes}, the number of classes`);
    if (label >= MOST_CLASSES) fail(labelsFile, number, line, `a label below ${MOST_CLASSES}`);
    const position = positions.find(line.slice(0, comma));
    if (position === undefined) return;
    if (labels[position] !== MISSING) fail(labelsFile, number, line, 'an image that has no label yet');
    labels[position] = label;
  });
  const unlabelled = labels.indexOf(MISSING);
  if (unlabelled >= 0)
    throw new DatasetError(`${labelsFile}: ${(imageIds[unlabelled] ?? '').slice(0, 200)} has no label`);

  const sizes =
    texts.imageSizes === undefined
      ? undefined
      : parseSizes(`${source}/image_sizes.txt`, texts.imageSizes, positions);
  const { boxes, masks } = parseLocalization(
    `${source}/localization.txt`,
    texts.localization ?? '',
    positions,
  );
  return { imageIds, labels, sizes, boxes, masks };
}

/** More than any data set has; a name is made for each, however short the lists are. */
const MOST_CLASSES = 1_000_000;

/** The number of classes by the highest label of a class_labels.txt, and the folder that each label's images lie in where there is but one. */
export function surveyLabels(text: string): {
  readonly classes: number;
  readonly folders: ReadonlyMap<number, string>;
} {
  const folders = new Map<number, string>();
  let classes = 0;
  eachLine(text, (line) => {
    const comma = line.lastIndexOf(',');
    const label = wholeNumber(line.slice(comma + 1));
    // parseLists refuses it.
    if (label === undefined || label >= MOST_CLASSES) return;
    classes = Math.max(classes, label + 1);
    const slash = line.lastIndexOf('/', comma);
    const start = line.lastIndexOf('/', slash - 1) + 1;
    const known = folders.get(label);
    // Comparing in place: most of ILSVRC's million lines repeat the folder of the line before.
    if (known === undefined) folders.set(label, slash < 0 ? '' : line.slice(start, slash));
    else if (known !== '' && !(slash - start === known.length && line.startsWith(known, start)))
      folders.set(label, '');
  });
  // Nor is what would lead elsewhere a name: parseLists refuses such ids.
  for (const [label, name] of folders) if (name === '' || /[\\:]|^\.\.?$/.test(name)) folders.delete(label);
  return { classes, folders };
}

/** Throws a DatasetError unless `path` is relative and stays below the folder that it is relative to. */
export function checkRelativePath(path: string, file: string, line: number): void {
  const leaves = path.startsWith('/') || path.includes('\\') || path.includes('\0') || /^[a-z]:/i.test(path);
  if (leaves || (path.includes('..') && path.split('/').includes('..')))
    fail(file, line, path, 'a path below the data folder, with slashes and without ".."');
}

/** The lines of a text without their ends, blank ones left out. */
export function nonEmptyLines(text: string): string[] {
  const lines: string[] = [];
  eachLine(text, (line) => lines.push(line));
  return lines;
}

/** Calls back with each line that is not blank and its number, from 1. A byte order mark and carriage returns are dropped. */
export function eachLine(text: string, visit: (line: string, number: number) => void): void {
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  for (let number = 1; start < text.length; number++) {
    const newline = text.indexOf('\n', start);
    const next = newline < 0 ? text.length : newline;
    const end = next > start && text.charCodeAt(next - 1) === 13 ? next - 1 : next;
    const line = text.slice(start, end);
    if (line.trim() !== '') visit(line, number);
    start = next + 1;
  }
}

/** A label that has not been seen. */
const MISSING = 0xffffffff;

function fail(file: string, line: number, got: string, wanted: string): never {
  throw new DatasetError(`${file}, line ${line}: got "${got.slice(0, 200)}", wanted ${wanted}`);
}

function wholeNumber(text: string): number | undefined {
  const value = Number(text);
  return text.trim() !== '' && Number.isInteger(value) && value >= 0 && value < MISSING ? value : undefined;
}

function parseImageIds(file: string, text: string): string[] {
  const imageIds: string[] = [];
  const seen = new Set<string>();
  eachLine(text, (line, number) => {
    checkRelativePath(line, file, number);
    if (seen.size === seen.add(line).size) fail(file, number, line, 'each image once');
    imageIds.push(line);
  });
  return imageIds;
}

/** Finds the position of an id. The files list images in the same order as a rule: then no table is ever made. */
class Positions {
  readonly ids: readonly string[];
  #next = 0;
  #table: Map<string, number> | undefined;

  constructor(ids: readonly string[]) {
    this.ids = ids;
  }

  find(id: string): number | undefined {
    for (let guess = Math.max(this.#next - 1, 0); guess <= this.#next; guess++) {
      if (this.ids[guess] !== id) continue;
      this.#next = guess + 1;
      return guess;
    }
    if (this.#next >= this.ids.length && this.ids[0] === id) {
      this.#next = 1;
      return 0;
    }
    this.#table ??= new Map(this.ids.map((known, position) => [known, position]));
    const found = this.#table.get(id);
    if (found !== undefined) this.#next = found + 1;
    return found;
  }
}

function parseSizes(file: string, text: string, positions: Positions): Uint32Array {
  const sizes = new Uint32Array(positions.ids.length * 2);
  eachLine(text, (line, number) => {
    const [id, [width = 0, height = 0]] = splitNumbers(file, number, line, 2);
    if (!(width >= 1 && height >= 1 && Number.isInteger(width) && Number.isInteger(height)))
      fail(file, number, line, 'an image id, a width and a height');
    const position = positions.find(id);
    if (position === undefined) return;
    const [before = 0, beforeHeight = 0] = sizes.subarray(position * 2);
    if (before !== 0 && (before !== width || beforeHeight !== height))
      fail(file, number, line, `one size an image; it had ${before}x${beforeHeight} before`);
    sizes[position * 2] = width;
    sizes[position * 2 + 1] = height;
  });
  return sizes;
}

function parseLocalization(
  file: string,
  text: string,
  positions: Positions,
): { readonly boxes: Map<number, Box[]>; readonly masks: Map<number, MaskFiles> } {
  const boxes = new Map<number, Box[]>();
  const masks = new Map<number, { instances: string[]; ignore: string | undefined }>();
  // One kind of line a file, so that a mistyped number is not taken for a mask.
  let holdsMasks: boolean | undefined;
  eachLine(text, (line, number) => {
    holdsMasks ??= !/,\s*-?[\d.]+\s*$/.test(line);
    if (!holdsMasks) {
      const [id, [x0 = 0, y0 = 0, x1 = 0, y1 = 0]] = splitNumbers(file, number, line, 4);
      if (x1 < x0 || y1 < y0) fail(file, number, line, 'corners x0,y0,x1,y1 with x0 <= x1 and y0 <= y1');
      const position = positions.find(id);
      if (position === undefined) return;
      const known = boxes.get(position);
      if (known) known.push({ x0, y0, x1, y1 });
      else boxes.set(position, [{ x0, y0, x1, y1 }]);
      return;
    }
    const last = line.lastIndexOf(',');
    const middle = line.lastIndexOf(',', last - 1);
    const [id, mask, ignore] = [
      line.slice(0, middle),
      line.slice(middle + 1, last),
      line.slice(last + 1).trim(),
    ];
    if (middle < 1 || mask === '')
      fail(file, number, line, 'an image id, a mask and an ignore mask or nothing');
    checkRelativePath(mask, file, number);
    if (ignore !== '') checkRelativePath(ignore, file, number);
    const position = positions.find(id);
    if (position === undefined) return;
    const known = masks.get(position);
    if (!known) masks.set(position, { instances: [mask], ignore: ignore === '' ? undefined : ignore });
    else if (ignore === '') known.instances.push(mask);
    else fail(file, number, line, 'an ignore mask in the first line of an image only');
  });
  return { boxes, masks };
}

/** The id and the last `count` numbers of a line (an id may hold commas itself). */
function splitNumbers(file: string, number: number, line: string, count: number): [string, number[]] {
  const fields = line.split(',');
  const numbers = fields.slice(-count).map((field) => (field.trim() === '' ? Number.NaN : Number(field)));
  const id = fields.slice(0, -count).join(',');
  if (id === '' || !numbers.every(Number.isFinite))
    fail(file, number, line, `an image id and ${count} numbers`);
  return [id, numbers];
}

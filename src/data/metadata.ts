import { DatasetError } from './dataset.ts';

/** A box in pixels of the original picture: corners (x0, y0) and (x1, y1), as the lists give them. */
export interface MetadataBox {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** The lists of one split as CALM and wsolevaluation keep them: `metadata/{train,val,test}/*.txt`. */
export interface Metadata {
  readonly imageIds: readonly string[];
  /** 0-based. */
  readonly labels: ReadonlyMap<string, number>;
  readonly sizes: ReadonlyMap<string, { readonly width: number; readonly height: number }>;
  /** An image may have several boxes. */
  readonly boxes: ReadonlyMap<string, readonly MetadataBox[]>;
}

/** The text of the four files; `source` (their folder) is used in errors. */
export interface MetadataText {
  readonly source: string;
  readonly imageIds: string;
  readonly classLabels: string;
  readonly imageSizes: string;
  readonly localization: string;
}

/**
 * Parses `image_ids.txt` (one id a line), `class_labels.txt` (id,label), `image_sizes.txt` (id,width,height) and
 * `localization.txt` (id,x0,y0,x1,y1; any number of lines an image). Throws a DatasetError naming file and line if a line is malformed, an
 * id occurs twice in image_ids, or an id has no label or size.
 */
export function parseMetadata(text: MetadataText): Metadata {
  const imageIds = nonEmptyLines(text.imageIds);
  const labels = new Map<string, number>();
  const labelsFile = `${text.source}/class_labels.txt`;
  eachRecord(labelsFile, text.classLabels, 1, (id, [label = -1], fail) => {
    if (!Number.isInteger(label) || label < 0) fail('an image id and a label >= 0');
    labels.set(id, label);
  });
  const sizes = new Map<string, { width: number; height: number }>();
  const sizesFile = `${text.source}/image_sizes.txt`;
  eachRecord(sizesFile, text.imageSizes, 2, (id, [width = 0, height = 0], fail) => {
    if (width < 1 || height < 1) fail('an image id, a width and a height');
    sizes.set(id, { width, height });
  });
  const boxes = new Map<string, MetadataBox[]>();
  const boxesFile = `${text.source}/localization.txt`;
  eachRecord(boxesFile, text.localization, 4, (id, [x0 = 0, y0 = 0, x1 = 0, y1 = 0]) => {
    const known = boxes.get(id);
    if (known) known.push({ x0, y0, x1, y1 });
    else boxes.set(id, [{ x0, y0, x1, y1 }]);
  });
  const seen = new Set<string>();
  for (const id of imageIds) {
    if (seen.has(id)) throw new DatasetError(`${text.source}/image_ids.txt: ${id} occurs twice`);
    if (!labels.has(id)) throw new DatasetError(`${labelsFile}: ${id} has no label`);
    if (!sizes.has(id)) throw new DatasetError(`${sizesFile}: ${id} has no size`);
    seen.add(id);
  }
  return { imageIds, labels, sizes, boxes };
}

/** The lines of a text without their ends, blank ones left out. */
export function nonEmptyLines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

/** Calls back with the id and the last `count` comma-separated numbers of each line (an id may hold commas itself). */
function eachRecord(
  file: string,
  text: string,
  count: number,
  visit: (id: string, numbers: readonly number[], fail: (wanted: string) => never) => void,
): void {
  for (const [index, line] of nonEmptyLines(text).entries()) {
    const fail = (wanted: string): never => {
      throw new DatasetError(`${file}, line ${index + 1}: got "${line}", wanted ${wanted}`);
    };
    const fields = line.split(',');
    const numbers = fields.slice(-count).map((field) => (field.trim() === '' ? Number.NaN : Number(field)));
    const id = fields.slice(0, -count).join(',');
    if (id === '' || !numbers.every(Number.isFinite)) fail(`an image id and ${count} numbers`);
    visit(id, numbers, fail);
  }
}

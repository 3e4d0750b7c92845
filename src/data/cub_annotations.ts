import { DatasetError } from './dataset.ts';
import { checkRelativePath, nonEmptyLines } from './lists.ts';

/** What CUB-200-2011 says of one image. Coordinates in pixels of the original picture. */
export interface CubImage {
  /** As in images.txt, 1-based. */
  readonly id: number;
  /** Path below images/, as in images.txt; the image id of the metadata lists. */
  readonly file: string;
  /** 1-based, as in classes.txt. */
  readonly classId: number;
  readonly isTraining: boolean;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Part name (`left eye`) to its point; parts that are not visible are left out. */
  readonly visibleParts: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
}

/** All annotations of a folder in the layout of CUB-200-2011. */
export interface CubAnnotations {
  /** Class id to folder name, `001.Black_footed_Albatross`. */
  readonly classNames: ReadonlyMap<number, string>;
  /** In the order of their ids, `has_bill_shape::dagger`. */
  readonly attributeNames: readonly string[];
  /** Class id to percentages, one an attribute. */
  readonly classAttributes: ReadonlyMap<number, Float64Array>;
  /** In the order of their ids, `back`. */
  readonly partNames: readonly string[];
  /** By file. */
  readonly images: ReadonlyMap<string, CubImage>;
}

/** The annotation files below the folder. */
export const CUB_ANNOTATION_FILES = [
  'classes.txt',
  'images.txt',
  'image_class_labels.txt',
  'train_test_split.txt',
  'bounding_boxes.txt',
  'attributes/attributes.txt',
  'attributes/class_attribute_labels_continuous.txt',
  'parts/parts.txt',
  'parts/part_locs.txt',
] as const;
export type CubAnnotationFile = (typeof CUB_ANNOTATION_FILES)[number];

/**
 * Parses the annotation files, given as text; `source` (their folder) is used in errors. Throws a DatasetError naming file and line
 * if a line is malformed, and one naming the image if an image has no class, split or box.
 */
export function parseCubAnnotations(
  source: string,
  text: Readonly<Record<CubAnnotationFile, string>>,
): CubAnnotations {
  const numbers = (file: CubAnnotationFile, count: number): number[][] =>
    numericLines(`${source}/${file}`, text[file], count);
  const names = (file: CubAnnotationFile): Map<number, string> =>
    namedLines(`${source}/${file}`, text[file], {
      arePaths: file === 'classes.txt' || file === 'images.txt',
    });

  const classNames = names('classes.txt');
  const attributeNames = [...names('attributes/attributes.txt').values()];
  const classAttributes = new Map<number, Float64Array>();
  const percentages = numbers('attributes/class_attribute_labels_continuous.txt', attributeNames.length);
  for (const [index, row] of percentages.entries()) classAttributes.set(index + 1, Float64Array.from(row));
  if (classAttributes.size !== classNames.size) {
    throw new DatasetError(
      `${source}/attributes/class_attribute_labels_continuous.txt: ${classAttributes.size} lines, wanted one for each of ${classNames.size} classes`,
    );
  }

  const partNamesById = names('parts/parts.txt');
  const parts = new Map<number, Map<string, { x: number; y: number }>>();
  for (const [image = 0, part = 0, x = 0, y = 0, visible = 0] of numbers('parts/part_locs.txt', 5)) {
    if (visible === 0) continue;
    const name = partNamesById.get(part);
    if (name === undefined)
      throw new DatasetError(`${source}/parts/part_locs.txt: image ${image} has unknown part ${part}`);
    let points = parts.get(image);
    if (!points) parts.set(image, (points = new Map()));
    points.set(name, { x, y });
  }

  const classOf = new Map(
    numbers('image_class_labels.txt', 2).map(([image = 0, label = 0]) => [image, label]),
  );
  const splitOf = new Map(
    numbers('train_test_split.txt', 2).map(([image = 0, training = 0]) => [image, training]),
  );
  const boxOf = new Map(
    numbers('bounding_boxes.txt', 5).map(([image = 0, x = 0, y = 0, width = 0, height = 0]) => [
      image,
      { x, y, width, height },
    ]),
  );
  const images = new Map<string, CubImage>();
  for (const [id, file] of names('images.txt')) {
    const classId = classOf.get(id);
    const training = splitOf.get(id);
    const box = boxOf.get(id);
    if (classId === undefined || training === undefined || box === undefined) {
      throw new DatasetError(`${source}: image ${id} (${file}) has no class, split or bounding box`);
    }
    images.set(file, {
      id,
      file,
      classId,
      isTraining: training === 1,
      box,
      visibleParts: parts.get(id) ?? new Map(),
    });
  }
  return { classNames, attributeNames, classAttributes, partNames: [...partNamesById.values()], images };
}

/** Lines "number rest of the line". Throws a DatasetError naming file and line, also where names are to be paths and one leaves the folder. */
export function namedLines(
  file: string,
  text: string,
  { arePaths }: { readonly arePaths: boolean },
): Map<number, string> {
  const names = new Map<number, string>();
  for (const [index, line] of nonEmptyLines(text).entries()) {
    const space = line.indexOf(' ');
    const id = Number(line.slice(0, Math.max(space, 0)));
    if (space < 1 || !Number.isInteger(id)) {
      throw new DatasetError(
        `${file}, line ${index + 1}: got "${line.slice(0, 60)}", wanted a number and a name`,
      );
    }
    const name = line.slice(space + 1).trim();
    if (arePaths) checkRelativePath(name, file, index + 1);
    names.set(id, name);
  }
  return names;
}

/** Lines of `count` numbers between blanks. Throws a DatasetError naming file and line. */
export function numericLines(file: string, text: string, count: number): number[][] {
  return nonEmptyLines(text).map((line, index) => {
    const values = line.trim().split(/\s+/).map(Number);
    if (values.length !== count || !values.every(Number.isFinite)) {
      throw new DatasetError(
        `${file}, line ${index + 1}: got "${line.slice(0, 60)}", wanted ${count} numbers`,
      );
    }
    return values;
  });
}

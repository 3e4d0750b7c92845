/**
 * Which parts tell two classes of CUB-200-2011 apart, and where those parts are in an image: the logic of the official
 * `CUBTrait` (CALM, section 5.2 of the paper). Class, image, attribute and part ids start at 1, as in the data set's files.
 */

/** The seven cue parts in their order of precedence; the id of a cue part is its position here plus 1. */
export const CUE_PARTS = ['head', 'back', 'belly', 'breast', 'tail', 'leg', 'wing'] as const;

/** An attribute belongs to a class when at least this share of its annotators (percent) say so. */
const PRESENT_PERCENT = 50;

/** An attribute speaks of a cue part when its whole name contains one of these words. */
const ATTRIBUTE_WORDS: readonly (readonly string[])[] = [
  ['bill', 'beak', 'crown', 'forehead', 'eye', 'nape', 'throat', 'head'],
  ['back'],
  ['belly'],
  ['breast'],
  ['tail'],
  ['leg'],
  ['wing'],
];

/** The annotated parts of the data set behind each centre, in the order in which centres win ties. */
const CENTRE_SOURCES: readonly { readonly cuePart: number; readonly partNames: readonly string[] }[] = [
  { cuePart: 1, partNames: ['beak', 'crown', 'forehead', 'left eye', 'right eye', 'nape', 'throat'] },
  { cuePart: 2, partNames: ['back'] },
  { cuePart: 3, partNames: ['belly'] },
  { cuePart: 4, partNames: ['breast'] },
  { cuePart: 5, partNames: ['tail'] },
  { cuePart: 6, partNames: ['left leg'] },
  { cuePart: 6, partNames: ['right leg'] },
  { cuePart: 7, partNames: ['left wing'] },
  { cuePart: 7, partNames: ['right wing'] },
];

/** What the attribute logic reads: the tables of `attributes/`. */
export interface CubAttributes {
  /** Names such as `has_wing_color::blue`, in the order of their ids. */
  readonly attributeNames: readonly string[];
  /** Class id -> percent of annotators per attribute, [attributes]. */
  readonly classAttributes: ReadonlyMap<number, ArrayLike<number>>;
}

/** One image's part annotation. Only visible parts are listed; coordinates in pixels of the original image. */
export interface CubPartAnnotation {
  readonly width: number;
  readonly height: number;
  /** Name of the annotated part (`left eye`) -> its point. */
  readonly visibleParts: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
}

/** A point that stands for a cue part, in whole pixels of the scaled image. */
export interface PartCentre {
  readonly cuePart: number;
  readonly x: number;
  readonly y: number;
}

/** Where a part map's outline comes from: the segmentation, a bounding box in its place, or exact part labels. */
export type CueMaskSource = 'segmentation' | 'box' | 'exact';

/** Where the cue parts of an image are. */
export interface PartMap {
  readonly source: CueMaskSource;
  readonly size: number;
  /** [size, size]: id of the cue part, 0 outside the bird. */
  readonly labels: Uint8Array;
  /** Ids of the cue parts that the image shows. */
  readonly visible: ReadonlySet<number>;
}

/** Box in pixels of the original image. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Ids of the cue parts of which an attribute speaks, ascending; none for those of the whole bird. */
export function cuePartsOfAttribute(attributeName: string): number[] {
  return ATTRIBUTE_WORDS.flatMap((words, i) =>
    words.some((word) => attributeName.includes(word)) ? [i + 1] : [],
  );
}

function attributesOfClass(attributes: CubAttributes, classId: number): ArrayLike<number> {
  const row = attributes.classAttributes.get(classId);
  if (row === undefined) throw new Error(`differingCueParts: no attributes for class id ${classId}`);
  if (row.length !== attributes.attributeNames.length) {
    throw new Error(
      `differingCueParts: class id ${classId} has ${row.length} attribute values, ` +
        `wanted ${attributes.attributeNames.length}`,
    );
  }
  return row;
}

/** Ids of the cue parts with an attribute that one class has and the other has not, ascending. */
export function differingCueParts(
  attributes: CubAttributes,
  firstClass: number,
  secondClass: number,
): number[] {
  const first = attributesOfClass(attributes, firstClass);
  const second = attributesOfClass(attributes, secondClass);
  const parts = new Set<number>();
  attributes.attributeNames.forEach((name, i) => {
    const inFirst = (first[i] ?? 0) >= PRESENT_PERCENT;
    const inSecond = (second[i] ?? 0) >= PRESENT_PERCENT;
    if (inFirst !== inSecond) for (const part of cuePartsOfAttribute(name)) parts.add(part);
  });
  return [...parts].toSorted((a, b) => a - b);
}

export interface ClassPair {
  readonly firstClass: number;
  readonly secondClass: number;
  /** Ids of the cue parts that tell the two apart, ascending. */
  readonly differingParts: readonly number[];
}

/**
 * All pairs of the given classes (default: all that have attributes) that differ in 1 to `maximumParts` cue parts,
 * by number of parts, then by class ids. The paper's table 1 uses 1 to 3.
 */
export function cueClassPairs(
  attributes: CubAttributes,
  maximumParts = 3,
  classIds?: Iterable<number>,
): ClassPair[] {
  const ids = [...(classIds ?? attributes.classAttributes.keys())].toSorted((a, b) => a - b);
  const pairs: ClassPair[] = [];
  ids.forEach((firstClass, i) => {
    for (const secondClass of ids.slice(i + 1)) {
      const differingParts = differingCueParts(attributes, firstClass, secondClass);
      if (differingParts.length >= 1 && differingParts.length <= maximumParts) {
        pairs.push({ firstClass, secondClass, differingParts });
      }
    }
  });
  return pairs.toSorted((a, b) => a.differingParts.length - b.differingParts.length);
}

/**
 * The centres of the visible cue parts in the image scaled to [size, size], in the order in which they win ties. The
 * head is the mean of its visible parts; the two legs and the two wings stay apart. Throws on an annotated part which
 * CUB-200-2011 does not have.
 */
export function cuePartCentres(image: CubPartAnnotation, size: number): PartCentre[] {
  const known = new Set(CENTRE_SOURCES.flatMap((source) => source.partNames));
  for (const name of image.visibleParts.keys()) {
    if (!known.has(name)) throw new Error(`cuePartCentres: unknown part '${name}'`);
  }
  const centres: PartCentre[] = [];
  for (const { cuePart, partNames } of CENTRE_SOURCES) {
    const points = partNames.flatMap((name) => image.visibleParts.get(name) ?? []);
    if (points.length === 0) continue;
    const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
    const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
    centres.push({
      cuePart,
      x: Math.trunc((x * size) / image.width),
      y: Math.trunc((y * size) / image.height),
    });
  }
  return centres;
}

/**
 * Gives every pixel of the segmentation [size, size] (non-zero = bird) to the nearest centre; of centres at the same
 * integer squared distance the first wins. `source` says what the segmentation is: `box` for `boxSegmentation`. Throws
 * when there is no centre, as officially.
 */
export function nearestPartMap(
  centres: readonly PartCentre[],
  segmentation: Uint8Array,
  size: number,
  source: 'segmentation' | 'box' = 'segmentation',
): PartMap {
  if (centres.length === 0) throw new Error('nearestPartMap: the image shows no part');
  if (segmentation.length !== size * size) {
    throw new Error(
      `nearestPartMap: segmentation must hold ${size}x${size} = ${size * size} pixels, got ${segmentation.length}`,
    );
  }
  const labels = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const pixel = y * size + x;
      if (segmentation[pixel] === 0) continue;
      let best = Infinity;
      for (const centre of centres) {
        const distance = (x - centre.x) ** 2 + (y - centre.y) ** 2;
        if (distance < best) {
          best = distance;
          labels[pixel] = centre.cuePart;
        }
      }
    }
  }
  return { source, size, labels, visible: new Set(centres.map((centre) => centre.cuePart)) };
}

/** A part map from exact labels [size, size] (0 = background or hidden), such as birdlets have by construction. */
export function exactPartMap(labels: Uint8Array, size: number): PartMap {
  if (labels.length !== size * size) {
    throw new Error(
      `exactPartMap: labels must hold ${size}x${size} = ${size * size} pixels, got ${labels.length}`,
    );
  }
  const visible = new Set<number>();
  for (const label of labels) {
    if (label > CUE_PARTS.length) {
      throw new Error(`exactPartMap: labels must be 0 to ${CUE_PARTS.length}, got ${label}`);
    }
    if (label > 0) visible.add(label);
  }
  return { source: 'exact', size, labels, visible };
}

/** Mask [size, size] of the given cue parts (1 inside), or null when the image shows none of them. */
export function cueMask(partMap: PartMap, parts: readonly number[]): Uint8Array | null {
  if (!parts.some((part) => partMap.visible.has(part))) return null;
  const wanted = new Uint8Array(256);
  for (const part of parts) wanted[part] = 1;
  return partMap.labels.map((label) => wanted[label] ?? 0);
}

/** A bounding box as a stand-in for a missing segmentation, scaled to [size, size]; pixels whose centre is inside are 1. */
export function boxSegmentation(box: Box, imageWidth: number, imageHeight: number, size: number): Uint8Array {
  const mask = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    const imageY = ((y + 0.5) * imageHeight) / size;
    if (imageY < box.y || imageY >= box.y + box.height) continue;
    for (let x = 0; x < size; x++) {
      const imageX = ((x + 0.5) * imageWidth) / size;
      if (imageX >= box.x && imageX < box.x + box.width) mask[y * size + x] = 1;
    }
  }
  return mask;
}

import { ArgumentError } from '../../runtime/errors.ts';
import type { Color } from './geometry.ts';

/** The seven parts of a birdlet; label i + 1 in part maps (0 is background). The order is that of CALM's cue evaluation. */
export const BIRD_PARTS = ['head', 'back', 'belly', 'breast', 'tail', 'leg', 'wing'] as const;
export type BirdPart = (typeof BIRD_PARTS)[number];

/** The colour names of CUB-200-2011's attributes, in its order. */
export const COLOR_NAMES = [
  'blue',
  'brown',
  'iridescent',
  'purple',
  'rufous',
  'grey',
  'yellow',
  'olive',
  'green',
  'pink',
  'orange',
  'black',
  'white',
  'red',
  'buff',
] as const;
export type ColorName = (typeof COLOR_NAMES)[number];

export const PALETTE: Record<ColorName, Color> = {
  blue: [38, 98, 214],
  brown: [122, 78, 44],
  iridescent: [40, 150, 150],
  purple: [128, 58, 176],
  rufous: [172, 78, 38],
  grey: [138, 144, 150],
  yellow: [250, 208, 36],
  olive: [122, 122, 52],
  green: [58, 158, 74],
  pink: [240, 130, 165],
  orange: [246, 128, 24],
  black: [36, 34, 40],
  white: [244, 242, 236],
  red: [216, 40, 38],
  buff: [224, 194, 146],
};

export type Pattern = 'solid' | 'striped' | 'spotted';

/** What a class says of one part. */
export interface PartLook {
  readonly color: ColorName;
  readonly pattern: Pattern;
  /** Heads only: feathers standing up. */
  readonly crested?: boolean;
}

export type Plumage = Readonly<Record<BirdPart, PartLook>>;

/** The looks of the plain birdlet, and of each part where a class departs from it. */
const PLAIN: Plumage = {
  head: { color: 'blue', pattern: 'solid' },
  back: { color: 'brown', pattern: 'solid' },
  belly: { color: 'white', pattern: 'solid' },
  breast: { color: 'buff', pattern: 'solid' },
  tail: { color: 'blue', pattern: 'solid' },
  leg: { color: 'black', pattern: 'solid' },
  wing: { color: 'blue', pattern: 'solid' },
};
const CHANGED: Plumage = {
  head: { color: 'red', pattern: 'solid', crested: true },
  back: { color: 'green', pattern: 'solid' },
  belly: { color: 'yellow', pattern: 'solid' },
  breast: { color: 'red', pattern: 'spotted' },
  tail: { color: 'white', pattern: 'striped' },
  leg: { color: 'orange', pattern: 'solid' },
  wing: { color: 'yellow', pattern: 'striped' },
};

/**
 * Name and changed parts of each class. Two classes differ in exactly the parts that one of the two lists has and the other has
 * not, and any first four or more classes hold pairs with one, two and three differing parts. The legs are thin, so they never
 * differ alone.
 */
const DESIGNS: readonly (readonly [string, readonly BirdPart[]])[] = [
  ['Plain_Birdlet', []],
  ['Gold_winged_Birdlet', ['wing']],
  ['Ember_breasted_Birdlet', ['breast']],
  ['Gold_winged_Bartail', ['wing', 'tail']],
  ['Scarlet_Birdlet', ['breast', 'head']],
  ['Moss_backed_Bartail', ['tail', 'back']],
  ['Lemon_Birdlet', ['wing', 'belly']],
  ['Crested_Birdlet', ['head']],
  ['Painted_Wader', ['breast', 'leg', 'belly']],
  ['Moss_backed_Crest', ['head', 'back']],
  ['Common_Bartail', ['tail']],
  ['Royal_Bartail', ['wing', 'head', 'tail']],
];

/** How many classes there are to choose from. */
export const MAX_CLASSES = DESIGNS.length;

/** A class of the data set. */
export interface BirdletClass {
  readonly name: string;
  readonly plumage: Plumage;
}

/** The first `count` classes. Throws an ArgumentError unless 2 <= count <= MAX_CLASSES. */
export function birdletClasses(count: number): readonly BirdletClass[] {
  if (!Number.isInteger(count) || count < 2 || count > MAX_CLASSES) {
    throw new ArgumentError(
      `birdletClasses: count must be an integer in [2, ${MAX_CLASSES}], got ${String(count)}`,
    );
  }
  return DESIGNS.slice(0, count).map(([name, changed]) => ({
    name,
    plumage: Object.fromEntries(
      BIRD_PARTS.map((part) => [part, (changed.includes(part) ? CHANGED : PLAIN)[part]]),
    ) as Plumage,
  }));
}

/** The parts in which two classes look different, in the order of BIRD_PARTS. */
export function differingParts(a: BirdletClass, b: BirdletClass): readonly BirdPart[] {
  return BIRD_PARTS.filter((part) => {
    const one = a.plumage[part];
    const other = b.plumage[part];
    return one.color !== other.color || one.pattern !== other.pattern || one.crested !== other.crested;
  });
}

/** Colours that tell classes apart: background blobs wear them too, so that a colour histogram gives nothing away. */
export const CUE_COLORS: readonly ColorName[] = [
  'blue',
  'yellow',
  'red',
  'white',
  'green',
  'brown',
  'buff',
  'orange',
  'black',
];

interface AttributeFamily {
  readonly prefix: string;
  readonly values: readonly string[];
  /** The values that hold for a plumage. */
  readonly present: (plumage: Plumage) => readonly string[];
}

const PATTERN_VALUES = ['solid', 'spotted', 'striped', 'multi-colored'];

function colorFamily(prefix: string, part: BirdPart): AttributeFamily {
  return { prefix, values: COLOR_NAMES, present: (plumage) => [plumage[part].color] };
}

function patternFamily(prefix: string, part: BirdPart): AttributeFamily {
  return { prefix, values: PATTERN_VALUES, present: (plumage) => [plumage[part].pattern] };
}

/** Families of CUB-200-2011 (names as there), those that birdlets can show. */
const FAMILIES: readonly AttributeFamily[] = [
  colorFamily('has_wing_color', 'wing'),
  patternFamily('has_breast_pattern', 'breast'),
  colorFamily('has_back_color', 'back'),
  colorFamily('has_upper_tail_color', 'tail'),
  {
    prefix: 'has_head_pattern',
    values: ['spotted', 'crested', 'plain', 'striped'],
    present: ({ head }) => [head.crested === true ? 'crested' : 'plain'],
  },
  colorFamily('has_breast_color', 'breast'),
  colorFamily('has_throat_color', 'head'),
  colorFamily('has_forehead_color', 'head'),
  colorFamily('has_under_tail_color', 'tail'),
  colorFamily('has_nape_color', 'head'),
  colorFamily('has_belly_color', 'belly'),
  { prefix: 'has_shape', values: ['perching-like', 'owl-like'], present: () => ['perching-like'] },
  patternFamily('has_back_pattern', 'back'),
  patternFamily('has_tail_pattern', 'tail'),
  patternFamily('has_belly_pattern', 'belly'),
  colorFamily('has_leg_color', 'leg'),
  colorFamily('has_crown_color', 'head'),
  patternFamily('has_wing_pattern', 'wing'),
];

/** Attribute names in CUB's spelling, for example `has_wing_color::blue`. */
export const ATTRIBUTE_NAMES: readonly string[] = FAMILIES.flatMap(({ prefix, values }) =>
  values.map((value) => `${prefix}::${value}`),
);

/** Whether each attribute of ATTRIBUTE_NAMES holds for the class. */
export function classAttributes({ plumage }: BirdletClass): readonly boolean[] {
  return FAMILIES.flatMap(({ values, present }) => {
    const holding = present(plumage);
    return values.map((value) => holding.includes(value));
  });
}

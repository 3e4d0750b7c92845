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

const solid = (color: ColorName): PartLook => ({ color, pattern: 'solid' });
const striped = (color: ColorName): PartLook => ({ color, pattern: 'striped' });
const spotted = (color: ColorName): PartLook => ({ color, pattern: 'spotted' });
const crested = (color: ColorName): PartLook => ({ color, pattern: 'solid', crested: true });

/**
 * What the species of a genus share. Genera look different in more than three parts, so that only two species of one genus are told
 * apart by one, two or three of them.
 */
const FINCH: Plumage = {
  head: solid('blue'),
  back: solid('brown'),
  belly: solid('white'),
  breast: solid('buff'),
  tail: solid('blue'),
  leg: solid('black'),
  wing: solid('brown'),
};
const BARTAIL: Plumage = {
  head: solid('grey'),
  back: solid('olive'),
  belly: solid('buff'),
  breast: solid('orange'),
  tail: solid('grey'),
  leg: solid('orange'),
  wing: solid('purple'),
};
const BUNTING: Plumage = {
  head: solid('black'),
  back: solid('rufous'),
  belly: solid('grey'),
  breast: solid('rufous'),
  tail: solid('brown'),
  leg: solid('pink'),
  wing: solid('blue'),
};

/**
 * Name, genus, and the parts that tell a species from the others of its genus: one part of a finch, two of a bartail, three of a bunting.
 * Each of these looks belongs to one species alone, so that every single part is a sufficient cue. In this order any first
 * six or more classes hold pairs with one, two and three differing parts. The legs are thin, so they are never a cue. Stripes and spots
 * are the birds' alone: leaves and berries wear the colours, but not the patterns.
 */
const DESIGNS: readonly (readonly [string, Plumage, Partial<Plumage>])[] = [
  ['Gold_winged_Finch', FINCH, { wing: striped('yellow') }],
  ['Ember_winged_Finch', FINCH, { wing: spotted('red') }],
  ['Scarlet_Bartail', BARTAIL, { head: crested('red'), tail: striped('white') }],
  ['Golden_Bartail', BARTAIL, { head: solid('yellow'), tail: striped('red') }],
  ['Meadow_Bunting', BUNTING, { back: striped('green'), belly: spotted('yellow'), breast: spotted('red') }],
  ['Snow_Bunting', BUNTING, { back: spotted('white'), belly: striped('orange'), breast: striped('yellow') }],
  ['Snow_winged_Finch', FINCH, { wing: striped('white') }],
  ['Moss_winged_Finch', FINCH, { wing: striped('green') }],
  ['Snowy_Bartail', BARTAIL, { head: solid('white'), tail: striped('yellow') }],
  ['Mossy_Bartail', BARTAIL, { head: crested('green'), tail: striped('green') }],
  ['Ember_Bunting', BUNTING, { back: striped('red'), belly: spotted('purple'), breast: spotted('blue') }],
  [
    'Gold_backed_Bunting',
    BUNTING,
    { back: striped('yellow'), belly: striped('red'), breast: striped('white') },
  ],
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
  return DESIGNS.slice(0, count).map(([name, genus, cues]) => ({ name, plumage: { ...genus, ...cues } }));
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
  'grey',
  'purple',
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

/**
 * Two perceptually uniform colour maps, built here from a few anchor colours: a smooth curve through the anchors in
 * CIELAB, cut into 256 pieces of equal colour difference (CIE76), so that equal steps of the score look equally large.
 * Both keep their order without hue (the lightness is monotonic on each side), so they read in print and with
 * colour-blind eyes.
 */

export type Colour = readonly [red: number, green: number, blue: number];

/** `sequential`: dark (nothing) to light (much). `diverging`: blue (negative), near-white (zero), vermilion (positive). */
export type ColourMapName = 'sequential' | 'diverging';

/** 256 RGB colours as [256, 3] uint8. */
export type ColourTable = Uint8Array;

const ENTRIES = 256;
const SAMPLES_PER_SPAN = 256;

type Lab = readonly [lightness: number, a: number, b: number];

// Anchors in sRGB. Their lightness rises evenly; the hue runs from indigo through rose and orange to straw.
const SEQUENTIAL: readonly Colour[] = [
  [9, 9, 27],
  [47, 23, 92],
  [112, 31, 115],
  [176, 48, 103],
  [229, 83, 74],
  [250, 142, 62],
  [252, 200, 98],
  [252, 248, 205],
];
// The two arms have the same lightness at the same distance from zero, about 37 at the ends.
const NEGATIVE_ARM: readonly Colour[] = [
  [24, 84, 152],
  [61, 130, 196],
  [158, 196, 228],
  [246, 245, 242],
];
const POSITIVE_ARM: readonly Colour[] = [
  [246, 245, 242],
  [245, 184, 140],
  [218, 101, 40],
  [166, 58, 12],
];

// CIE 1931 XYZ of the D65 white point.
const WHITE = [0.95047, 1, 1.08883] as const;

function linearLight(channel: number): number {
  const value = channel / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function gammaEncoded(light: number): number {
  const value = light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(Math.max(value, 0), 1));
}

/** sRGB [0, 255] to CIELAB (D65). */
export function labOfColour([red, green, blue]: Colour): Lab {
  const [r, g, b] = [linearLight(red), linearLight(green), linearLight(blue)];
  const compress = (ratio: number): number =>
    ratio > 216 / 24389 ? Math.cbrt(ratio) : (ratio * 841) / 108 + 4 / 29;
  const x = compress((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / WHITE[0]);
  const y = compress((0.2126729 * r + 0.7151522 * g + 0.072175 * b) / WHITE[1]);
  const z = compress((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / WHITE[2]);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function colourOfLab([lightness, a, b]: Lab): Colour {
  const expand = (value: number): number => (value > 6 / 29 ? value ** 3 : (108 / 841) * (value - 4 / 29));
  const middle = (lightness + 16) / 116;
  const x = WHITE[0] * expand(middle + a / 500);
  const y = WHITE[1] * expand(middle);
  const z = WHITE[2] * expand(middle - b / 200);
  return [
    gammaEncoded(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
    gammaEncoded(-0.969266 * x + 1.8760108 * y + 0.041556 * z),
    gammaEncoded(0.0556434 * x - 0.2040259 * y + 1.0572252 * z),
  ];
}

/** CIE76 colour difference. */
export function colourDifference(first: Lab, second: Lab): number {
  return Math.hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
}

/** Catmull-Rom through the anchors, densely sampled. */
function denseCurve(anchors: readonly Colour[]): Lab[] {
  const points = anchors.map(labOfColour);
  const curve: Lab[] = [];
  for (let span = 0; span + 1 < points.length; span++) {
    const last = span + 2 === points.length;
    for (let i = 0; i < SAMPLES_PER_SPAN + (last ? 1 : 0); i++) {
      const t = i / SAMPLES_PER_SPAN;
      const component = (axis: 0 | 1 | 2): number => {
        const b = points[span]?.[axis] ?? 0;
        const c = points[span + 1]?.[axis] ?? 0;
        // Beyond an end the curve goes straight on.
        const a = points[span - 1]?.[axis] ?? 2 * b - c;
        const d = points[span + 2]?.[axis] ?? 2 * c - b;
        return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      };
      curve.push([component(0), component(1), component(2)]);
    }
  }
  return curve;
}

/** `count` colours at equal distances along the curve. */
function evenColours(anchors: readonly Colour[], count: number): Colour[] {
  const curve = denseCurve(anchors);
  const lengths = [0];
  for (let i = 1; i < curve.length; i++) {
    const [before, here] = [curve[i - 1], curve[i]];
    if (before && here) lengths.push((lengths[i - 1] ?? 0) + colourDifference(before, here));
  }
  const total = lengths.at(-1) ?? 0;
  let position = 0;
  return Array.from({ length: count }, (_, i) => {
    const wanted = (total * i) / (count - 1);
    while (position + 1 < curve.length && (lengths[position + 1] ?? 0) <= wanted) position++;
    return colourOfLab(curve[position] ?? [0, 0, 0]);
  });
}

function table(colours: readonly Colour[]): ColourTable {
  return Uint8Array.from(colours.flat());
}

const TABLES: Readonly<Record<ColourMapName, ColourTable>> = {
  sequential: table(evenColours(SEQUENTIAL, ENTRIES)),
  diverging: table([...evenColours(NEGATIVE_ARM, ENTRIES / 2), ...evenColours(POSITIVE_ARM, ENTRIES / 2)]),
};

/** The table of a colour map; throws on an unknown name. */
export function colourTable(name: ColourMapName): ColourTable {
  const found = TABLES[name] as ColourTable | undefined;
  if (found === undefined) {
    throw new Error(`colourTable: name must be ${Object.keys(TABLES).join(' or ')}, got '${String(name)}'`);
  }
  return found;
}

/** Index into a table for `value` in [low, high]; values beyond are clamped, NaN counts as `low`. */
export function tableIndex(value: number, low: number, high: number): number {
  const share = high > low ? (value - low) / (high - low) : 0;
  return Math.min(Math.max(Math.round((Number.isNaN(share) ? 0 : share) * (ENTRIES - 1)), 0), ENTRIES - 1);
}

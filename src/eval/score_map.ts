/**
 * Score maps on the CPU: scaling to the image, normalisation to [0, 1], and the counterfactual difference, each as the
 * official code of CALM does it (`util.resize_scoremap`, `util.normalize_scoremap`, `eval_cue_location.py`).
 */

/** A map of scores [height, width], row-major, unitless. */
export interface ScoreMap {
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/**
 * `max`: divide by the maximum, clip to [0, 1]. `minmax`: move the minimum to 0, divide by the new maximum.
 * `clipping`: clip to [0, 1] without rescaling, for maps which are probabilities already.
 */
export type Normalisation = (typeof NORMALISATIONS)[number];

export const NORMALISATIONS = ['max', 'minmax', 'clipping'] as const;

function checkScoreMap(operation: string, map: ScoreMap): void {
  const { height, width, data } = map;
  if (!(Number.isInteger(height) && height > 0 && Number.isInteger(width) && width > 0)) {
    throw new Error(`${operation}: height and width must be positive integers, got ${height}x${width}`);
  }
  if (data.length !== height * width) {
    throw new Error(
      `${operation}: data must hold ${height}x${width} = ${height * width} scores, got ${data.length}`,
    );
  }
}

function clamp01(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}

/**
 * Scales a map to [0, 1]; a new map of the same shape, computed in float32 (`util.normalize_scoremap`). A map that
 * is constant or holds a NaN becomes 0 everywhere. `max` is meant for maps with a positive maximum: as officially, one
 * below 0 everywhere becomes 1 everywhere, and a maximum of exactly 0 leaves NaN there.
 */
export function normaliseScoreMap(map: ScoreMap, normalisation: Normalisation): ScoreMap {
  checkScoreMap('normaliseScoreMap', map);
  const { height, width, data } = map;
  const out = new Float32Array(data.length);
  let minimum = Infinity;
  let maximum = -Infinity;
  for (const score of data) {
    if (Number.isNaN(score)) return { height, width, data: out };
    if (score < minimum) minimum = score;
    if (score > maximum) maximum = score;
  }
  if (minimum === maximum) return { height, width, data: out };
  switch (normalisation) {
    case 'clipping':
      for (let i = 0; i < data.length; i++) out[i] = clamp01(data[i] ?? 0);
      break;
    case 'max':
      for (let i = 0; i < data.length; i++) out[i] = clamp01((data[i] ?? 0) / maximum);
      break;
    case 'minmax': {
      // Rounded to float32 before the division, as an array of that type would be.
      const range = Math.fround(maximum - minimum);
      for (let i = 0; i < data.length; i++) out[i] = Math.fround((data[i] ?? 0) - minimum) / range;
      break;
    }
    default:
      throw new Error(
        `normaliseScoreMap: normalisation must be 'max', 'minmax' or 'clipping', got '${String(normalisation)}'`,
      );
  }
  return { height, width, data: out };
}

interface AxisTaps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly fraction: Float32Array;
}

/** Source positions and weights of one axis: pixel centres at (i + 0.5), clamped to the edge. */
function axisTaps(from: number, to: number): AxisTaps {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const fraction = new Float32Array(to);
  const scale = from / to;
  for (let i = 0; i < to; i++) {
    const position = Math.fround((i + 0.5) * scale - 0.5);
    const floor = Math.floor(position);
    const inside = floor >= 0 && floor < from - 1;
    first[i] = Math.min(Math.max(floor, 0), from - 1);
    second[i] = inside ? floor + 1 : (first[i] ?? 0);
    fraction[i] = inside ? position - floor : 0;
  }
  return { first, second, fraction };
}

/**
 * Bilinear scaling to [height, width] without anti-aliasing: OpenCV's `resize(..., INTER_LINEAR)` (half-pixel centres,
 * edges clamped), which is PyTorch's `interpolate(mode='bilinear', align_corners=False)` too.
 */
export function resizeScoreMap(map: ScoreMap, height: number, width: number): ScoreMap {
  checkScoreMap('resizeScoreMap', map);
  if (!(Number.isInteger(height) && height > 0 && Number.isInteger(width) && width > 0)) {
    throw new Error(`resizeScoreMap: the wanted size must be positive integers, got ${height}x${width}`);
  }
  const columns = axisTaps(map.width, width);
  const rows = axisTaps(map.height, height);
  const stretched = new Float32Array(map.height * width);
  for (let y = 0; y < map.height; y++) {
    for (let x = 0; x < width; x++) {
      const left = map.data[y * map.width + (columns.first[x] ?? 0)] ?? 0;
      const right = map.data[y * map.width + (columns.second[x] ?? 0)] ?? 0;
      const fraction = columns.fraction[x] ?? 0;
      stretched[y * width + x] = left * Math.fround(1 - fraction) + right * fraction;
    }
  }
  const data = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const top = (rows.first[y] ?? 0) * width;
    const bottom = (rows.second[y] ?? 0) * width;
    const fraction = rows.fraction[y] ?? 0;
    const rest = Math.fround(1 - fraction);
    for (let x = 0; x < width; x++) {
      data[y * width + x] = (stretched[top + x] ?? 0) * rest + (stretched[bottom + x] ?? 0) * fraction;
    }
  }
  return { height, width, data };
}

/** first - second, pixel by pixel; throws when the shapes differ. Positive where the first class has more evidence. */
export function subtractScoreMaps(first: ScoreMap, second: ScoreMap): ScoreMap {
  checkScoreMap('subtractScoreMaps', first);
  checkScoreMap('subtractScoreMaps', second);
  if (first.height !== second.height || first.width !== second.width) {
    throw new Error(
      `subtractScoreMaps: shapes differ, got ${first.height}x${first.width} and ${second.height}x${second.width}`,
    );
  }
  const data = first.data.map((score, i) => score - (second.data[i] ?? 0));
  return { height: first.height, width: first.width, data };
}

/**
 * The evidence map of cue localisation, [height, width] in [0, 1]: |s_A - s_B|, in the official order of operations
 * (difference at feature size, scaled to the image, absolute value, normalised).
 */
export function counterfactualEvidence(
  first: ScoreMap,
  second: ScoreMap,
  height: number,
  width: number,
  normalisation: Normalisation,
): ScoreMap {
  const resized = resizeScoreMap(subtractScoreMaps(first, second), height, width);
  return normaliseScoreMap({ height, width, data: resized.data.map(Math.abs) }, normalisation);
}

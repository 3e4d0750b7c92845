import { ArgumentError } from '../runtime/errors.ts';
import type { Image, Plane } from './image.ts';
import { checkSize } from './image.ts';

/** Pillow's antialiasing filters: the kernel widens with the reduction factor. */
export type ResizeFilter = 'bilinear' | 'bicubic';

/** Bits behind the point of the fixed-point weights, as in Pillow: 32 - 8 (pixel) - 2 (head room for negative lobes). */
const PRECISION_BITS = 32 - 8 - 2;

/** Weights of one axis: output i is the sum over k < counts[i] of weights[i * taps + k] * input[starts[i] + k]. */
interface AxisWeights {
  readonly taps: number;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
}

/**
 * Pillow's `Image.resize((width, height), BILINEAR)` of an RGB picture, bit for bit: antialiased triangle filter, fixed-point
 * weights, horizontal pass first, rounded to 8 bits between the passes. Throws an ArgumentError on a size below 1x1.
 */
export function resizeBilinear(image: Image, width: number, height: number): Image {
  checkSize('resizeBilinear', width, height);
  return { width, height, data: resample(image, 3, width, height, 'bilinear') };
}

/** The same for one channel, with either filter; 'bicubic' (a = -0.5) is what Pillow's `resize` does by default. */
export function resizePlane(plane: Plane, width: number, height: number, filter: ResizeFilter): Plane {
  checkSize('resizePlane', width, height);
  return { width, height, data: resample(plane, 1, width, height, filter) };
}

function resample(
  source: Plane,
  channels: 1 | 3,
  width: number,
  height: number,
  filter: ResizeFilter,
): Uint8Array {
  if (source.data.length !== source.width * source.height * channels) {
    throw new ArgumentError(
      `resize: data holds ${source.data.length} bytes, expected ${source.width}x${source.height}x${channels}`,
    );
  }
  // A pass whose size does not change is skipped, as in Pillow; it would be the identity for these filters anyhow.
  let data = source.data;
  if (width !== source.width) {
    data = resampleRows(
      data,
      source.width,
      source.height,
      channels,
      width,
      axisWeights(source.width, width, filter),
    );
  }
  if (height !== source.height) {
    data = resampleColumns(data, width * channels, height, axisWeights(source.height, height, filter));
  }
  return data === source.data ? source.data.slice() : data;
}

function triangle(x: number): number {
  const distance = Math.abs(x);
  return distance < 1 ? 1 - distance : 0;
}

function cubic(x: number): number {
  const a = -0.5;
  const distance = Math.abs(x);
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return (((distance - 5) * distance + 8) * distance - 4) * a;
  return 0;
}

const filters = {
  bilinear: { support: 1, kernel: triangle },
  bicubic: { support: 2, kernel: cubic },
} satisfies Record<ResizeFilter, { support: number; kernel: (x: number) => number }>;

/** A training run resizes thousands of pictures between few sizes, so tables are kept; the bound keeps odd data sets from piling them up. */
const tables = new Map<string, AxisWeights>();
const MAX_TABLES = 256;

function axisWeights(inputSize: number, outputSize: number, filter: ResizeFilter): AxisWeights {
  const key = `${filter} ${inputSize} ${outputSize}`;
  const known = tables.get(key);
  if (known) return known;
  const made = makeAxisWeights(inputSize, outputSize, filter);
  if (tables.size >= MAX_TABLES) tables.clear();
  tables.set(key, made);
  return made;
}

function makeAxisWeights(inputSize: number, outputSize: number, filter: ResizeFilter): AxisWeights {
  const { support: baseSupport, kernel } = filters[filter];
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1);
  const support = baseSupport * filterScale;
  const inverse = 1 / filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputSize);
  const counts = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * taps);
  const exact = new Float64Array(taps);
  for (let output = 0; output < outputSize; output++) {
    const center = (output + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const count = Math.min(Math.trunc(center + support + 0.5), inputSize) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = kernel((tap + start - center + 0.5) * inverse);
      exact[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < count; tap++) {
      const fixed = ((exact[tap] ?? 0) / (sum === 0 ? 1 : sum)) * (1 << PRECISION_BITS);
      weights[output * taps + tap] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    starts[output] = start;
    counts[output] = count;
  }
  return { taps, starts, counts, weights };
}

/** [height, inputWidth, channels] -> [height, width, channels]. */
function resampleRows(
  input: Uint8Array,
  inputWidth: number,
  height: number,
  channels: 1 | 3,
  width: number,
  { taps, starts, counts, weights }: AxisWeights,
): Uint8Array {
  // Uint8ClampedArray clamps after the arithmetic shift, which is Pillow's clip8.
  const output = new Uint8ClampedArray(width * height * channels);
  const half = 1 << (PRECISION_BITS - 1);
  for (let y = 0; y < height; y++) {
    const row = y * inputWidth * channels;
    let target = y * width * channels;
    for (let x = 0; x < width; x++) {
      const count = counts[x] ?? 0;
      const weightStart = x * taps;
      let position = row + (starts[x] ?? 0) * channels;
      let first = half;
      let second = half;
      let third = half;
      if (channels === 3) {
        for (let tap = 0; tap < count; tap++, position += 3) {
          const weight = weights[weightStart + tap] ?? 0;
          first += (input[position] ?? 0) * weight;
          second += (input[position + 1] ?? 0) * weight;
          third += (input[position + 2] ?? 0) * weight;
        }
        output[target++] = first >> PRECISION_BITS;
        output[target++] = second >> PRECISION_BITS;
        output[target++] = third >> PRECISION_BITS;
      } else {
        for (let tap = 0; tap < count; tap++)
          first += (input[position + tap] ?? 0) * (weights[weightStart + tap] ?? 0);
        output[target++] = first >> PRECISION_BITS;
      }
    }
  }
  return new Uint8Array(output.buffer);
}

/** [inputHeight, rowLength] -> [height, rowLength]; walks rows so that every read is sequential. */
function resampleColumns(
  input: Uint8Array,
  rowLength: number,
  height: number,
  { taps, starts, counts, weights }: AxisWeights,
): Uint8Array {
  const output = new Uint8ClampedArray(rowLength * height);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < height; y++) {
    sums.fill(1 << (PRECISION_BITS - 1));
    const count = counts[y] ?? 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = weights[y * taps + tap] ?? 0;
      const row = ((starts[y] ?? 0) + tap) * rowLength;
      for (let x = 0; x < rowLength; x++) sums[x] = (sums[x] ?? 0) + (input[row + x] ?? 0) * weight;
    }
    const target = y * rowLength;
    for (let x = 0; x < rowLength; x++) output[target + x] = (sums[x] ?? 0) >> PRECISION_BITS;
  }
  return new Uint8Array(output.buffer);
}

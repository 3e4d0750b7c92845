/** The samples of one component: rows of `stride`, of which `width` x `height` belong to the picture. */
export interface Samples {
  readonly data: Uint8ClampedArray;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Writes row `y` of the full-size picture into `out`, from a component sampled `horizontal` and `vertical` times as coarsely: libjpeg's
 * "fancy" triangle filters for 2x1, 1x2 and 2x2 (`jdsample.c`), repetition for all others. `out` has room for width * horizontal.
 */
export type RowUpsampler = (samples: Samples, y: number, out: Uint8Array) => void;

/** As libjpeg chooses (`jinit_upsampler`). Throws on ratios that are not whole. */
export function chooseUpsampler(horizontal: number, vertical: number, width: number): RowUpsampler {
  if (!Number.isInteger(horizontal) || !Number.isInteger(vertical))
    throw new Error('JPEG with fractional subsampling is not supported');
  if (horizontal === 1 && vertical === 1) return copyRow;
  // Narrow chroma has no neighbours to speak of; libjpeg then repeats.
  if (horizontal === 2 && vertical === 1 && width > 2) return upsampleWide;
  if (horizontal === 1 && vertical === 2) return upsampleTall;
  if (horizontal === 2 && vertical === 2 && width > 2) return upsampleBoth;
  return ({ data, stride, width: columns }, y, out) => {
    const row = Math.floor(y / vertical) * stride;
    for (let x = 0, to = 0; x < columns; x++)
      for (let copy = 0; copy < horizontal; copy++) out[to++] = data[row + x] ?? 0;
  };
}

const copyRow: RowUpsampler = ({ data, stride, width }, y, out) => {
  out.set(data.subarray(y * stride, y * stride + width));
};

const upsampleWide: RowUpsampler = ({ data, stride, width }, y, out) => {
  const row = y * stride;
  const last = row + width - 1;
  out[0] = data[row] ?? 0;
  out[1] = ((data[row] ?? 0) * 3 + (data[row + 1] ?? 0) + 2) >> 2;
  let to = 2;
  for (let at = row + 1; at < last; at++) {
    const value = (data[at] ?? 0) * 3;
    out[to++] = (value + (data[at - 1] ?? 0) + 1) >> 2;
    out[to++] = (value + (data[at + 1] ?? 0) + 2) >> 2;
  }
  out[to++] = ((data[last] ?? 0) * 3 + (data[last - 1] ?? 0) + 1) >> 2;
  out[to] = data[last] ?? 0;
};

/** Start of the row that lies next on the other side; at the edge the row itself. */
function otherRow({ stride, height }: Samples, y: number): number {
  const row = y >> 1;
  const other = (y & 1) === 0 ? row - 1 : row + 1;
  return Math.min(Math.max(other, 0), height - 1) * stride;
}

const upsampleTall: RowUpsampler = (samples, y, out) => {
  const { data, stride, width } = samples;
  const near = (y >> 1) * stride;
  const far = otherRow(samples, y);
  const bias = (y & 1) === 0 ? 1 : 2;
  for (let x = 0; x < width; x++) out[x] = ((data[near + x] ?? 0) * 3 + (data[far + x] ?? 0) + bias) >> 2;
};

const upsampleBoth: RowUpsampler = (samples, y, out) => {
  const { data, stride, width } = samples;
  const near = (y >> 1) * stride;
  const far = otherRow(samples, y);
  let current = (data[near] ?? 0) * 3 + (data[far] ?? 0);
  let next = (data[near + 1] ?? 0) * 3 + (data[far + 1] ?? 0);
  out[0] = (current * 4 + 8) >> 4;
  out[1] = (current * 3 + next + 7) >> 4;
  let to = 2;
  for (let x = 2; x < width; x++) {
    const previous = current;
    current = next;
    next = (data[near + x] ?? 0) * 3 + (data[far + x] ?? 0);
    out[to++] = (current * 3 + previous + 8) >> 4;
    out[to++] = (current * 3 + next + 7) >> 4;
  }
  out[to++] = (next * 3 + current + 8) >> 4;
  out[to] = (next * 4 + 7) >> 4;
};

/** What a PNG's header (IHDR) says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly colorType: number;
  readonly interlaced: boolean;
}

/** A part of the picture whose pixels follow each other in the file: all of it, or one of the seven of Adam7. */
export interface Pass {
  readonly left: number;
  readonly top: number;
  readonly columnStep: number;
  readonly rowStep: number;
  readonly columns: number;
  readonly rows: number;
  /** Bytes of a scan line, without its filter byte. */
  readonly lineBytes: number;
}

const CHANNELS = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

const DEPTHS = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** First column, first row, column step, row step. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Samples a pixel. Throws on a colour type or depth that PNG does not know. */
export function pngChannels({ colorType, depth }: PngHeader): number {
  const channels = CHANNELS.get(colorType);
  if (channels === undefined) throw new Error(`PNG colour type ${colorType} does not exist`);
  if (DEPTHS.get(colorType)?.includes(depth) !== true)
    throw new Error(`PNG colour type ${colorType} with ${depth} bits a sample does not exist`);
  return channels;
}

/** The passes in the file's order; those without pixels are left out. */
export function pngPasses(header: PngHeader): Pass[] {
  const { width, height, depth, interlaced } = header;
  const channels = pngChannels(header);
  return (interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const))
    .map(([left, top, columnStep, rowStep]) => {
      const columns = Math.max(Math.ceil((width - left) / columnStep), 0);
      const rows = Math.max(Math.ceil((height - top) / rowStep), 0);
      const lineBytes = Math.ceil((columns * channels * depth) / 8);
      return { left, top, columnStep, rowStep, columns, rows, lineBytes };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Undoes the filters of a pass in place; its lines begin at `start` of `data`, each with its filter byte. Throws on a filter that does not exist. */
export function unfilter(
  data: Uint8Array,
  start: number,
  { rows, lineBytes }: Pass,
  pixelBytes: number,
): void {
  const b = pixelBytes;
  for (let row = 0; row < rows; row++) {
    const line = start + row * (lineBytes + 1) + 1;
    const filter = data[line - 1] ?? 0;
    const end = line + lineBytes;
    // The line above; without one it counts as zeros, which `above < 0` stands for.
    const above = row === 0 ? -1 : line - lineBytes - 1;
    if (filter === 0) continue;
    if (filter === 1) {
      for (let at = line + b; at < end; at++) data[at] = (data[at] ?? 0) + (data[at - b] ?? 0);
    } else if (filter === 2) {
      if (above >= 0)
        for (let at = line, up = above; at < end; at++, up++) data[at] = (data[at] ?? 0) + (data[up] ?? 0);
    } else if (filter === 3) {
      for (let at = line; at < end; at++) {
        const left = at - b >= line ? (data[at - b] ?? 0) : 0;
        const up = above >= 0 ? (data[above + at - line] ?? 0) : 0;
        data[at] = (data[at] ?? 0) + ((left + up) >> 1);
      }
    } else if (filter === 4) {
      for (let at = line; at < end; at++) {
        const inside = at - b >= line;
        const left = inside ? (data[at - b] ?? 0) : 0;
        const up = above >= 0 ? (data[above + at - line] ?? 0) : 0;
        const corner = inside && above >= 0 ? (data[above + at - line - b] ?? 0) : 0;
        const toLeft = Math.abs(up - corner);
        const toUp = Math.abs(left - corner);
        const toCorner = Math.abs(left + up - 2 * corner);
        const nearest = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
        data[at] = (data[at] ?? 0) + nearest;
      }
    } else throw new Error(`PNG filter ${filter} does not exist`);
  }
}

/** 256 entries of three bytes; those that PLTE lacks are a ramp of grey, as in Pillow. */
export type Palette = Uint8Array;

/**
 * Writes the pixels of an unfiltered pass into `out` ([height, width, 3]) as Pillow's `convert('RGB')` gives them: alpha dropped, 16-bit colour by
 * its high byte, 16-bit grey saturated at 255 (Pillow takes it for a 32-bit number and clips it, in all versions up to 12).
 */
export function writePass(
  data: Uint8Array,
  start: number,
  pass: Pass,
  header: PngHeader,
  palette: Palette,
  out: Uint8Array,
): void {
  const { depth, colorType, width } = header;
  const sampleBytes = depth === 16 ? 2 : 1;
  const step = pngChannels(header) * sampleBytes;
  for (let row = 0; row < pass.rows; row++) {
    const line = start + row * (pass.lineBytes + 1) + 1;
    let to = ((pass.top + row * pass.rowStep) * width + pass.left) * 3;
    for (let column = 0; column < pass.columns; column++, to += pass.columnStep * 3) {
      if (colorType === 2 || colorType === 6) {
        const at = line + column * step;
        out[to] = data[at] ?? 0;
        out[to + 1] = data[at + sampleBytes] ?? 0;
        out[to + 2] = data[at + 2 * sampleBytes] ?? 0;
        continue;
      }
      const value = depth < 8 ? packedSample(data, line, column, depth) : (data[line + column * step] ?? 0);
      if (colorType === 3) {
        out[to] = palette[value * 3] ?? 0;
        out[to + 1] = palette[value * 3 + 1] ?? 0;
        out[to + 2] = palette[value * 3 + 2] ?? 0;
        continue;
      }
      let grey = value;
      if (depth < 8) grey = (value * 255) / ((1 << depth) - 1);
      else if (depth === 16 && colorType === 0)
        grey = value > 0 ? 255 : (data[line + column * step + 1] ?? 0);
      out[to] = grey;
      out[to + 1] = grey;
      out[to + 2] = grey;
    }
  }
}

function packedSample(data: Uint8Array, line: number, column: number, depth: number): number {
  const bit = column * depth;
  return ((data[line + (bit >> 3)] ?? 0) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

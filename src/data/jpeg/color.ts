/** Converts a row of samples, one array a component, to RGB at `target` of `out`. */
export type RowConverter = (
  rows: readonly Uint8Array[],
  width: number,
  out: Uint8ClampedArray,
  target: number,
) => void;

/** Fixed point of libjpeg's tables (`jdcolor.c`): 16 bits behind the point. */
const HALF = 1 << 15;
const fixed = (value: number): number => Math.trunc(value * 65536 + 0.5);
const table = (entry: (difference: number) => number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, value) => entry(value - 128));
const RED = table((x) => (fixed(1.402) * x + HALF) >> 16);
const BLUE = table((x) => (fixed(1.772) * x + HALF) >> 16);
const GREEN_OF_RED = table((x) => -fixed(0.71414) * x);
const GREEN_OF_BLUE = table((x) => -fixed(0.34414) * x + HALF);

/** Adobe's APP14 colour transform: 0 = none (RGB or CMYK), 1 = YCbCr, 2 = YCCK. */
export interface ColorMarkers {
  readonly adobeTransform: number | undefined;
  readonly jfif: boolean;
}

/** What libjpeg takes the components for (`default_decompress_parms`), and how Pillow makes RGB of them. */
export function chooseConverter(
  ids: readonly number[],
  { adobeTransform, jfif }: ColorMarkers,
): RowConverter {
  if (ids.length === 1) return greyRow;
  if (ids.length === 3) {
    if (jfif) return yccRow;
    if (adobeTransform !== undefined) return adobeTransform === 0 ? rgbRow : yccRow;
    return ids.join() === '82,71,66' ? rgbRow : yccRow;
  }
  return adobeTransform === undefined || adobeTransform === 0 ? cmykRow : ycckRow;
}

const greyRow: RowConverter = ([grey = new Uint8Array()], width, out, target) => {
  for (let x = 0, to = target; x < width; x++, to += 3) {
    const value = grey[x] ?? 0;
    out[to] = value;
    out[to + 1] = value;
    out[to + 2] = value;
  }
};

const rgbRow: RowConverter = (rows, width, out, target) => {
  for (const [channel, row] of rows.entries())
    for (let x = 0, to = target + channel; x < width; x++, to += 3) out[to] = row[x] ?? 0;
};

const yccRow: RowConverter = (rows, width, out, target) => {
  const [luma = new Uint8Array(), blue = luma, red = luma] = rows;
  for (let x = 0, to = target; x < width; x++, to += 3) {
    const y = luma[x] ?? 0;
    const cb = blue[x] ?? 0;
    const cr = red[x] ?? 0;
    out[to] = y + (RED[cr] ?? 0);
    out[to + 1] = y + (((GREEN_OF_BLUE[cb] ?? 0) + (GREEN_OF_RED[cr] ?? 0)) >> 16);
    out[to + 2] = y + (BLUE[cb] ?? 0);
  }
};

/** Pillow takes all four-component files as Adobe writes them, inverted, so that the stored value is the light that is left. */
const cmykRow: RowConverter = (rows, width, out, target) => {
  const black = rows[3] ?? new Uint8Array();
  for (let channel = 0; channel < 3; channel++) {
    const ink = rows[channel] ?? black;
    for (let x = 0, to = target + channel; x < width; x++, to += 3) {
      const light = black[x] ?? 0;
      const product = (255 - (ink[x] ?? 0)) * light + 128;
      out[to] = light - (((product >> 8) + product) >> 8);
    }
  }
};

const ycckRow: RowConverter = (rows, width, out, target) => {
  const rgb = new Uint8ClampedArray(width * 3);
  yccRow(rows, width, rgb, 0);
  const inks = [0, 1, 2].map((channel) =>
    Uint8Array.from({ length: width }, (_, x) => 255 - (rgb[x * 3 + channel] ?? 0)),
  );
  cmykRow([...inks, rows[3] ?? new Uint8Array()], width, out, target);
};

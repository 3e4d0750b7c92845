import type { HuffmanTable } from './huffman.ts';
import { makeHuffmanTable } from './huffman.ts';

/** One component of a frame (Y, Cb, ...), and where its samples go. */
export interface Component {
  readonly id: number;
  /** Sampling factors, 1 to 4. */
  readonly horizontal: number;
  readonly vertical: number;
  readonly quantization: number;
  /** Samples of the component, before padding to whole blocks. */
  readonly width: number;
  readonly height: number;
  /** Blocks that a scan of this component alone holds. */
  readonly blockColumns: number;
  readonly blockRows: number;
  /** Blocks of whole MCUs: what an interleaved scan holds. */
  readonly paddedColumns: number;
  readonly paddedRows: number;
}

/** What a frame header says (SOF0, SOF1 or SOF2). */
export interface Frame {
  readonly progressive: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
  readonly maxHorizontal: number;
  readonly maxVertical: number;
}

/** What a scan header (SOS) says. */
export interface Scan {
  readonly components: readonly { readonly index: number; readonly dc: number; readonly ac: number }[];
  readonly spectralStart: number;
  readonly spectralEnd: number;
  readonly successiveHigh: number;
  readonly successiveLow: number;
}

/** Natural (row-major) position of the k-th coefficient of a block in the file. */
export const ZIGZAG = Uint8Array.of(
  ...[
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14,
  ],
  ...[
    21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
    53,
  ],
  ...[60, 61, 54, 47, 55, 62, 63],
);

/** Tables that stay in force until the file replaces them. */
export class Tables {
  /** Natural order, by table number. */
  readonly quantization: (Int32Array | undefined)[] = [];
  readonly dc: (HuffmanTable | undefined)[] = [];
  readonly ac: (HuffmanTable | undefined)[] = [];
  restartInterval = 0;

  /** DQT. */
  defineQuantization(body: Uint8Array): void {
    let at = 0;
    while (at < body.length) {
      const head = body[at++] ?? 0;
      const wide = head >> 4 !== 0;
      if (at + (wide ? 128 : 64) > body.length) throw new Error('a quantisation table is cut short');
      const table = new Int32Array(64);
      for (let k = 0; k < 64; k++) {
        const high = wide ? (body[at++] ?? 0) << 8 : 0;
        table[ZIGZAG[k] ?? 0] = high | (body[at++] ?? 0);
      }
      this.quantization[head & 15] = table;
    }
  }

  /** DHT. */
  defineHuffman(body: Uint8Array): void {
    let at = 0;
    while (at < body.length) {
      const head = body[at] ?? 0;
      const counts = body.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (at + 17 + total > body.length || total > 256) throw new Error('a Huffman table is cut short');
      const table = makeHuffmanTable(counts, body.subarray(at + 17, at + 17 + total));
      (head >> 4 === 0 ? this.dc : this.ac)[head & 15] = table;
      at += 17 + total;
    }
  }
}

/** SOF0, SOF1, SOF2. Throws on what baseline and progressive JPEG do not allow. */
export function parseFrame(body: Uint8Array, progressive: boolean): Frame {
  const word = (at: number): number => ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);
  if (body[0] !== 8) throw new Error(`JPEG with ${String(body[0])} bits a sample is not supported`);
  const height = word(1);
  const width = word(3);
  const count = body[5] ?? 0;
  if (width === 0 || height === 0) throw new Error(`the size is ${width}x${height}`);
  if (count !== 1 && count !== 3 && count !== 4)
    throw new Error(`JPEG with ${count} components is not supported`);
  if (body.length < 6 + 3 * count) throw new Error('the frame header is cut short');
  const factors = Array.from({ length: count }, (_, index) => ({
    id: body[6 + 3 * index] ?? 0,
    horizontal: (body[7 + 3 * index] ?? 0) >> 4,
    vertical: (body[7 + 3 * index] ?? 0) & 15,
    quantization: body[8 + 3 * index] ?? 0,
  }));
  for (const { horizontal, vertical } of factors) {
    if (horizontal < 1 || horizontal > 4 || vertical < 1 || vertical > 4)
      throw new Error(`sampling factors of ${horizontal}x${vertical} do not exist`);
  }
  const maxHorizontal = Math.max(...factors.map(({ horizontal }) => horizontal));
  const maxVertical = Math.max(...factors.map(({ vertical }) => vertical));
  const mcuColumns = Math.ceil(width / (8 * maxHorizontal));
  const mcuRows = Math.ceil(height / (8 * maxVertical));
  const components = factors.map((factor): Component => {
    const componentWidth = Math.ceil((width * factor.horizontal) / maxHorizontal);
    const componentHeight = Math.ceil((height * factor.vertical) / maxVertical);
    return {
      ...factor,
      width: componentWidth,
      height: componentHeight,
      blockColumns: Math.ceil(componentWidth / 8),
      blockRows: Math.ceil(componentHeight / 8),
      paddedColumns: mcuColumns * factor.horizontal,
      paddedRows: mcuRows * factor.vertical,
    };
  });
  return { progressive, width, height, components, maxHorizontal, maxVertical };
}

/** SOS. Throws if it names components that the frame lacks, or an impossible range. */
export function parseScan(body: Uint8Array, frame: Frame): Scan {
  const count = body[0] ?? 0;
  if (count < 1 || count > 4 || body.length < 4 + 2 * count) throw new Error('a scan header is malformed');
  const components = Array.from({ length: count }, (_, position) => {
    const id = body[1 + 2 * position] ?? 0;
    const index = frame.components.findIndex((component) => component.id === id);
    if (index < 0) throw new Error(`a scan holds component ${id}, which the frame lacks`);
    const selectors = body[2 + 2 * position] ?? 0;
    return { index, dc: selectors >> 4, ac: selectors & 15 };
  });
  if (new Set(components.map(({ index }) => index)).size !== count)
    throw new Error('a scan holds a component twice');
  const [spectralStart = 0, spectralEnd = 0, successive = 0] = body.subarray(1 + 2 * count);
  const scan = {
    components,
    spectralStart,
    spectralEnd,
    successiveHigh: successive >> 4,
    successiveLow: successive & 15,
  };
  if (!frame.progressive)
    return { ...scan, spectralStart: 0, spectralEnd: 63, successiveHigh: 0, successiveLow: 0 };
  const impossible =
    spectralStart > spectralEnd ||
    spectralEnd > 63 ||
    (spectralStart === 0 ? spectralEnd !== 0 : count !== 1) ||
    scan.successiveLow > 13;
  if (impossible) throw new Error('a progressive scan has an impossible range');
  return scan;
}

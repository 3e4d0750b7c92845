import type { ColorMarkers } from './color.ts';
import type { Component, Frame } from './frame.ts';
import type { Image } from '../image.ts';
import type { Samples } from './upsample.ts';
import type { ScanComponent } from './scan.ts';
import { BitReader } from './bits.ts';
import { checkPixelCount } from '../image.ts';
import { chooseConverter } from './color.ts';
import { chooseUpsampler } from './upsample.ts';
import { decodeBaselineBlock, ProgressiveBlocks, scanComponents, walkScan } from './scan.ts';
import { fillBlock, inverseDct } from './inverse_dct.ts';
import { parseFrame, parseScan, Tables } from './frame.ts';

/** True if the bytes begin as a JPEG file does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

/**
 * Decodes a baseline or progressive JPEG to RGB, bit for bit as Pillow on libjpeg-turbo 2 or 3 does (accurate integer DCT, fancy upsampling; grey is
 * repeated, CMYK and YCCK taken as Adobe writes them). The EXIF orientation is not applied. Entropy-coded data that end early before a marker leave
 * the rest grey, as there; a file that ends before its end-of-image marker throws an Error, as do arithmetic coding, lossless and 12 bits.
 * A progressive file that lacks its last scans is not smoothed as libjpeg does.
 */
export function decodeJpeg(bytes: Uint8Array): Image {
  return new JpegFile(bytes).decode();
}

/** The sizes in a JPEG's frame header, without decoding. Throws as decodeJpeg. */
export function jpegSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  return new JpegFile(bytes).frameHeader();
}

/** Samples of a component as they are decoded, padded to whole MCUs. */
interface Plane {
  readonly component: Component;
  readonly data: Uint8ClampedArray;
  /** Of a progressive file, whose blocks are spread over scans. */
  readonly coefficients: Int16Array | undefined;
  /** Of the table that was in force in the component's first scan. */
  quantization: Int32Array | undefined;
}

class JpegFile {
  readonly #bytes: Uint8Array;
  readonly #tables = new Tables();
  #position = 2;
  #frame: Frame | undefined;
  #planes: Plane[] = [];
  #colors: ColorMarkers = { adobeTransform: undefined, jfif: false };
  #scans = 0;
  #blocks = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  frameHeader(): Frame {
    while (this.#frame === undefined) {
      const marker = this.#nextMarker();
      if (marker === END_OF_IMAGE || marker === START_OF_SCAN)
        throw new Error('the JPEG file has no frame header');
      this.#segment(marker);
    }
    return this.#frame;
  }

  decode(): Image {
    const frame = this.frameHeader();
    checkLength(frame, this.#bytes.length);
    for (;;) {
      const marker = this.#nextMarker();
      if (marker === END_OF_IMAGE) break;
      if (marker === START_OF_SCAN) this.#scan(frame);
      else this.#segment(marker);
    }
    if (this.#scans === 0) throw new Error('the JPEG file has no scan');
    return this.#picture(frame);
  }

  /** Goes behind the next marker, over whatever stands before it. */
  #nextMarker(): number {
    const bytes = this.#bytes;
    for (let at = this.#position; at + 1 < bytes.length; at++) {
      const code = bytes[at + 1] ?? 0;
      if (bytes[at] !== 0xff || code === 0 || code === 0xff) continue;
      this.#position = at + 2;
      return code;
    }
    throw new Error(
      `the JPEG file is truncated (${this.#frame === undefined ? 'no frame header' : 'no end-of-image marker'})`,
    );
  }

  /** The body of the segment whose marker was just read. */
  #body(): Uint8Array {
    const at = this.#position;
    const length = ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
    if (at + Math.max(length, 2) > this.#bytes.length) throw new Error('the JPEG file is truncated');
    this.#position = at + Math.max(length, 2);
    return this.#bytes.subarray(at + 2, this.#position);
  }

  #segment(marker: number): void {
    // Markers without a body: RST0 to RST7, and TEM.
    if ((marker >= 0xd0 && marker <= 0xd8) || marker === 0x01) return;
    const body = this.#body();
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (marker > 0xc2) throw new Error('lossless, hierarchical and arithmetic-coded JPEG is not supported');
      if (this.#frame !== undefined) throw new Error('the JPEG file has two frame headers');
      this.#frame = parseFrame(body, marker === 0xc2);
      checkPixelCount(this.#frame.width, this.#frame.height);
    } else if (marker === 0xdb) this.#tables.defineQuantization(body);
    else if (marker === 0xc4) this.#tables.defineHuffman(body);
    else if (marker === 0xdd) this.#tables.restartInterval = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
    else if (marker === 0xe0 && startsWith(body, 'JFIF\0')) this.#colors = { ...this.#colors, jfif: true };
    else if (marker === 0xee && startsWith(body, 'Adobe') && body.length >= 12)
      this.#colors = { ...this.#colors, adobeTransform: body[11] ?? 0 };
  }

  #scan(frame: Frame): void {
    const scan = parseScan(this.#body(), frame);
    if (this.#scans++ === 0) this.#planes = allocate(frame);
    if (this.#scans > MOST_SCANS) throw new Error(`the JPEG file has more than ${MOST_SCANS} scans`);
    const components = scanComponents(frame, scan, this.#tables);
    for (const { index, quantization } of components) {
      const plane = this.#plane(index);
      plane.quantization ??= this.#tables.quantization[quantization];
      if (!plane.quantization) throw new Error('the JPEG file lacks a quantisation table');
    }
    const reader = new BitReader(this.#bytes, this.#position);
    const progressive = frame.progressive ? new ProgressiveBlocks(reader, scan) : undefined;
    const block = new Int16Array(64);
    const mostBlocks = MOST_PASSES * (sampleCount(frame) / 64) + PASS_SLACK;
    let expected = 0;
    walkScan(
      frame,
      components,
      this.#tables.restartInterval,
      reader,
      (component, row, column) => {
        if (++this.#blocks > mostBlocks)
          throw new Error(`the JPEG file goes over its picture more than ${MOST_PASSES} times`);
        const { coefficients, quantization, data } = this.#plane(component.index);
        const stride = component.paddedColumns * 8;
        const place = (row * component.paddedColumns + column) * 64;
        if (progressive && coefficients) progressive.decode(component, coefficients, place);
        else if (quantization) {
          const target = row * 8 * stride + column * 8;
          const last = decodeBaselineBlock(reader, component, block);
          if (last === 0) fillBlock((block[0] ?? 0) * (quantization[0] ?? 0), data, target, stride);
          else inverseDct(block, 0, quantization, data, target, stride);
          block.fill(0);
        }
      },
      () => {
        const ended = this.#restart(reader, components, expected);
        expected = (expected + 1) & 7;
        progressive?.restart();
        return ended;
      },
    );
    this.#position = reader.position;
  }

  /**
   * Finds the restart marker that is due, or makes the best of what stands there, as libjpeg's `jpeg_resync_to_restart` does. Returns
   * whether the scan ends there.
   */
  #restart(reader: BitReader, components: readonly ScanComponent[], expected: number): boolean {
    for (const component of components) component.previousDc = 0;
    this.#position = reader.position;
    for (;;) {
      const marker = this.#nextMarker();
      const isRestart = marker >= 0xd0 && marker <= 0xd7;
      const ahead = (marker - 0xd0 - expected) & 7;
      // An earlier interval's marker, or none that exists: go on.
      if (marker < 0xc0 || (isRestart && ahead >= 6)) continue;
      // The one that is due, or one so far off that its number must be wrong.
      if (isRestart && (ahead === 0 || ahead >= 3)) reader.restart(this.#position);
      // One of the next two, or the scan's end: stand before it; this interval is not in the file.
      else reader.standBefore(this.#position - 2);
      return !isRestart;
    }
  }

  #plane(index: number): Plane {
    const plane = this.#planes[index];
    if (!plane) throw new Error('a scan holds a component that the frame lacks');
    return plane;
  }

  #picture(frame: Frame): Image {
    const { width, height, components, maxHorizontal, maxVertical } = frame;
    const sources = this.#planes.map(({ component, data, coefficients, quantization }, index) => {
      const stride = component.paddedColumns * 8;
      if (coefficients && quantization) {
        for (let row = 0, block = 0; row < component.paddedRows; row++)
          for (let column = 0; column < component.paddedColumns; column++, block += 64)
            inverseDct(coefficients, block, quantization, data, row * 8 * stride + column * 8, stride);
      }
      const across = maxHorizontal / component.horizontal;
      const down = maxVertical / component.vertical;
      const samples: Samples = { data, stride, width: component.width, height: component.height };
      const upsample = chooseUpsampler(across, down, component.width);
      return { samples, upsample, row: new Uint8Array(component.width * across), index };
    });
    const rows = sources.map(({ row }) => row);
    const convert = chooseConverter(
      components.map(({ id }) => id),
      this.#colors,
    );
    const out = new Uint8ClampedArray(width * height * 3);
    for (let y = 0; y < height; y++) {
      for (const { samples, upsample, row } of sources) upsample(samples, y, row);
      convert(rows, width, out, y * width * 3);
    }
    return { width, height, data: new Uint8Array(out.buffer) };
  }
}

/** A file has ten or so, at most some hundred; each goes over all blocks, in however few bytes. */
const MOST_SCANS = 500;
/** How often all blocks may be gone over, all scans together, five or six times being usual; and blocks beside, for small pictures. */
const MOST_PASSES = 40;
const PASS_SLACK = 1 << 22;

/**
 * Pixels for each byte of a file. A block of 64 takes a bit or more of any complete file: 512. Twice that, and a megapixel besides, so that
 * files of which the end is missing can still be looked at.
 */
const PIXELS_A_BYTE = 1024;
const PIXEL_SLACK = 1 << 20;

/** Samples of all components, padded to whole MCUs. */
function sampleCount({ components }: Frame): number {
  return components.reduce((sum, { paddedColumns, paddedRows }) => sum + paddedColumns * paddedRows * 64, 0);
}

/**
 * Throws an Error where a header claims a picture that the file is too short for, before any memory is taken. Of the memory MAX_PIXELS is
 * the limit: at most 15 bytes a pixel, the sides padded to whole MCUs, are 3 of RGB and, for each of four components, a sample and a
 * progressive file's int16 coefficient.
 */
function checkLength({ width, height }: Frame, fileBytes: number): void {
  if (width * height > PIXELS_A_BYTE * fileBytes + PIXEL_SLACK)
    throw new Error(`the JPEG file is truncated (${fileBytes} bytes for ${width}x${height} pixels)`);
}

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

function startsWith(body: Uint8Array, text: string): boolean {
  return String.fromCharCode(...body.subarray(0, text.length)) === text;
}

/** Grey planes; with room for the coefficients of a progressive file. */
function allocate(frame: Frame): Plane[] {
  return frame.components.map((component) => {
    const samples = component.paddedColumns * component.paddedRows * 64;
    return {
      component,
      data: new Uint8ClampedArray(samples).fill(128),
      coefficients: frame.progressive ? new Int16Array(samples) : undefined,
      quantization: undefined,
    };
  });
}

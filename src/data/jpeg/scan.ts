import type { BitReader } from './bits.ts';
import type { Component, Frame, Scan, Tables } from './frame.ts';
import type { HuffmanTable } from './huffman.ts';
import { ZIGZAG } from './frame.ts';

/** A component of a scan with its tables. */
export interface ScanComponent extends Component {
  readonly dcTable: HuffmanTable | undefined;
  readonly acTable: HuffmanTable | undefined;
  /** Position in the frame. */
  readonly index: number;
  /** The DC coefficient of the block before. */
  previousDc: number;
}

/** Decodes one block. `row` and `column` count blocks of the component. */
export type BlockDecoder = (component: ScanComponent, row: number, column: number) => void;

/** Looks up the tables that a scan needs. Throws if the file never defined them. */
export function scanComponents(frame: Frame, scan: Scan, tables: Tables): ScanComponent[] {
  const needsDc = scan.spectralStart === 0 && scan.successiveHigh === 0;
  const needsAc = scan.spectralEnd > 0;
  return scan.components.map(({ index, dc, ac }) => {
    const component = frame.components[index];
    const dcTable = tables.dc[dc];
    const acTable = tables.ac[ac];
    if (!component || (needsDc && !dcTable) || (needsAc && !acTable))
      throw new Error('a scan uses a Huffman table that the file does not define');
    return { ...component, dcTable, acTable, index, previousDc: 0 };
  });
}

/**
 * Calls `decode` for all blocks of a scan in the file's order; `restart` between restart intervals. It returns whether the scan ends
 * there: what has not come by then never comes.
 */
export function walkScan(
  frame: Frame,
  components: readonly ScanComponent[],
  interval: number,
  reader: BitReader,
  decode: BlockDecoder,
  restart: () => boolean,
): void {
  const [only, second] = components;
  const alone = second === undefined ? only : undefined;
  const columns = alone ? alone.blockColumns : Math.ceil(frame.width / (8 * frame.maxHorizontal));
  const rows = alone ? alone.blockRows : Math.ceil(frame.height / (8 * frame.maxVertical));
  let left = interval;
  let ended = interval === 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (interval > 0 && left-- === 0) {
        ended ||= restart();
        left = interval - 1;
      }
      // What the file no longer holds stays as it is.
      if (reader.starved && ended) return;
      if (reader.starved) continue;
      if (alone) {
        decode(alone, row, column);
        continue;
      }
      for (const component of components) {
        const { horizontal, vertical } = component;
        for (let y = 0; y < vertical; y++)
          for (let x = 0; x < horizontal; x++) decode(component, row * vertical + y, column * horizontal + x);
      }
    }
  }
}

/**
 * A block of a baseline scan into `block` [64], natural order, which must be zero. Returns the file's position of the last coefficient, 0 if there is
 * DC alone.
 */
export function decodeBaselineBlock(reader: BitReader, component: ScanComponent, block: Int16Array): number {
  const { dcTable, acTable } = component;
  if (!dcTable || !acTable) return 0;
  component.previousDc += reader.signed(reader.symbol(dcTable) & 15);
  block[0] = component.previousDc;
  return reader.acCoefficients(acTable, ZIGZAG, block);
}

/** Decodes the blocks of one progressive scan into `coefficients` (the whole component, 64 a block, natural order). */
export class ProgressiveBlocks {
  readonly #reader: BitReader;
  readonly #scan: Scan;
  /** Blocks still to come in which the band is empty. */
  #emptyBlocks = 0;

  constructor(reader: BitReader, scan: Scan) {
    this.#reader = reader;
    this.#scan = scan;
  }

  /** At a restart marker. */
  restart(): void {
    this.#emptyBlocks = 0;
  }

  decode(component: ScanComponent, coefficients: Int16Array, at: number): void {
    const { spectralStart, successiveHigh } = this.#scan;
    if (spectralStart === 0) this.#dc(component, coefficients, at);
    else if (component.acTable) {
      if (successiveHigh === 0) this.#acFirst(component.acTable, coefficients, at);
      else this.#acRefine(component.acTable, coefficients, at);
    }
  }

  #dc(component: ScanComponent, coefficients: Int16Array, at: number): void {
    const { successiveHigh, successiveLow } = this.#scan;
    const reader = this.#reader;
    if (successiveHigh > 0) {
      if (reader.bits(1) === 1) coefficients[at] = (coefficients[at] ?? 0) | (1 << successiveLow);
    } else if (component.dcTable) {
      component.previousDc += reader.signed(reader.symbol(component.dcTable) & 15);
      coefficients[at] = component.previousDc << successiveLow;
    }
  }

  #acFirst(table: HuffmanTable, coefficients: Int16Array, at: number): void {
    if (this.#emptyBlocks > 0) {
      this.#emptyBlocks--;
      return;
    }
    const { spectralStart, spectralEnd, successiveLow } = this.#scan;
    const reader = this.#reader;
    for (let k = spectralStart; k <= spectralEnd; k++) {
      const symbol = reader.symbol(table);
      const run = symbol >> 4;
      const size = symbol & 15;
      if (size === 0) {
        if (run < 15) {
          this.#emptyBlocks = (1 << run) + reader.bits(run) - 1;
          return;
        }
        k += 15;
        continue;
      }
      k += run;
      const value = reader.signed(size) << successiveLow;
      if (k < 64) coefficients[at + (ZIGZAG[k] ?? 0)] = value;
    }
  }

  #acRefine(table: HuffmanTable, coefficients: Int16Array, at: number): void {
    const { spectralStart, spectralEnd, successiveLow } = this.#scan;
    const reader = this.#reader;
    const one = 1 << successiveLow;
    let k = spectralStart;
    if (this.#emptyBlocks === 0) {
      for (; k <= spectralEnd; k++) {
        const symbol = reader.symbol(table);
        let run = symbol >> 4;
        let value = 0;
        if ((symbol & 15) !== 0) {
          value = reader.bits(1) === 1 ? one : -one;
        } else if (run < 15) {
          this.#emptyBlocks = (1 << run) + reader.bits(run);
          break;
        }
        // Past coefficients that are known already, each with a correction bit, to the place of the new one.
        for (; k <= spectralEnd; k++) {
          const place = at + (ZIGZAG[k] ?? 0);
          if (coefficients[place] !== 0) this.#correct(coefficients, place, one);
          else if (run-- === 0) break;
        }
        if (value !== 0 && k < 64) coefficients[at + (ZIGZAG[k] ?? 0)] = value;
      }
    }
    if (this.#emptyBlocks > 0) {
      for (; k <= spectralEnd; k++) {
        const place = at + (ZIGZAG[k] ?? 0);
        if (coefficients[place] !== 0) this.#correct(coefficients, place, one);
      }
      this.#emptyBlocks--;
    }
  }

  #correct(coefficients: Int16Array, place: number, one: number): void {
    const value = coefficients[place] ?? 0;
    if (this.#reader.bits(1) === 1 && (value & one) === 0)
      coefficients[place] = value + (value >= 0 ? one : -one);
  }
}

import type { HuffmanTable } from './huffman.ts';
import { LOOKUP_BITS } from './huffman.ts';

/**
 * Reads the entropy-coded bits of a scan. At a marker it stands still and gives zeros, as libjpeg does, which paints a file whose data
 * end early but in order grey. At the end of the file it throws: such a file is truncated.
 */
export class BitReader {
  /** The byte to read next. */
  position: number;
  /** Bits were wanted behind a marker: what follows, up to a restart, is not in the file. */
  starved = false;
  readonly #bytes: Uint8Array;
  #buffer = 0;
  /** Bits in the buffer; the last `#padding` of them are made up. */
  #count = 0;
  #padding = 0;
  #atMarker = false;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  /** The next Huffman symbol. */
  symbol(table: HuffmanTable): number {
    if (this.#count < 16) this.#fill();
    const entry =
      table.lookup[(this.#buffer >>> (this.#count - LOOKUP_BITS)) & ((1 << LOOKUP_BITS) - 1)] ?? 0;
    if (entry !== 0) {
      this.#take(entry >> 8);
      return entry & 0xff;
    }
    return this.#longSymbol(table);
  }

  /** `count` bits, 0 to 16, as an unsigned number. */
  bits(count: number): number {
    if (count === 0) return 0;
    if (this.#count < count) this.#fill();
    const value = (this.#buffer >>> (this.#count - count)) & ((1 << count) - 1);
    this.#take(count);
    return value;
  }

  /** `count` bits as JPEG writes signed numbers (EXTEND): a leading 0 means negative. */
  signed(count: number): number {
    const value = this.bits(count);
    return count > 0 && value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  /**
   * The AC coefficients of a block, 1 to 63 in the file's order, into `block` by `order` (ZIGZAG). Returns the position of the last one, 0 without any.
   * The same as symbol() and signed() in turn, but most of decoding's time goes here: the state lives in local variables.
   */
  acCoefficients(table: HuffmanTable, order: Uint8Array, block: Int16Array): number {
    const { lookup } = table;
    let buffer = this.#buffer;
    let count = this.#count;
    let last = 0;
    for (let k = 1; k < 64; k++) {
      if (count < 16) {
        this.#count = count;
        this.#fill();
        buffer = this.#buffer;
        count = this.#count;
      }
      const entry = lookup[(buffer >>> (count - LOOKUP_BITS)) & ((1 << LOOKUP_BITS) - 1)] ?? 0;
      let symbol = entry & 0xff;
      if (entry !== 0) count -= entry >> 8;
      else {
        this.#count = count;
        symbol = this.#longSymbol(table);
        count = this.#count;
      }
      const size = symbol & 15;
      if (size === 0) {
        if (symbol !== 0xf0) break;
        k += 15;
        continue;
      }
      if (count < size) {
        this.#count = count;
        this.#fill();
        buffer = this.#buffer;
        count = this.#count;
      }
      k += symbol >> 4;
      count -= size;
      const value = (buffer >>> count) & ((1 << size) - 1);
      if (k > 63) break;
      block[order[k] ?? 0] = value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
      last = k;
    }
    this.#count = count;
    this.#take(0);
    return last;
  }

  /** Begins anew at a position. */
  restart(position: number): void {
    this.standBefore(position);
    this.starved = false;
  }

  /** Goes to a marker that it will not read beyond; whether bits are lacking stays as it is. */
  standBefore(position: number): void {
    this.position = position;
    this.#buffer = 0;
    this.#count = 0;
    this.#padding = 0;
    this.#atMarker = false;
  }

  #take(count: number): void {
    this.#count -= count;
    if (this.#count < this.#padding) {
      if (!this.#atMarker) throw new Error('the JPEG file is truncated');
      this.starved = true;
    }
  }

  #longSymbol(table: HuffmanTable): number {
    let length = LOOKUP_BITS + 1;
    let code = (this.#buffer >>> (this.#count - length)) & ((1 << length) - 1);
    while (code > (table.maxCode[length] ?? 0)) {
      length++;
      // libjpeg: a code that does not exist counts as a zero.
      if (length > 16) {
        this.#take(16);
        return 0;
      }
      code = (this.#buffer >>> (this.#count - length)) & ((1 << length) - 1);
    }
    this.#take(length);
    return table.symbols[code + (table.offset[length] ?? 0)] ?? 0;
  }

  /** To 25 bits or more. */
  #fill(): void {
    const bytes = this.#bytes;
    while (this.#count <= 24) {
      let byte = 0;
      if (this.#padding > 0 || this.position >= bytes.length) {
        this.#padding += 8;
      } else {
        byte = bytes[this.position] ?? 0;
        if (byte !== 0xff) this.position++;
        else byte = this.#escaped();
      }
      this.#buffer = (this.#buffer << 8) | byte;
      this.#count += 8;
    }
  }

  /** 0xff is followed by 0 if it is data; fill bytes of 0xff may stand before a marker. */
  #escaped(): number {
    const bytes = this.#bytes;
    let next = this.position + 1;
    while (bytes[next] === 0xff) next++;
    if (bytes[next] === 0) {
      this.position = next + 1;
      return 0xff;
    }
    this.#padding = 8;
    this.#atMarker = next < bytes.length;
    return 0;
  }
}

/** Codes of up to this many bits are found in one look-up. */
export const LOOKUP_BITS = 9;

/** A Huffman table made ready for decoding. */
export interface HuffmanTable {
  /** By the next LOOKUP_BITS bits: length << 8 | symbol, or 0 for a longer code. */
  readonly lookup: Uint16Array;
  /** By length: the largest code, or -1 without any. [17] ends the search. */
  readonly maxCode: Int32Array;
  /** By length: what turns a code into the position of its symbol. */
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
}

/** `counts[i]` codes of i + 1 bits, with their symbols in order. Throws if there are more codes than bits allow. */
export function makeHuffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const lookup = new Uint16Array(1 << LOOKUP_BITS);
  const maxCode = new Int32Array(18).fill(-1);
  const offset = new Int32Array(18);
  let code = 0;
  let position = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0;
    offset[length] = position - code;
    for (let i = 0; i < count; i++, code++, position++) {
      if (length > LOOKUP_BITS) continue;
      const first = code << (LOOKUP_BITS - length);
      lookup.fill((length << 8) | (symbols[position] ?? 0), first, first + (1 << (LOOKUP_BITS - length)));
    }
    if (code > 1 << length) throw new Error('a Huffman table holds more codes than there are');
    if (count > 0) maxCode[length] = code - 1;
    code <<= 1;
  }
  maxCode[17] = 0x7fffffff;
  return { lookup, maxCode, offset, symbols: symbols.slice() };
}

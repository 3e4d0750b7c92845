/** CRC-32 of ISO 3309 (polynomial 0xedb88320), as zip files have it. */

let table: Uint32Array | undefined;

/** Eight tables of 256: eight bytes go through at a time, four times as fast as one by one. */
function tables(): Uint32Array {
  if (table !== undefined) return table;
  table = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb8_8320 : 0);
    table[byte] = value;
  }
  for (let index = 256; index < table.length; index += 1) {
    const before = table[index - 256] ?? 0;
    table[index] = (before >>> 8) ^ (table[before & 255] ?? 0);
  }
  return table;
}

/** The checksum of the bytes, from 0 to 2^32 - 1; of several pieces in a row, when the last piece's is handed on. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const t = tables();
  let crc = ~before;
  let index = 0;
  for (; index + 8 <= bytes.length; index += 8) {
    const low =
      crc ^
      ((bytes[index] ?? 0) |
        ((bytes[index + 1] ?? 0) << 8) |
        ((bytes[index + 2] ?? 0) << 16) |
        ((bytes[index + 3] ?? 0) << 24));
    crc =
      (t[1792 + (low & 255)] ?? 0) ^
      (t[1536 + ((low >>> 8) & 255)] ?? 0) ^
      (t[1280 + ((low >>> 16) & 255)] ?? 0) ^
      (t[1024 + (low >>> 24)] ?? 0) ^
      (t[768 + (bytes[index + 4] ?? 0)] ?? 0) ^
      (t[512 + (bytes[index + 5] ?? 0)] ?? 0) ^
      (t[256 + (bytes[index + 6] ?? 0)] ?? 0) ^
      (t[bytes[index + 7] ?? 0] ?? 0);
  }
  for (; index < bytes.length; index += 1) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[index] ?? 0)) & 255] ?? 0);
  return ~crc >>> 0;
}

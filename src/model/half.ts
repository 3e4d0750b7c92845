/** The two 16-bit float formats of checkpoints, converted by hand: Float16Array is younger than some platforms we run on. */

// Plain loops: TypedArray.from with a function takes ten times as long, seconds for a ResNet-50.

/** Widens IEEE 754 binary16 bits; exact, NaN stays NaN. */
export function float16BitsToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  // A checkpoint has millions of values and the format 65,536: one table pays at once.
  float16Values ??= Float32Array.from({ length: 65_536 }, (_, pattern) => widenFloat16(pattern));
  const table = float16Values;
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index += 1) values[index] = table[bits[index] ?? 0] ?? 0;
  return values;
}

/** Narrows to IEEE 754 binary16 bits, rounding to nearest, ties to even; overflow becomes infinity, NaN a quiet NaN. */
export function float32ToFloat16Bits(values: Float32Array): Uint16Array<ArrayBuffer> {
  return mapBits(values, (pattern) => {
    const sign = (pattern >>> 16) & 0x8000;
    const magnitude = pattern & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) return sign | 0x7e00;
    // 65520 and more is nearer to 2^16 than to 65504, the largest number.
    if (magnitude >= 0x477f_f000) return sign | 0x7c00;
    if (magnitude >= 0x3880_0000) {
      // Normal: move the exponent bias from 127 to 15, then round 13 bits away; a carry runs into the exponent as it should.
      return sign | roundAway(magnitude - ((127 - 15) << 23), 13);
    }
    // Subnormal: units of 2^-24. Below 2^-25 everything rounds to zero, and a shift by 25 or more would wrap.
    const exponent = magnitude >>> 23;
    if (exponent < 102) return sign;
    return sign | roundAway((magnitude & 0x7f_ffff) | 0x80_0000, 126 - exponent);
  });
}

/** Widens bfloat16 bits: the upper half of a float32. */
export function bfloat16BitsToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const patterns = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index += 1) patterns[index] = (bits[index] ?? 0) << 16;
  return new Float32Array(patterns.buffer);
}

/** Narrows to bfloat16 bits, rounding to nearest, ties to even; NaN stays a quiet NaN. */
export function float32ToBfloat16Bits(values: Float32Array): Uint16Array<ArrayBuffer> {
  return mapBits(values, (pattern) => {
    const magnitude = pattern & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) return (pattern >>> 16) | 0x40;
    return ((pattern >>> 16) & 0x8000) | roundAway(magnitude, 16);
  });
}

function mapBits(values: Float32Array, narrow: (pattern: number) => number): Uint16Array<ArrayBuffer> {
  const patterns = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let index = 0; index < bits.length; index += 1) bits[index] = narrow(patterns[index] ?? 0);
  return bits;
}

let float16Values: Float32Array | undefined;

function widenFloat16(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >>> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Drops the lowest `count` bits (1 to 24) of a positive integer, to nearest, ties to even. */
function roundAway(value: number, count: number): number {
  const kept = value >>> count;
  const dropped = value & ((1 << count) - 1);
  const half = 1 << (count - 1);
  return kept + (dropped > half || (dropped === half && (kept & 1) === 1) ? 1 : 0);
}

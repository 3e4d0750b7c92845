/** The accurate integer inverse DCT of libjpeg (`jidctint.c`, Loeffler, Ligtenberg and Moschytz): 13-bit constants, two bits kept between the passes. */
const CONST_BITS = 13;
const PASS1_BITS = 2;

const work = new Int32Array(64);

/**
 * Dequantises and transforms one block. `coefficients` [64] from `start`, natural order; `quantization` [64]; writes 8x8 samples to `plane` from `target`,
 * rows `stride` apart. Plane is clamped to 0..255 by its type.
 */
export function inverseDct(
  coefficients: Int16Array,
  start: number,
  quantization: Int32Array,
  plane: Uint8ClampedArray,
  target: number,
  stride: number,
): void {
  const c = coefficients;
  const q = quantization;
  for (let x = 0; x < 8; x++) {
    const at = start + x;
    const c1 = c[at + 8] ?? 0;
    const c2 = c[at + 16] ?? 0;
    const c3 = c[at + 24] ?? 0;
    const c4 = c[at + 32] ?? 0;
    const c5 = c[at + 40] ?? 0;
    const c6 = c[at + 48] ?? 0;
    const c7 = c[at + 56] ?? 0;
    const d0 = ((c[at] ?? 0) * (q[x] ?? 0)) | 0;
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      const value = d0 << PASS1_BITS;
      work[x] = value;
      work[x + 8] = value;
      work[x + 16] = value;
      work[x + 24] = value;
      work[x + 32] = value;
      work[x + 40] = value;
      work[x + 48] = value;
      work[x + 56] = value;
      continue;
    }
    // Even part.
    let z2 = (c2 * (q[x + 16] ?? 0)) | 0;
    let z3 = (c6 * (q[x + 48] ?? 0)) | 0;
    let z1 = Math.imul(z2 + z3, 4433);
    const even2 = (z1 + Math.imul(z3, -15137)) | 0;
    const even3 = (z1 + Math.imul(z2, 6270)) | 0;
    z2 = d0;
    z3 = (c4 * (q[x + 32] ?? 0)) | 0;
    const even0 = (z2 + z3) << CONST_BITS;
    const even1 = (z2 - z3) << CONST_BITS;
    const t10 = (even0 + even3) | 0;
    const t13 = (even0 - even3) | 0;
    const t11 = (even1 + even2) | 0;
    const t12 = (even1 - even2) | 0;
    // Odd part.
    let o0 = (c7 * (q[x + 56] ?? 0)) | 0;
    let o1 = (c5 * (q[x + 40] ?? 0)) | 0;
    let o2 = (c3 * (q[x + 24] ?? 0)) | 0;
    let o3 = (c1 * (q[x + 8] ?? 0)) | 0;
    z1 = o0 + o3;
    z2 = o1 + o2;
    z3 = o0 + o2;
    let z4 = o1 + o3;
    const z5 = Math.imul(z3 + z4, 9633);
    o0 = Math.imul(o0, 2446);
    o1 = Math.imul(o1, 16819);
    o2 = Math.imul(o2, 25172);
    o3 = Math.imul(o3, 12299);
    z1 = Math.imul(z1, -7373);
    z2 = Math.imul(z2, -20995);
    z3 = (Math.imul(z3, -16069) + z5) | 0;
    z4 = (Math.imul(z4, -3196) + z5) | 0;
    o0 = (o0 + z1 + z3) | 0;
    o1 = (o1 + z2 + z4) | 0;
    o2 = (o2 + z2 + z3) | 0;
    o3 = (o3 + z1 + z4) | 0;
    work[x] = (t10 + o3 + 1024) >> 11;
    work[x + 56] = (t10 - o3 + 1024) >> 11;
    work[x + 8] = (t11 + o2 + 1024) >> 11;
    work[x + 48] = (t11 - o2 + 1024) >> 11;
    work[x + 16] = (t12 + o1 + 1024) >> 11;
    work[x + 40] = (t12 - o1 + 1024) >> 11;
    work[x + 24] = (t13 + o0 + 1024) >> 11;
    work[x + 32] = (t13 - o0 + 1024) >> 11;
  }
  // 128 is the level shift; half of the last bit dropped rounds. Both are added once, to the even part.
  const bias = (128 << (CONST_BITS + PASS1_BITS + 3)) + (1 << (CONST_BITS + PASS1_BITS + 2));
  for (let y = 0, row = target; y < 64; y += 8, row += stride) {
    let o3 = work[y + 1] ?? 0;
    let z2 = work[y + 2] ?? 0;
    let o2 = work[y + 3] ?? 0;
    let z3 = work[y + 4] ?? 0;
    let o1 = work[y + 5] ?? 0;
    const w6 = work[y + 6] ?? 0;
    let o0 = work[y + 7] ?? 0;
    const w4 = z3;
    if ((o3 | z2 | o2 | z3 | o1 | w6 | o0) === 0) {
      fillRow(work[y] ?? 0, plane, row);
      continue;
    }
    z3 = w6;
    let z1 = Math.imul(z2 + z3, 4433);
    const even2 = (z1 + Math.imul(z3, -15137)) | 0;
    const even3 = (z1 + Math.imul(z2, 6270)) | 0;
    z2 = work[y] ?? 0;
    z3 = w4;
    const even0 = (((z2 + z3) << CONST_BITS) + bias) | 0;
    const even1 = (((z2 - z3) << CONST_BITS) + bias) | 0;
    const t10 = (even0 + even3) | 0;
    const t13 = (even0 - even3) | 0;
    const t11 = (even1 + even2) | 0;
    const t12 = (even1 - even2) | 0;
    z1 = o0 + o3;
    z2 = o1 + o2;
    z3 = o0 + o2;
    let z4 = o1 + o3;
    const z5 = Math.imul(z3 + z4, 9633);
    o0 = Math.imul(o0, 2446);
    o1 = Math.imul(o1, 16819);
    o2 = Math.imul(o2, 25172);
    o3 = Math.imul(o3, 12299);
    z1 = Math.imul(z1, -7373);
    z2 = Math.imul(z2, -20995);
    z3 = (Math.imul(z3, -16069) + z5) | 0;
    z4 = (Math.imul(z4, -3196) + z5) | 0;
    o0 = (o0 + z1 + z3) | 0;
    o1 = (o1 + z2 + z4) | 0;
    o2 = (o2 + z2 + z3) | 0;
    o3 = (o3 + z1 + z4) | 0;
    plane[row] = (t10 + o3) >> 18;
    plane[row + 7] = (t10 - o3) >> 18;
    plane[row + 1] = (t11 + o2) >> 18;
    plane[row + 6] = (t11 - o2) >> 18;
    plane[row + 2] = (t12 + o1) >> 18;
    plane[row + 5] = (t12 - o1) >> 18;
    plane[row + 3] = (t13 + o0) >> 18;
    plane[row + 4] = (t13 - o0) >> 18;
  }
}

/** A row without AC: the same as the whole computation gives. */
function fillRow(value: number, plane: Uint8ClampedArray, row: number): void {
  plane.fill(((value + 16) >> (PASS1_BITS + 3)) + 128, row, row + 8);
}

/** inverseDct of a block that has nothing but its (dequantised) DC. */
export function fillBlock(dc: number, plane: Uint8ClampedArray, target: number, stride: number): void {
  for (let y = 0; y < 8; y++) fillRow(dc << PASS1_BITS, plane, target + y * stride);
}

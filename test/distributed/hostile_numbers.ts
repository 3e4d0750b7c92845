/** Numbers whose float32 sum depends on order and precision: large ones of both signs around small ones. */
export function hostileNumbers(rank: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => {
    const large = (index % 3) - 1;
    return large * (rank % 2 === 0 ? 1 : -1) * 1e7 + Math.sin(index + 1000 * rank);
  });
}

/** FNV-1a, to compare long results by. */
export function fingerprintOf(values: Float32Array): number {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

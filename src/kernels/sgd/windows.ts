/** A range of elements of a flat tensor. */
export interface Window {
  readonly first: number;
  readonly size: number;
}

/**
 * Cuts `elements` into ranges which a kernel can bind: none longer than `limit` bytes of 4-byte elements, every start a
 * multiple of `granule` elements. Throws RangeError when not even one granule fits.
 */
export function windows(elements: number, limit: number, granule: number): Window[] {
  const longest = Math.floor(limit / 4 / granule) * granule;
  if (longest === 0) throw new RangeError(`windows: ${granule} elements do not fit into ${limit} bytes`);
  const list: Window[] = [];
  for (let first = 0; first < elements; first += longest)
    list.push({ first, size: Math.min(longest, elements - first) });
  return list;
}

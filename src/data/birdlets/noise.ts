import { mix32 } from '../../runtime/random.ts';
import { mix } from './geometry.ts';

function lattice(x: number, y: number, key: number): number {
  return mix32((Math.imul(x, 0x27d4eb2f) + Math.imul(y, 0x165667b1)) ^ key) / 4294967296;
}

/** Smooth value noise in [0, 1): random numbers on the integer lattice, joined by cubics. `key` picks the pattern. */
export function valueNoise(x: number, y: number, key: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  let u = x - left;
  let v = y - top;
  u = u * u * (3 - 2 * u);
  v = v * v * (3 - 2 * v);
  const upper = mix(lattice(left, top, key), lattice(left + 1, top, key), u);
  const lower = mix(lattice(left, top + 1, key), lattice(left + 1, top + 1, key), u);
  return mix(upper, lower, v);
}

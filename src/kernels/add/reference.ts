import type { Array64 } from '../reference.ts';
import { map64 } from '../reference.ts';

/** a + b, elementwise. */
export function addReference(a: Array64, b: Array64): Array64 {
  return map64([a, b], (x, y) => x + y);
}

/** d(a+b)/da = d(a+b)/db = 1. */
export function addReferenceGradient(outputGradient: Array64): [Array64, Array64] {
  return [outputGradient, outputGradient];
}

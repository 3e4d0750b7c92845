import type { Array64 } from '../reference.ts';
import { map64 } from '../reference.ts';

/** max(x, 0), elementwise. */
export function reluReference(input: Array64): Array64 {
  return map64([input], (x) => (x < 0 ? 0 : x));
}

/** The gradient passes where x > 0. */
export function reluReferenceGradient(input: Array64, outputGradient: Array64): Array64 {
  return map64([input, outputGradient], (x, gradient) => (x <= 0 ? 0 : gradient));
}

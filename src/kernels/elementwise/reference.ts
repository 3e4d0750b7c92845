import type { Array64 } from '../reference.ts';
import { array64, at, map64 } from '../reference.ts';

/** A function of one number and its derivative; `first` and `second` are the operation's scalars. */
export interface Scalar64 {
  readonly value: (x: number, first: number, second: number) => number;
  readonly derivative: (x: number, first: number, second: number) => number;
}

/** The unary operations by name, in float64. */
export const unaryReferences = {
  scale: { value: (x, factor) => factor * x, derivative: (_, factor) => factor },
  addScalar: { value: (x, offset) => x + offset, derivative: () => 1 },
  exp: { value: (x) => Math.exp(x), derivative: (x) => Math.exp(x) },
  log: { value: (x) => Math.log(x), derivative: (x) => 1 / x },
  softplus: {
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    derivative: (x) => 1 / (1 + Math.exp(-x)),
  },
  abs: { value: (x) => Math.abs(x), derivative: (x) => Math.sign(x) },
  square: { value: (x) => x * x, derivative: (x) => 2 * x },
  sqrt: { value: (x) => Math.sqrt(x), derivative: (x) => 0.5 / Math.sqrt(x) },
  clamp: {
    value: (x, low, high) => Math.min(Math.max(x, low), high),
    derivative: (x, low, high) => (x >= low && x <= high ? 1 : 0),
  },
} as const satisfies { readonly [name: string]: Scalar64 };

/** f of every element. */
export function unaryReference({ value }: Scalar64, x: Array64, first: number, second: number): Array64 {
  return map64([x], (v) => value(v, first, second));
}

/** The output's gradient times the derivative at every element. */
export function unaryReferenceGradient(
  { derivative }: Scalar64,
  x: Array64,
  outputGradient: Array64,
  first: number,
  second: number,
): Array64 {
  return map64([x, outputGradient], (v, gradient) => gradient * derivative(v, first, second));
}

/** A function of two numbers and its derivatives. */
export interface Pair64 {
  readonly value: (a: number, b: number) => number;
  readonly derivatives: (a: number, b: number) => readonly [number, number];
}

/** The binary operations by name, in float64. */
export const binaryReferences = {
  subtract: { value: (a, b) => a - b, derivatives: () => [1, -1] },
  multiply: { value: (a, b) => a * b, derivatives: (a, b) => [b, a] },
  divide: { value: (a, b) => a / b, derivatives: (a, b) => [1 / b, -a / (b * b)] },
} as const satisfies { readonly [name: string]: Pair64 };

/** f of every element of a and the element of b that belongs to its row (a.size / b.size neighbouring elements). */
export function binaryReference({ value }: Pair64, a: Array64, b: Array64): Array64 {
  const inner = a.data.length / b.data.length;
  const output = array64(a.shape);
  for (let i = 0; i < output.data.length; i++) output.data[i] = value(at(a, i), at(b, Math.floor(i / inner)));
  return output;
}

/** Gradients of both inputs; that of b adds up its row. */
export function binaryReferenceGradient(
  { derivatives }: Pair64,
  a: Array64,
  b: Array64,
  outputGradient: Array64,
): [Array64, Array64] {
  const inner = a.data.length / b.data.length;
  const aGradient = array64(a.shape);
  const bGradient = array64(b.shape);
  for (let i = 0; i < a.data.length; i++) {
    const row = Math.floor(i / inner);
    const [da, db] = derivatives(at(a, i), at(b, row));
    aGradient.data[i] = at(outputGradient, i) * da;
    bGradient.data[row] = at(bGradient, row) + at(outputGradient, i) * db;
  }
  return [aGradient, bGradient];
}

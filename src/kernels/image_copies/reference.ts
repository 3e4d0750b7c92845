import type { Array64 } from '../reference.ts';
import type { NoisyCopiesOptions } from './image_copies.ts';
import { array64, at } from '../reference.ts';

function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb_352d);
  x = Math.imul(x ^ (x >>> 15), 0x846c_a68b | 0);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Horner's scheme, the highest power first. */
const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** Inverse of the standard normal distribution function for a probability in (1e-11, 0.5]: PPND7 of algorithm AS 241. */
export function lowerQuantile(probability: number): number {
  const q = 0.5 - probability;
  if (q <= 0.425) {
    const r = 0.180625 - q * q;
    const top = [59.10937472, 159.29113202, 50.434271938, 3.3871327179];
    const bottom = [67.1875636, 78.757757664, 17.895169469, 1];
    return (-q * polynomial(top, r)) / polynomial(bottom, r);
  }
  const r = Math.sqrt(-Math.log(probability)) - 1.6;
  const top = [0.17023821103, 1.3067284816, 2.75681539, 1.4234372777];
  return -polynomial(top, r) / polynomial([0.12021132975, 0.7370016425, 1], r);
}

/** The standard normal number of an element of a copy. */
export function normalDraw(seed: number, copy: number, element: number): number {
  const inner = mix32(mix32(element) + Math.imul(copy, 0x9e37_79b9));
  const random = mix32(inner + Math.imul(seed, 0x85eb_ca6b));
  // The kernel's probability is a 32-bit float, which rounds near 0.5.
  const probability = Math.fround((Math.fround(random >>> 1) + 0.5) / 2 ** 32);
  return ((random & 1) === 0 ? -1 : 1) * lowerQuantile(probability);
}

/** x[n,i] + deviations[n] * normal(seed, firstCopy + s, i). */
export function noisyCopiesReference(x: Array64, deviations: Array64, options: NoisyCopiesOptions): Array64 {
  const { copies, seed, firstCopy = 0 } = options;
  const output = array64([copies, ...x.shape]);
  const length = x.data.length / (x.shape[0] ?? 1);
  for (let s = 0; s < copies; s++)
    for (let i = 0; i < x.data.length; i++)
      output.data[s * x.data.length + i] =
        at(x, i) + at(deviations, Math.floor(i / length)) * normalDraw(seed, firstCopy + s, i % length);
  return output;
}

/** (1 - position) * baseline + position * x for every position. */
export function pathCopiesReference(
  x: Array64,
  baseline: readonly number[],
  positions: readonly number[],
): Array64 {
  const output = array64([positions.length, ...x.shape]);
  for (const [s, position] of positions.entries())
    for (let i = 0; i < x.data.length; i++)
      output.data[s * x.data.length + i] =
        (1 - position) * (baseline[i % baseline.length] ?? 0) + position * at(x, i);
  return output;
}

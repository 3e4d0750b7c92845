import type { Array64 } from '../reference.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64, at } from '../reference.ts';

/** How the elements of a reduction lie: [outer, length, inner], reduced over `length`. */
export interface Extent64 {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** scale * sum over the middle axis. */
export function sumReference(x: Array64, shape: Shape, extent: Extent64, scale = 1): Array64 {
  const { outer, length, inner } = extent;
  const output = array64(shape);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let total = 0;
      for (let k = 0; k < length; k++) total += at(x, (o * length + k) * inner + i);
      output.data[o * inner + i] = scale * total;
    }
  }
  return output;
}

/** Every element gets scale times the gradient of its sum. */
export function sumReferenceGradient(
  x: Array64,
  outputGradient: Array64,
  { outer, length, inner }: Extent64,
  scale = 1,
): Array64 {
  const gradient = array64(x.shape);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < length; k++) {
      for (let i = 0; i < inner; i++) {
        gradient.data[(o * length + k) * inner + i] = scale * at(outputGradient, o * inner + i);
      }
    }
  }
  return gradient;
}

/** The largest or smallest element of every row of `length`: x is [outer, length]. */
export function extremumReference(x: Array64, outer: number, choose: 'max' | 'min'): Array64 {
  const length = x.data.length / outer;
  const output = array64([outer]);
  for (let o = 0; o < outer; o++) {
    let best = at(x, o * length);
    for (let k = 1; k < length; k++) best = Math[choose](best, at(x, o * length + k));
    output.data[o] = best;
  }
  return output;
}

/** The gradient of a row's extremum, shared equally by the elements that attain it. */
export function extremumReferenceGradient(x: Array64, extrema: Array64, outputGradient: Array64): Array64 {
  const outer = extrema.data.length;
  const length = x.data.length / outer;
  const gradient = array64(x.shape);
  for (let o = 0; o < outer; o++) {
    const places = Array.from({ length }, (_, k) => o * length + k).filter(
      (i) => at(x, i) === at(extrema, o),
    );
    for (const i of places) gradient.data[i] = at(outputGradient, o) / places.length;
  }
  return gradient;
}

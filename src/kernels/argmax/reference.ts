import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';
import { rowsOf } from '../softmax/reference.ts';

/** First index of each row's largest element. */
export function argmaxReference(input: Array64): Array64 {
  const best = rowsOf(input).map((row) => row.indexOf(Math.max(...row)));
  return array64(input.shape.slice(0, -1), best);
}

/** Number of rows whose largest element is at the label. */
export function accuracyCountReference(scores: Array64, labels: Array64): Array64 {
  const best = argmaxReference(scores);
  return array64([1], [best.data.filter((index, n) => index === at(labels, n)).length]);
}

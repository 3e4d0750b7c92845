import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';
import { logSoftmaxReference, rowsOf, softmaxReference } from '../softmax/reference.ts';

/** -log softmax(logits)[label] of every row; NaN for a label outside the classes. */
export function crossEntropyReference(logits: Array64, labels: Array64): Array64 {
  const rows = rowsOf(logSoftmaxReference(logits));
  return array64(
    labels.shape,
    rows.map((row, n) => -(row[at(labels, n)] ?? Number.NaN)),
  );
}

/** dLoss (softmax(logits) - one-hot label). */
export function crossEntropyReferenceGradient(
  logits: Array64,
  labels: Array64,
  lossGradient: Array64,
): Array64 {
  const rows = rowsOf(softmaxReference(logits)).map((row, n) => {
    const label = at(labels, n);
    return row.map((p, c) =>
      label < row.length ? at(lossGradient, n) * (p - (c === label ? 1 : 0)) : Number.NaN,
    );
  });
  return array64(logits.shape, rows.flat());
}

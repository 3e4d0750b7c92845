import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

/** -sum_z q[n,z] logProbabilities[n,z,label] for logProbabilities [N,...,C]; without weights every q is 1. */
export function nllReference(logProbabilities: Array64, weights: Array64 | null, labels: Array64): Array64 {
  const classes = logProbabilities.shape.at(-1) ?? 1;
  const locations = logProbabilities.data.length / classes / labels.data.length;
  const losses = Array.from(labels.data, (label, image) => {
    if (label >= classes) return Number.NaN;
    let loss = 0;
    for (let m = image * locations; m < (image + 1) * locations; m++) {
      const weight = weights === null ? 1 : at(weights, m);
      if (weight !== 0) loss -= weight * at(logProbabilities, m * classes + label);
    }
    return loss;
  });
  return array64(labels.shape, losses);
}

/** Gradient with respect to the log-probabilities. */
export function nllReferenceGradient(
  logProbabilities: Array64,
  weights: Array64 | null,
  labels: Array64,
  lossGradient: Array64,
): Array64 {
  const classes = logProbabilities.shape.at(-1) ?? 1;
  const locations = logProbabilities.data.length / classes / labels.data.length;
  const gradient = array64(logProbabilities.shape);
  for (const [image, label] of labels.data.entries()) {
    if (label >= classes) continue;
    for (let m = image * locations; m < (image + 1) * locations; m++)
      gradient.data[m * classes + label] = -at(lossGradient, image) * (weights === null ? 1 : at(weights, m));
  }
  return gradient;
}

/** input[n,...,label n] for input [N,...,C]; NaN for a label outside the classes. */
export function selectClassReference(input: Array64, labels: Array64): Array64 {
  const classes = input.shape.at(-1) ?? 1;
  const shape = input.shape.slice(0, -1);
  const locations = input.data.length / classes;
  const values = Array.from({ length: locations }, (_, m) => {
    const label = at(labels, Math.floor((m * labels.data.length) / locations));
    return label < classes ? at(input, m * classes + label) : Number.NaN;
  });
  return array64(shape, values);
}

/** Classification metrics from predicted probabilities. */

export interface ClassificationMetrics {
  readonly count: number;
  /** Share of samples whose class has the highest probability (of equal ones the first counts), percent. */
  readonly top1: number;
  /** Share of samples whose class is among the five highest, percent. */
  readonly top5: number;
  /** Mean negative log-likelihood, nats; Infinity when a true class has probability 0. */
  readonly negativeLogLikelihood: number;
  /**
   * Expected calibration error, percent: mean over equally wide confidence bins of |accuracy - confidence|, weighted by
   * their sample counts (Guo et al., "On Calibration of Modern Neural Networks", 2017).
   */
  readonly expectedCalibrationError: number;
}

export interface ClassificationOptions {
  /** Number of confidence bins of the calibration error. Default 15. */
  readonly calibrationBins?: number;
}

/**
 * Metrics of `probabilities` [N, C] against `labels` [N] (0-based). Throws when a size or a label does not fit or a
 * probability is no number in [0, 1] (rounding up to 1e-3 above 1 is let through).
 */
export function classificationMetrics(
  probabilities: Float32Array | Float64Array,
  labels: ArrayLike<number>,
  classes: number,
  options: ClassificationOptions = {},
): ClassificationMetrics {
  const count = labels.length;
  if (count === 0) throw new Error('classificationMetrics: labels is empty');
  if (probabilities.length !== count * classes) {
    throw new Error(
      `classificationMetrics: probabilities must hold ${count}x${classes} = ${count * classes} values, ` +
        `got ${probabilities.length}`,
    );
  }
  const bins = options.calibrationBins ?? 15;
  if (!(Number.isInteger(bins) && bins > 0)) {
    throw new Error(`classificationMetrics: calibrationBins must be a positive integer, got ${bins}`);
  }
  const confidenceSum = new Float64Array(bins);
  const correctSum = new Float64Array(bins);
  let top1 = 0;
  let top5 = 0;
  let negativeLogLikelihood = 0;
  for (let n = 0; n < count; n++) {
    const label = labels[n] ?? -1;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new Error(
        `classificationMetrics: labels must lie in [0, ${classes}), got ${label} at sample ${n}`,
      );
    }
    const own = probabilities[n * classes + label] ?? 0;
    let rank = 0;
    let confidence = 0;
    for (let c = 0; c < classes; c++) {
      const probability = probabilities[n * classes + c] ?? NaN;
      if (!(probability >= 0 && probability <= 1.001)) {
        throw new Error(
          `classificationMetrics: probabilities must lie in [0, 1], got ${probability} at sample ${n}, class ${c}`,
        );
      }
      if (probability > own || (probability === own && c < label)) rank++;
      confidence = Math.max(confidence, probability);
    }
    if (rank === 0) top1++;
    if (rank < 5) top5++;
    negativeLogLikelihood -= Math.log(own) / count;
    // Bins are (low, high], so that a confidence of exactly 1 is in the last.
    const bin = Math.min(Math.max(Math.ceil(confidence * bins) - 1, 0), bins - 1);
    confidenceSum[bin] = (confidenceSum[bin] ?? 0) + confidence;
    correctSum[bin] = (correctSum[bin] ?? 0) + (rank === 0 ? 1 : 0);
  }
  let gap = 0;
  for (let bin = 0; bin < bins; bin++) gap += Math.abs((correctSum[bin] ?? 0) - (confidenceSum[bin] ?? 0));
  return {
    count,
    top1: (100 * top1) / count,
    top5: (100 * top5) / count,
    negativeLogLikelihood,
    expectedCalibrationError: (100 * gap) / count,
  };
}

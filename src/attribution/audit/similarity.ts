import type { ScoreMap } from '../../eval/score_map.ts';

/** Ranks from 1, equals sharing the mean of theirs. */
function ranks(values: Float32Array): Float64Array {
  const order = Array.from(values.keys()).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const result = new Float64Array(values.length);
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[first] ?? 0]) end++;
    for (let i = first; i < end; i++) result[order[i] ?? 0] = (first + 1 + end) / 2;
    first = end;
  }
  return result;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [(a[i] ?? 0) - meanA, (b[i] ?? 0) - meanB];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return product / Math.sqrt(squareA * squareB);
}

/** Spearman's rank correlation of two maps of one size, -1 to 1 (scipy.stats.spearmanr); NaN when one is constant. */
export function rankCorrelation(first: ScoreMap, second: ScoreMap): number {
  return correlation(ranks(first.data), ranks(second.data));
}

/** Side of the window of `structuralSimilarity`. */
export const SIMILARITY_WINDOW = 7;

/**
 * Structural similarity of two maps of one size with values in [0, 1], -1 to 1 (Wang et al. 2004, as skimage.metrics.structural_similarity
 * has it by default: a flat 7x7 window, sample covariances, the mean over windows that lie within). Throws for maps smaller than that.
 */
export function structuralSimilarity(first: ScoreMap, second: ScoreMap): number {
  const { width, height } = first;
  const side = SIMILARITY_WINDOW;
  if (width !== second.width || height !== second.height || Math.min(width, height) < side)
    throw new Error(`structuralSimilarity: wanted two maps of one size of at least ${side}x${side}`);
  const [c1, c2] = [0.01 ** 2, 0.03 ** 2];
  const count = side * side;
  let total = 0;
  for (let top = 0; top + side <= height; top++) {
    for (let left = 0; left + side <= width; left++) {
      let [sumX, sumY, squareX, squareY, product] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + side; y++) {
        for (let x = left; x < left + side; x++) {
          const a = first.data[y * width + x] ?? 0;
          const b = second.data[y * width + x] ?? 0;
          sumX += a;
          sumY += b;
          squareX += a * a;
          squareY += b * b;
          product += a * b;
        }
      }
      const [meanX, meanY] = [sumX / count, sumY / count];
      const covariance = (products: number, means: number): number =>
        (products - count * means) / (count - 1);
      const [varianceX, varianceY] = [covariance(squareX, meanX * meanX), covariance(squareY, meanY * meanY)];
      const both = covariance(product, meanX * meanY);
      total +=
        ((2 * meanX * meanY + c1) * (2 * both + c2)) /
        ((meanX ** 2 + meanY ** 2 + c1) * (varianceX + varianceY + c2));
    }
  }
  return total / ((height - side + 1) * (width - side + 1));
}

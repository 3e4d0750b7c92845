/**
 * Remove and classify (the paper's figure 5): erase the pixels that a map scores highest and classify again. The sooner the accuracy
 * falls, compared with erasing as many pixels at random, the better the map knows what the model looks at.
 */
import type { Model } from '../model/model.ts';
import { erase, erasedCount } from './erasure.ts';
import { startTape } from '../kernels/tape.ts';

/** Shares of erased pixels in the paper's figure. */
export const ERASED_SHARES: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** Pictures ready to be erased. */
export interface ErasablePictures {
  /** Normalised, [N,H,W,3]. */
  readonly images: Float32Array;
  /** What takes the place of erased pixels, of the same shape: see `fillPictures`. */
  readonly fills: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Class of each picture, [N]. */
  readonly labels: ArrayLike<number>;
}

/**
 * How many of the pictures the model classifies right when the first pixels of each picture's `order` are erased, for every share (ascending);
 * the official measure's numerator. Throws when shares do not ascend or orders do not fit.
 */
export async function rightAfterErasing(
  model: Model,
  pictures: ErasablePictures,
  orders: readonly Uint32Array[],
  shares: readonly number[],
): Promise<number[]> {
  const { images, fills, height, width, labels } = pictures;
  const count = labels.length;
  const pixels = height * width;
  if (orders.length !== count || orders.some((order) => order.length !== pixels))
    throw new Error(`rightAfterErasing: wanted ${count} orders of ${pixels} pixels`);
  if (shares.some((share, i) => i > 0 && share < (shares[i - 1] ?? 0)))
    throw new Error(`rightAfterErasing: shares must ascend, got ${shares.join(', ')}`);
  const erased = Float32Array.from(images);
  const right: number[] = [];
  // One share computes while the last one's result is read; all at once would need the memory of all.
  let pending: Promise<number> | null = null;
  for (const share of shares) {
    const erasing = erasedCount(share, height, width);
    for (const [image, order] of orders.entries()) {
      const range = [3 * image * pixels, 3 * (image + 1) * pixels] as const;
      erase(erased.subarray(...range), fills.subarray(...range), order, erasing);
    }
    const next = countRight(model, erased, [count, height, width], labels);
    // Whoever awaits it sees the failure; should the earlier one fail first, this one must not end the process.
    next.catch(() => undefined);
    if (pending !== null) right.push(await pending);
    pending = next;
  }
  if (pending !== null) right.push(await pending);
  return right;
}

/** How many of normalised images [N,H,W,3] on the host the model classifies right. */
async function countRight(
  model: Model,
  images: Float32Array,
  [count, height, width]: readonly [number, number, number],
  labels: ArrayLike<number>,
): Promise<number> {
  const { engine } = model;
  const tape = startTape(engine, { gradients: false });
  try {
    const tensor = tape.empty([count, height, width, 3]);
    engine.write(tensor, images);
    const probabilities = await engine.read(model.predict(tape, tensor).probabilities);
    const { classes } = model.configuration;
    let right = 0;
    for (let image = 0; image < count; image++) {
      let best = 0;
      const row = probabilities.subarray(image * classes, (image + 1) * classes);
      for (let c = 1; c < classes; c++) if ((row[c] ?? 0) > (row[best] ?? 0)) best = c;
      if (best === labels[image]) right++;
    }
    return right;
  } finally {
    tape.end();
  }
}

/** What random erasing does to a model, whatever the map: counted once for all its maps. */
export interface RandomErasing {
  readonly images: number;
  /** Right images with nothing erased. */
  readonly right: number;
  readonly shares: readonly number[];
  /** Right images by draw and share. */
  readonly draws: readonly (readonly number[])[];
}

export interface RemovalPoint {
  readonly share: number;
  /** Accuracy with the highest-scored pixels erased, percent. */
  readonly accuracy: number;
  /** Mean over the draws of the accuracy with as many pixels erased at random, and its standard deviation, percent. */
  readonly randomAccuracy: number;
  readonly randomDeviation: number;
  /** The first accuracy over the second, percent; NaN where random erasing leaves no image right. Lower is better. */
  readonly relativeAccuracy: number;
}

export interface RemovalResult {
  readonly images: number;
  /** With nothing erased, percent. */
  readonly accuracy: number;
  readonly draws: number;
  readonly points: readonly RemovalPoint[];
  /** Mean of the relative accuracies over the shares, percent. */
  readonly meanRelativeAccuracy: number;
}

/** Puts the counts together; `right` are the right images by share. Throws when the shares do not fit. */
export function removalResult(right: readonly number[], random: RandomErasing): RemovalResult {
  const { images, shares, draws } = random;
  if (right.length !== shares.length || draws.some((draw) => draw.length !== shares.length)) {
    throw new Error(
      `removalResult: wanted counts for ${shares.length} shares, got ${right.length} and ${draws.map((draw) => draw.length).join(', ')}`,
    );
  }
  const points = shares.map((share, i): RemovalPoint => {
    const accuracies = draws.map((draw) => (100 * (draw[i] ?? 0)) / images);
    const randomAccuracy = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
    const squares = accuracies.reduce((sum, value) => sum + (value - randomAccuracy) ** 2, 0);
    const accuracy = (100 * (right[i] ?? 0)) / images;
    return {
      share,
      accuracy,
      randomAccuracy,
      // Of a sample; one draw tells nothing of its spread.
      randomDeviation: accuracies.length > 1 ? Math.sqrt(squares / (accuracies.length - 1)) : Number.NaN,
      relativeAccuracy: randomAccuracy > 0 ? (100 * accuracy) / randomAccuracy : Number.NaN,
    };
  });
  const relative = points.map((point) => point.relativeAccuracy);
  return {
    images,
    accuracy: (100 * random.right) / images,
    draws: draws.length,
    points,
    meanRelativeAccuracy: relative.reduce((sum, value) => sum + value, 0) / relative.length,
  };
}

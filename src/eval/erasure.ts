/**
 * Which pixels remove-and-classify erases (the paper's figure 5): those of the highest scores, or as many at random
 * (`util.get_topk_to_zero_mask` and `eval_remove_classify.py`).
 */
import { RandomStream } from '../runtime/random.ts';

/** Separate random streams for what decides between equal scores and for random erasing. */
const TIES = 0x71e5;
const RANDOM = 0x4a2d;

/** Number of pixels of a [height, width] picture that a share of it is: int(share * height * width), as officially. */
export function erasedCount(share: number, height: number, width: number): number {
  if (!(share >= 0 && share <= 1)) throw new Error(`erasedCount: share must lie in [0, 1], got ${share}`);
  return Math.trunc(share * height * width);
}

/**
 * The pixels by descending score: the first k are erased. Equal scores come in a random order that depends on `seed` and `image` only, so
 * that the maps' flat places (a ReLU prior is exactly 0 in many) favour no side of the picture; PyTorch's topk, which the official code uses,
 * leaves the order open. Throws when a score is NaN.
 */
export function erasureOrder(scores: Float32Array, seed: number, image: number): Uint32Array {
  const bad = scores.findIndex(Number.isNaN);
  if (bad >= 0) throw new Error(`erasureOrder: scores must be numbers, got NaN at pixel ${bad}`);
  // Sorting keeps the order of equals, so shuffling first decides among them.
  const shuffled = new RandomStream(TIES, seed, image).permutation(scores.length);
  return shuffled.toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
}

/** A random order of the pixels; depends on `seed`, `image` and `draw` only. */
export function randomErasureOrder(pixels: number, seed: number, image: number, draw: number): Uint32Array {
  return new RandomStream(RANDOM, seed, image, draw).permutation(pixels);
}

/** What takes the place of erased pixels. */
export const FILLS = ['zero', 'mean', 'noise', 'blur'] as const;

/**
 * `zero`: 0 after normalisation, which is the mean colour of ImageNet (officially). `mean`: the picture's own mean colour. `noise`: normal
 * noise with the picture's mean and standard deviation by channel. `blur`: the picture under a 31x31 Gaussian of standard deviation 15,
 * reflected at its edges. The last is made on the GPU: see `fillPictures`.
 */
export type Fill = (typeof FILLS)[number];

/** Sets the first `count` pixels of `order` of a picture [height, width, 3] to those of `fill` of the same shape; in place. */
export function erase(picture: Float32Array, fill: Float32Array, order: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = 3 * (order[i] ?? 0);
    picture[at] = fill[at] ?? 0;
    picture[at + 1] = fill[at + 1] ?? 0;
    picture[at + 2] = fill[at + 2] ?? 0;
  }
}

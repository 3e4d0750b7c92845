import type { ScoreMap } from '../../../src/eval/score_map.ts';

/** A rectangle in shares of a picture's width and height, from its upper left corner. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * The sum of a map over a box. A location stands for its cell of the picture, 1/width x 1/height; one that the box cuts counts by
 * the share of the cell inside. Of the posterior p(z|x,y): the probability that the cue lies in the box.
 */
export function shareInBox({ width, height, data }: ScoreMap, box: Box): number {
  const overlap = (cell: number, cells: number, low: number, high: number): number =>
    Math.max(0, Math.min(cell + 1, high * cells) - Math.max(cell, low * cells));
  let sum = 0;
  for (let y = 0; y < height; y++) {
    const vertical = overlap(y, height, box.top, box.bottom);
    if (vertical === 0) continue;
    for (let x = 0; x < width; x++)
      sum += (data[y * width + x] ?? 0) * vertical * overlap(x, width, box.left, box.right);
  }
  return sum;
}

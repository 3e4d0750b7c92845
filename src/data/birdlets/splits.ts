/** Which birdlets make up which split of a data set, on disk or drawn as they are asked for. */

export type BirdletSplit = 'train' | 'val' | 'test';

/**
 * Where the indices of each split start: so far apart that no split grows into the next, so a longer training set leaves the test
 * pictures as they are. Multiples of every class count, so that index % classes starts at class 0.
 */
const FIRST_INDEX: Readonly<Record<BirdletSplit, number>> = { train: 0, val: 27_720_000, test: 55_440_000 };

/** Indices for `generateBirdlet` of a class's pictures among the `count` of a split, in the order of its lists. */
export function indicesOfClass(
  split: BirdletSplit,
  count: number,
  label: number,
  classes: number,
): readonly number[] {
  const indices: number[] = [];
  for (let offset = label; offset < count; offset += classes) indices.push(FIRST_INDEX[split] + offset);
  return indices;
}

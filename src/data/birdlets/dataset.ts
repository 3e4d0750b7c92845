import type { BirdletOptions } from './generate.ts';
import type { BirdletSplit } from './splits.ts';
import type { Dataset } from '../dataset.ts';
import { ArgumentError } from '../../runtime/errors.ts';
import { birdletClasses } from './classes.ts';
import { generateBirdlet, resolveBirdletOptions } from './generate.ts';
import { indicesOfClass } from './splits.ts';

/** Which birdlets to draw. */
export interface BirdletDatasetOptions extends BirdletOptions {
  readonly seed: number;
  readonly split: BirdletSplit;
  /** Pictures in the split, at least one; classes are balanced. */
  readonly count: number;
}

/**
 * A split of birdlets, each drawn when it is loaded: the pictures, labels and order of the folder that `writeBirdlets` makes with the
 * same options, without a disk. Throws an ArgumentError naming the option that is out of bounds.
 */
export function birdletDataset(options: BirdletDatasetOptions): Dataset {
  const { seed, split, count } = options;
  const drawing = resolveBirdletOptions(options);
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError(`birdletDataset: count must be a positive integer, got ${String(count)}`);
  const names = birdletClasses(drawing.classes).map(({ name }) => name);
  const pictures = names.flatMap((_, label) =>
    indicesOfClass(split, count, label, drawing.classes).map((index) => ({ index, label })),
  );
  const picture = (place: number): { readonly index: number; readonly label: number } => {
    const found = pictures[place];
    if (found === undefined)
      throw new ArgumentError(`birdletDataset: there is no picture ${place}, only ${count}`);
    return found;
  };
  return {
    name: `birdlets (${split})`,
    classNames: names,
    length: count,
    label: (place) => picture(place).label,
    imageId: (place) => `${split}/${picture(place).index}`,
    load: (place) => Promise.resolve(generateBirdlet(seed, picture(place).index, drawing).image),
  };
}

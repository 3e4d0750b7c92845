/** Whether a run that goes on trains on what it began with. */
import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import type { TrainingImages } from './configuration.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { createHash } from 'node:crypto';
import { imagesInfo } from './checkpoint_info.ts';
import { quote } from '../../src/model/safetensors_header.ts';

/** What of a set decides the batches that are drawn of it, but for the pictures' pixels. */
export function trainingImages(set: Pick<Dataset, 'length' | 'label' | 'imageId'>): TrainingImages {
  const hash = createHash('sha256');
  for (let image = 0; image < set.length; image++) hash.update(`${set.label(image)} ${set.imageId(image)}\n`);
  return { count: set.length, sha256: hash.digest('hex') };
}

/**
 * Refuses to go on with other classes, or with the same ones under other labels: what has been learned would be called by wrong names.
 * @throws ArgumentError
 */
export function checkSameClasses(
  checkpoint: Pick<Checkpoint, 'info' | 'configuration'>,
  { name, classNames }: Pick<Dataset, 'name' | 'classNames'>,
): void {
  const { classNames: before } = imagesInfo(checkpoint);
  if (before === null) return;
  const label = before.findIndex((known, place) => known !== classNames[place]);
  if (label < 0 && classNames.length === before.length) return;
  const difference =
    classNames.length === before.length
      ? `class ${label} was ${quote(before[label])}, is ${quote(classNames[label])}`
      : `there were ${before.length} classes, are ${classNames.length}`;
  throw new ArgumentError(
    `--resume: ${difference} in ${name}; wanted the classes that the run began with (its configuration.json has them)`,
  );
}

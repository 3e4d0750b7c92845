/** Birdlets to explain where there is no photo at hand. */
import type { Picture } from './picture.ts';
import { birdletClasses } from '../../src/data/birdlets/classes.ts';
import { CLASSES } from '../../tools/start/settings.ts';
import { generateBirdlet } from '../../src/data/birdlets/generate.ts';
import { indicesOfClass } from '../../src/data/birdlets/splits.ts';

/** Of the shipped model's data set, whose test pictures it never saw. */
const SEED = 1;
/** Larger than those of the data set, to look well; they are scaled down to what the network sees like any photo. */
const SIZE = 320;

/** The first test birdlet of species `number`, counted from 0. */
export function drawExample(number: number, size = SIZE): Picture {
  const label = number % CLASSES;
  const [index = 0] = indicesOfClass('test', CLASSES, label, CLASSES);
  const { image } = generateBirdlet(SEED, index, { size, classes: CLASSES });
  const name = birdletClasses(CLASSES)[label]?.name ?? '';
  return { name: name.replaceAll('_', ' '), width: size, height: size, note: 'A drawn test picture.', image };
}

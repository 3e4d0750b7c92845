import { ArgumentError } from '../runtime/errors.ts';
import {
  classesBelow,
  IMAGENET_BIRDS,
  IMAGENET_CLASSES,
  parseClassList,
  parseClassSynsets,
} from './superset.ts';
import { readFile } from 'node:fs/promises';

/** A set of classes, and what it is called in results. */
export interface Superset {
  readonly name: string;
  /** Counted from 0, distinct. */
  readonly classes: readonly number[];
}

/** What a superset is resolved with. */
export interface SupersetContext {
  /** Classes of the model. */
  readonly classCount: number;
  /** By label, where they are known: a FILE may name them. */
  readonly classNames?: readonly string[] | null;
  /** Path of ImageNet's `wordnet.is_a.txt`: a parent and a child synset a line. */
  readonly isA?: string | undefined;
  /** Path of a file whose lines begin with the synset of each class, by label. */
  readonly synsets?: string | undefined;
}

/**
 * The classes that `all-birds`, `wordnet:SYNSET` or a FILE stands for. `all-birds` are 59 of a model with ImageNet's 1000 classes, and
 * all classes of any other: CUB has nothing but birds. `wordnet:SYNSET` needs both lists.
 * @throws ArgumentError for a list that is missing or does not fit
 */
export async function resolveSuperset(choice: string, context: SupersetContext): Promise<Superset> {
  const { classCount, classNames = null, isA, synsets } = context;
  if (choice === 'all-birds') {
    const all = Array.from({ length: classCount }, (_, label) => label);
    return { name: choice, classes: classCount === IMAGENET_CLASSES ? IMAGENET_BIRDS : all };
  }
  if (choice.startsWith('wordnet:')) {
    if (isA === undefined || synsets === undefined)
      throw new ArgumentError(
        `superset ${choice}: wanted ImageNet's is-a list (--is-a wordnet.is_a.txt) and a list of the classes' synsets (--synsets FILE)`,
      );
    const [relations, list] = await Promise.all([readFile(isA, 'utf8'), readFile(synsets, 'utf8')]);
    const classSynsets = parseClassSynsets(list);
    if (classSynsets.length !== classCount)
      throw new ArgumentError(
        `${synsets}: ${classSynsets.length} synsets, the model has ${classCount} classes`,
      );
    return { name: choice, classes: classesBelow(classSynsets, relations, choice.slice('wordnet:'.length)) };
  }
  const classes = parseClassList(await readFile(choice, 'utf8'), classCount, classNames);
  return { name: choice.replaceAll('\\', '/').split('/').at(-1) ?? choice, classes };
}

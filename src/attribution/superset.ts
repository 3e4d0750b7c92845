/** Supersets: sets of classes that belong together, such as all birds of ImageNet, from WordNet's is-a list or from a list of classes. */
import { ArgumentError } from '../runtime/errors.ts';
import { nonEmptyLines } from '../data/lists.ts';

/** WordNet's synset of birds. */
export const BIRD_SYNSET = 'n01503061';

/** Number of classes of the ILSVRC challenge, which every ImageNet model of torchvision has. */
export const IMAGENET_CLASSES = 1000;

const SYNSET = /^n\d{8}$/;

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/**
 * The 59 birds among ImageNet's 1000 classes, counted from 0: the classes below `n01503061`. Sorted by synset, they are cock to great
 * grey owl, black grouse to black swan, and white stork to albatross.
 */
export const IMAGENET_BIRDS: readonly number[] = [...range(7, 24), ...range(80, 100), ...range(127, 146)];

/**
 * All synsets below one, itself included, by ImageNet's `wordnet.is_a.txt`: a parent and a child a line.
 * @throws ArgumentError naming a line that is not so
 */
export function synsetsBelow(isA: string, root: string): ReadonlySet<string> {
  const children = new Map<string, string[]>();
  for (const [index, line] of nonEmptyLines(isA).entries()) {
    const [parent = '', child = '', ...rest] = line.trim().split(/\s+/);
    if (!SYNSET.test(parent) || !SYNSET.test(child) || rest.length > 0)
      throw new ArgumentError(
        `is-a list, line ${index + 1}: got "${line.slice(0, 60)}", wanted two synsets, such as n01503061 n01514668`,
      );
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [child]);
    else known.push(child);
  }
  const below = new Set([root]);
  // A set may grow while it is walked: what is added is walked too.
  for (const synset of below) for (const child of children.get(synset) ?? []) below.add(child);
  return below;
}

/**
 * The synset of every class, by label: the first word of every line, as in ImageNet's `LOC_synset_mapping.txt` or `words.txt` cut to the
 * classes (`n01440764 tench, Tinca tinca`).
 * @throws ArgumentError naming a line that begins otherwise
 */
export function parseClassSynsets(text: string): readonly string[] {
  return nonEmptyLines(text).map((line, index) => {
    const [synset = ''] = line.trim().split(/\s+/);
    if (SYNSET.test(synset)) return synset;
    throw new ArgumentError(
      `list of synsets, line ${index + 1}: got "${line.slice(0, 60)}", wanted a synset first, such as n01440764`,
    );
  });
}

/** The labels whose synset lies below one by the is-a list. Throws ArgumentError when there is none. */
export function classesBelow(classSynsets: readonly string[], isA: string, root: string): readonly number[] {
  if (!SYNSET.test(root))
    throw new ArgumentError(`superset: got ${root}, wanted a synset such as ${BIRD_SYNSET}`);
  const below = synsetsBelow(isA, root);
  const classes = [...classSynsets.keys()].filter((label) => below.has(classSynsets[label] ?? ''));
  if (classes.length === 0)
    throw new ArgumentError(`superset: none of the ${classSynsets.length} classes lies below ${root}`);
  return classes;
}

/**
 * Classes from a list: numbers (from 0) or names, separated by line ends or commas; what follows a `#` is a comment.
 * @throws ArgumentError naming what is neither a class number nor a name, or an empty list
 */
export function parseClassList(
  text: string,
  classCount: number,
  classNames: readonly string[] | null = null,
): readonly number[] {
  const entries = text
    .split('\n')
    .flatMap((line) => (line.split('#')[0] ?? '').split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const classes = entries.map((entry) => {
    const index = /^\d+$/.test(entry) ? Number(entry) : (classNames?.indexOf(entry) ?? -1);
    if (index >= 0 && index < classCount) return index;
    const names = classNames === null ? '' : ` or a class name such as ${classNames[0] ?? ''}`;
    throw new ArgumentError(
      `superset: got ${entry.slice(0, 60)}, wanted a whole number from 0 to ${classCount - 1}${names}`,
    );
  });
  if (classes.length === 0) throw new ArgumentError('superset: the list of classes is empty');
  return [...new Set(classes)];
}

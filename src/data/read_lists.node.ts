import type { Split } from './image_dataset.ts';
import type { SplitLists } from './lists.ts';
import { DatasetError } from './dataset.ts';
import { join } from 'node:path';
import { parseLists, surveyLabels } from './lists.ts';
import { readRegularFile } from '../runtime/regular_file.node.ts';
import { SPLITS } from './image_dataset.ts';

export interface ReadListsOptions {
  /** Read image_ids_proxy.txt, the smaller list for choosing hyperparameters. */
  readonly proxy?: boolean;
  /** Labels must be below it. */
  readonly classes?: number;
  /** For the error about missing files: what should be where. */
  readonly layout: string;
}

/** Reads `folder/split/*.txt` (see parseLists). Throws a DatasetError that lists what is missing. */
export async function readLists(
  folder: string,
  split: Split,
  options: ReadListsOptions,
): Promise<SplitLists> {
  const { proxy = false, classes, layout } = options;
  const source = join(folder, split);
  const idsFile = proxy ? 'image_ids_proxy.txt' : 'image_ids.txt';
  const texts = await readTexts(source, [idsFile, 'class_labels.txt'], layout);
  return parseLists({
    source,
    idsFile,
    imageIds: texts.get(idsFile) ?? '',
    classLabels: texts.get('class_labels.txt') ?? '',
    imageSizes: await readIfThere(join(source, 'image_sizes.txt')),
    localization: await readIfThere(join(source, 'localization.txt')),
    ...(classes === undefined ? {} : { classes }),
  });
}

/**
 * How many classes the label lists of all splits have, and their names: the folders that their images lie in, where each class has one of its own
 * in the train list, else the labels themselves.
 */
export async function readClassNames(folder: string): Promise<string[]> {
  let classes = 0;
  let names: ReadonlyMap<number, string> = new Map();
  for (const split of SPLITS) {
    const text = await readIfThere(join(folder, split, 'class_labels.txt'));
    if (text === undefined) continue;
    const survey = surveyLabels(text);
    classes = Math.max(classes, survey.classes);
    if (names.size === 0) names = survey.folders;
  }
  const named = names.size === classes && new Set(names.values()).size === classes;
  return Array.from(
    { length: classes },
    (_, label) => (named ? names.get(label) : undefined) ?? String(label),
  );
}

/** Reads all the files or throws one error that lists all that cannot be read. */
export async function readTexts<Name extends string>(
  folder: string,
  names: readonly Name[],
  layout: string,
): Promise<ReadonlyMap<Name, string>> {
  const entries = await Promise.all(
    names.map(async (name) => [name, await readIfThere(join(folder, name))] as const),
  );
  const missing = entries.filter(([, text]) => text === undefined).map(([name]) => name);
  if (missing.length > 0)
    throw new DatasetError(`${folder}: cannot read ${missing.toSorted().join(', ')}\n${layout}`);
  return new Map(entries.map(([name, text]) => [name, text ?? '']));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(path)).toString();
  } catch {
    return undefined;
  }
}

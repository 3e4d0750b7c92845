/** Lists of data sets, as text: those of wsolevaluation and CALM, CUB's own, and lists of classes. */
import type { CubAnnotationFile } from '../../../src/data/cub_annotations.ts';
import type { Random } from '../chance.ts';
import type { Target } from '../target.ts';
import { CUB_ANNOTATION_FILES, parseCubAnnotations } from '../../../src/data/cub_annotations.ts';
import { classesBelow, parseClassList, parseClassSynsets } from '../../../src/attribution/superset.ts';
import { fixtureText } from '../seeds.ts';
import { isAbsolute, resolve, sep } from 'node:path';
import { mutateLines } from '../lines.ts';
import { parseLists, surveyLabels } from '../../../src/data/lists.ts';
import { pick } from '../chance.ts';

/** A line of two bytes makes a string, an entry of a list and of a map, and the arrays of its numbers. */
const allocation = { multiple: 500, slack: 1 << 22 };

/** Throws what is no error of ours, and so a finding, where a path leaves the folder that it is relative to. */
export function checkStays(path: string): void {
  if (isAbsolute(path) || !`${resolve('/data', path)}${sep}`.startsWith('/data/'))
    throw new Error(`leaves: ${path}`);
}

const LISTS = ['image_ids', 'class_labels', 'image_sizes', 'localization'] as const;
type Lists = Record<(typeof LISTS)[number], string>;
const read = (folder: string): Lists =>
  Object.fromEntries(LISTS.map((name) => [name, fixtureText(`${folder}/${name}.txt`)])) as Lists;
const listed = [read('cub_tiny/metadata/test'), read('openimages_tiny/metadata/test')];

const splitLists: Target = {
  name: 'split lists',
  named: /^folder\/(image_ids|class_labels|image_sizes|localization)\.txt/,
  allocation,
  inputs: 2000,
  attempt(random) {
    const lists = { ...pick(random, listed) };
    for (let left = 1 + random(2); left > 0; left -= 1) {
      const name = pick(random, LISTS);
      lists[name] = mutateLines(lists[name], ',', random);
    }
    const classes = random(2) === 0 ? undefined : 1 + random(6);
    return {
      size: Object.values(lists).join('').length,
      run() {
        const {
          image_ids: imageIds,
          class_labels: classLabels,
          image_sizes: imageSizes,
          localization,
        } = lists;
        surveyLabels(classLabels);
        const texts = { source: 'folder', imageIds, classLabels, imageSizes, localization };
        const parsed = parseLists(classes === undefined ? texts : { ...texts, classes });
        for (const id of parsed.imageIds) checkStays(id);
        for (const { instances, ignore } of parsed.masks.values())
          for (const path of [...instances, ignore ?? '']) checkStays(path);
      },
    };
  },
};

const annotations = Object.fromEntries(
  CUB_ANNOTATION_FILES.map((name) => [name, fixtureText(`cub_tiny/${name}`)]),
) as Record<CubAnnotationFile, string>;

const cubFiles: Target = {
  name: 'text files of CUB',
  named: /^folder(: |\/[a-z_/]+\.txt)/,
  allocation,
  inputs: 1000,
  attempt(random) {
    const texts = { ...annotations };
    for (let left = 1 + random(2); left > 0; left -= 1) {
      const name = pick(random, CUB_ANNOTATION_FILES);
      texts[name] = mutateLines(texts[name], ' ', random);
    }
    return {
      size: Object.values(texts).join('').length,
      run() {
        const { images } = parseCubAnnotations('folder', texts);
        for (const { file } of images.values()) checkStays(file);
      },
    };
  },
};

const IS_A = 'n01503061 n01514668\nn01503061 n01514859\nn01514859 n01515303\nn01515303 n01503061\n';
const SYNSETS = 'n01514668 cock\nn01514859 hen\nn01440764 tench, Tinca tinca\n';
const CLASSES = '# birds\n0, 1\nhen\n';

function classLists(random: Random): { readonly size: number; readonly run: () => void } {
  const isA = random(2) === 0 ? IS_A : mutateLines(IS_A, ' ', random);
  const synsets = random(2) === 0 ? SYNSETS : mutateLines(SYNSETS, ' ', random);
  const classes = mutateLines(CLASSES, ',', random);
  const asList = random(2) === 0;
  return {
    size: isA.length + synsets.length + classes.length,
    run() {
      if (asList) parseClassList(classes, 3, ['cock', 'hen', 'tench']);
      else classesBelow(parseClassSynsets(synsets), isA, 'n01503061');
    },
  };
}

export const listTargets: readonly Target[] = [
  splitLists,
  cubFiles,
  {
    name: 'lists of classes',
    named: /^(superset|is-a list|list of synsets)/,
    allocation,
    inputs: 2000,
    attempt: classLists,
  },
];

import type { CubCueImage, CubCueTask } from '../../src/eval/cub_cues.node.ts';
import type { CubDataset } from '../../src/data/cub.node.ts';
import type { GalleryEntry } from '../../src/report/report_data.ts';
import type { Outcome } from './contest.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import { CUE_PARTS, cueMask } from '../../src/eval/cub_trait.ts';
import { subtractScoreMaps } from '../../src/eval/score_map.ts';

/** A picture and its maps for two species that differ in so many parts. */
export interface CueExample extends GalleryEntry {
  readonly differingParts: number;
}

/** Pictures for each number of differing parts. */
const EXAMPLES_EACH = 3;

const speciesName = (name: string): string => name.replace(/^\d+\./, '').replaceAll('_', ' ');

function mapOf(outcome: Outcome, index: number, label: number): ScoreMap {
  const map = outcome.maps.get(index)?.get(label);
  if (map === undefined) throw new RangeError(`no map of picture ${index}, class ${label}`);
  return map;
}

/**
 * The first test pictures of the first pairs of each number of differing parts: chosen by their place in the lists, not by how
 * they came out. Of each: the cue mask, each model's counterfactual map, and its map of the picture's own class.
 */
export async function makeGallery(
  dataset: CubDataset,
  task: CubCueTask,
  labelOfClass: ReadonlyMap<number, number>,
  outcomes: readonly Outcome[],
): Promise<CueExample[]> {
  const entries: CueExample[] = [];
  const shown = new Set<number>();
  const className = (id: number): string => speciesName(dataset.classNames[labelOfClass.get(id) ?? -1] ?? '');
  for (const count of [1, 2, 3]) {
    const pairs = task.pairs.filter(({ differingParts }) => differingParts.length === count);
    let found = 0;
    for (const pair of pairs) {
      if (found === EXAMPLES_EACH) break;
      const isNew = ({ classId, index }: CubCueImage): boolean =>
        classId === pair.firstClass && !shown.has(index);
      const image = task.images.find(isNew);
      if (image === undefined) continue;
      const partMap = await task.partMap(image);
      const mask = cueMask(partMap, pair.differingParts);
      if (mask === null) continue;
      shown.add(image.index);
      found++;
      const own = labelOfClass.get(pair.firstClass) ?? -1;
      const other = labelOfClass.get(pair.secondClass) ?? -1;
      const parts = pair.differingParts.map((part) => CUE_PARTS[part - 1]).join(', ');
      entries.push({
        image: await dataset.load(image.index),
        mask,
        differingParts: count,
        caption: `${className(pair.firstClass)}, not ${className(pair.secondClass)}: told apart by ${parts}`,
        maps: outcomes.flatMap((outcome) => {
          const first = mapOf(outcome, image.index, own);
          const model = outcome.contestant.name;
          return [
            {
              model,
              kind: 'counterfactual',
              map: subtractScoreMaps(first, mapOf(outcome, image.index, other)),
              colouring: { colourMap: 'diverging' as const },
            },
            { model, kind: model === 'CAM' ? 'class logits' : 'joint p(y,z|x)', map: first },
          ];
        }),
      });
    }
  }
  return entries;
}

/** Which classes to explain where the request leaves that open. */
import type { ExplainRequest, Explanation } from '../protocol.ts';

type Choice = Pick<Explanation, 'classIndex' | 'versus' | 'subset'>;

/** Classes of a subset nobody chose, where the names tell of no larger group. */
const USUAL_SUBSET = 3;

/** The last word of a class's name: birdlets' genus, and a bird's family in CUB ("Le Conte Sparrow"). */
export const familyName = (name: string): string => name.split(/[_ .]/).at(-1)?.toLowerCase() ?? '';

/** Classes by probability, the most probable first; of equals the first. */
export function rankClasses(probabilities: Float32Array): number[] {
  return Array.from(probabilities.keys()).toSorted(
    (first, second) => (probabilities[second] ?? 0) - (probabilities[first] ?? 0),
  );
}

/** Fills in what a request leaves open. */
export function chosenClasses(
  probabilities: Float32Array,
  classNames: readonly string[] | null,
  request: ExplainRequest,
): Choice {
  const ranked = rankClasses(probabilities);
  const classIndex = request.classIndex ?? ranked[0] ?? 0;
  const others = ranked.filter((index) => index !== classIndex);
  const versus = request.versus === classIndex ? (others[0] ?? null) : (request.versus ?? others[0] ?? null);
  const family = familyName(classNames?.[classIndex] ?? '');
  const related =
    family === '' ? [] : ranked.filter((index) => familyName(classNames?.[index] ?? '') === family);
  const usual =
    related.length > 1 && related.length < ranked.length
      ? related
      : [classIndex, ...others].slice(0, USUAL_SUBSET);
  const subset = (request.subset ?? usual).toSorted((first, second) => first - second);
  return { classIndex, versus, subset: subset.length > 0 ? subset : [classIndex] };
}

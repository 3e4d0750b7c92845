/** Requests for some of a batch's images, and what comes of them as one. */
import type { Attribution, AttributionRequest } from './attribute.ts';
import type { ClassChoice } from './class_choice.ts';
import { ArgumentError } from '../runtime/errors.ts';

function choiceOfPart(choice: ClassChoice, first: number, size: number): ClassChoice {
  if (typeof choice === 'function') return (probabilities, image) => choice(probabilities, first + image);
  return 'all' in choice ? choice : choice.slice(first, first + size);
}

/** What a request asks of `size` of its images, from number `first` on. Throws ArgumentError for draws, which are the whole batch's. */
export function requestOfPart(request: AttributionRequest, first: number, size: number): AttributionRequest {
  const { classes, versus, subset, options } = request;
  if (options?.draws !== undefined)
    throw new ArgumentError('attribute: memory is short, and given draws cannot be cut; give fewer images');
  return {
    ...request,
    classes: choiceOfPart(classes, first, size),
    ...(versus === undefined ? {} : { versus: choiceOfPart(versus, first, size) }),
    ...(subset === undefined ? {} : { subset: choiceOfPart(subset, first, size) }),
  };
}

/** The attributions of a batch's parts, in order, as one. */
export function joinAttributions(parts: readonly Attribution[]): Attribution {
  const [first] = parts;
  if (first === undefined) throw new ArgumentError('attribute: there are no images');
  if (parts.length === 1) return first;
  return {
    probabilities: parts.flatMap(({ probabilities }) => probabilities),
    classes: parts.flatMap(({ classes }) => classes),
    subsets: first.subsets && parts.flatMap(({ subsets }) => subsets ?? []),
    maps: new Map(
      [...first.maps.keys()].map((method) => [method, parts.flatMap(({ maps }) => maps.get(method) ?? [])]),
    ),
  };
}

import type { MethodName } from '../methods.ts';
import type { AttributionRequest } from '../attribute.ts';
import type { Model } from '../../model/model.ts';
import type { ScoreMap } from '../../eval/score_map.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { attribute } from '../attribute.ts';
import { createModel } from '../../model/model.ts';
import { initialValues } from '../../model/initialisation.ts';
import { normaliseScoreMap, resizeScoreMap } from '../../eval/score_map.ts';
import { rankCorrelation, structuralSimilarity } from './similarity.ts';

/** How much of a method's maps is left when the network forgot its layers from the top down to one. */
export interface RandomisationResult {
  readonly method: MethodName;
  /** The part that was randomised last, e.g. `layer4`; all above it are random too. */
  readonly part: string;
  /** Mean over the images of Spearman's rank correlation with the trained network's map; of images where both have one. */
  readonly rankCorrelation: number;
  /** Mean over the images of the structural similarity with it, both min-max scaled, at 64x64. */
  readonly structuralSimilarity: number;
}

const SIDE = 64;

/** Parts of a network from the top down: the head, then the trunk's, as their names' first words tell. */
export function partsFromTop({ layers }: Model): readonly string[] {
  const names = layers.map(({ name }) => name.split('.')[0] ?? name);
  const isHead = (name: string): boolean => name === 'conv_last' || name === 'attention';
  return [...new Set(names.map((name) => (isHead(name) ? 'head' : name)))].toReversed();
}

/** Writes fresh initial weights into all layers of a part. */
function randomise(model: Model, part: string, seed: number): void {
  for (const layer of model.layers) {
    const [first = ''] = layer.name.split('.');
    const partOfLayer = first === 'conv_last' || first === 'attention' ? 'head' : first;
    if (partOfLayer !== part) continue;
    for (const [name, values] of initialValues(layer, seed, model.configuration.initialisation))
      model.engine.write(model.weights.parameter(name), values);
  }
}

/**
 * The cascading randomisation of Adebayo et al. 2018, "Sanity checks for saliency maps": weights become random part by part from the top;
 * after each, the maps of the class that the trained network held for most probable are compared with its own. A method whose maps
 * stay alike does not depend on what the network learned. Batch norms keep their running statistics, which are no weights.
 */
export async function auditRandomisation(
  model: Model,
  images: Tensor,
  methods: readonly MethodName[],
  { seed = 0, request = {} }: { readonly seed?: number; readonly request?: Partial<AttributionRequest> } = {},
): Promise<RandomisationResult[]> {
  const copy = createModel(model.engine, model.configuration);
  try {
    copy.loadStateDict(await model.stateDict());
    const ranked = (p: Float32Array): number[] => [...p.keys()].toSorted((a, b) => (p[b] ?? 0) - (p[a] ?? 0));
    const trained = await attribute(copy, images, {
      ...request,
      methods,
      classes: (p) => ranked(p).slice(0, 1),
      versus: (p) => ranked(p).slice(1, 2),
    });
    const { classes } = trained;
    const versus = trained.probabilities.map((p) => ranked(p).slice(1, 2));
    const results: RandomisationResult[] = [];
    for (const part of partsFromTop(copy)) {
      // Another seed than the model's own, whose initial weights it began with.
      randomise(copy, part, copy.configuration.seed + 1 + seed);
      const random = await attribute(copy, images, { ...request, methods, classes, versus });
      for (const method of methods) {
        const pairs = classes.map((_, image) =>
          [trained, random].map(({ maps }) => maps.get(method)?.[image]?.[0]),
        );
        const ranks = pairs.map(([a, b]) => (a && b ? rankCorrelation(a, b) : Number.NaN));
        const similarities = pairs.map(([a, b]) => (a && b ? similarity(a, b) : Number.NaN));
        results.push({
          method,
          part,
          rankCorrelation: mean(ranks),
          structuralSimilarity: mean(similarities),
        });
      }
    }
    return results;
  } finally {
    copy.dispose();
  }
}

function similarity(first: ScoreMap, second: ScoreMap): number {
  const [a, b] = [first, second].map((map) => normaliseScoreMap(resizeScoreMap(map, SIDE, SIDE), 'minmax'));
  return a && b ? structuralSimilarity(a, b) : Number.NaN;
}

/** Of the numbers that are some; NaN where none is. */
function mean(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

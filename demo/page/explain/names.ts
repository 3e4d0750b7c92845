/** Names of classes and maps for people. */
import type { MapName, ModelDescription } from '../../protocol.ts';
import { readable } from '../dom.ts';

export function className({ classNames }: ModelDescription, index: number): string {
  const name = classNames?.[index];
  return name === undefined ? `class ${index}` : readable(name);
}

/** Names of the maps for people, with their formula. */
export const MAP_TITLES: Readonly<Record<MapName, readonly [title: string, formula: string]>> = {
  joint: ['Joint', 'p(y,z|x)'],
  conditional: ['Conditional', 'p(y|x,z)'],
  posterior: ['Posterior', 'p(z|x,y)'],
  saliency: ['Saliency', 'p(z|x)'],
  subset: ['Sum', 'Σ p(y,z|x)'],
  counterfactual: ['Counterfactual', 'y − y′'],
  cam: ['CAM', 'f(y,z)'],
};

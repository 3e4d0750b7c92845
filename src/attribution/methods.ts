/** The vocabulary of attribution: every map that this package can make, by one name each, with what is to be known of it. */
import type { HeadKind } from '../model/head.ts';
import type { Normalisation } from '../eval/score_map.ts';
import { ArgumentError } from '../runtime/errors.ts';

/** What is to be known of an attribution method before one uses it. */
export interface Method<Name extends string = string> {
  readonly name: Name;
  /** One line for a help text: what the map is, and of whom. */
  readonly summary: string;
  /** Heads that can give it. */
  readonly heads: 'calm' | 'any';
  /** Whether it makes a map of every class; otherwise one an image: of no class, or of a set of classes. */
  readonly perClass: boolean;
  /** Whether it needs the set of classes `subset`. */
  readonly needsSubset: boolean;
  /** Whether it goes backward through the network: a pass an image and class and sample, where the others share one forward pass. */
  readonly usesGradient: boolean;
  /** Size of its maps: of the feature map, or of the image. */
  readonly resolution: 'features' | 'image';
  /** Whether a negative value means evidence against the class. */
  readonly signed: boolean;
  /** How evaluations scale it to [0, 1] unless told otherwise: probabilities are only clipped. */
  readonly normalisation: Normalisation;
}

const probabilityMap = {
  heads: 'calm',
  perClass: true,
  needsSubset: false,
  usesGradient: false,
  resolution: 'features',
  signed: false,
  normalisation: 'clipping',
} as const;

const logitMap = { ...probabilityMap, heads: 'any', signed: true, normalisation: 'minmax' } as const;

const gradientMap = {
  heads: 'any',
  perClass: true,
  needsSubset: false,
  usesGradient: true,
  resolution: 'image',
  signed: false,
  normalisation: 'minmax',
} as const;

const ofSubset = { perClass: false, needsSubset: true } as const;

const TABLE = {
  joint: { ...probabilityMap, summary: 'p(y,z|x): the attribution map of CALM; sums to p(y|x)' },
  conditional: { ...probabilityMap, summary: 'p(y|x,z): what CALM would say had it seen location z alone' },
  posterior: { ...probabilityMap, summary: 'p(z|x,y): where the cue is, given the class; sums to 1' },
  saliency: {
    ...probabilityMap,
    perClass: false,
    summary: 'p(z|x): where CALM looks, whatever the class; sums to 1',
  },
  subset: {
    ...probabilityMap,
    ...ofSubset,
    summary: 'sum of p(y,z|x) over the classes of a superset; sums to its probability',
  },
  'subset-mean': { ...probabilityMap, ...ofSubset, summary: 'the same divided by the number of classes' },
  'posterior-subset': {
    ...probabilityMap,
    ...ofSubset,
    summary: 'sum of p(z|x,y) over the classes of a superset (gtcond-superclass of the released code)',
  },
  'posterior-subset-mean': {
    ...probabilityMap,
    ...ofSubset,
    summary: 'the same divided by the number of classes',
  },
  counterfactual: {
    ...logitMap,
    summary: 'joint map (CAM: cam) of the class minus that of another: why this rather than that',
  },
  cam: { ...logitMap, summary: 'class logits f[y] at every location (Zhou et al. 2016), not scaled' },
  'cam-saliency': {
    ...logitMap,
    perClass: false,
    signed: false,
    summary: 'sum over all classes of cam, each min-max scaled (vanilla-saliency of the released code)',
  },
  'cam-subset': {
    ...logitMap,
    ...ofSubset,
    signed: false,
    summary: 'sum over the classes of a superset of cam, each min-max scaled (vanilla-superclass)',
  },
  'grad-cam': {
    ...gradientMap,
    resolution: 'features',
    summary: 'feature maps weighted by their mean gradient, positive part (Selvaraju et al. 2017)',
  },
  'grad-cam++': {
    ...gradientMap,
    resolution: 'features',
    summary: 'feature maps weighted by alpha-weighted positive gradients (Chattopadhay et al. 2018)',
  },
  gradient: {
    ...gradientMap,
    summary: 'largest |gradient| over the channels (Simonyan et al. 2014; backprop of the released code)',
  },
  'input-x-gradient': {
    ...gradientMap,
    signed: true,
    summary: 'gradient times image, summed over the channels (Shrikumar et al. 2016)',
  },
  'integrated-gradients': {
    ...gradientMap,
    signed: true,
    summary: 'image minus black times the mean gradient between (Sundararajan et al. 2017); complete',
  },
  'smooth-grad': {
    ...gradientMap,
    summary: 'largest |mean gradient| over the channels under noise (Smilkov et al. 2017)',
  },
  'smooth-grad-squared': {
    ...gradientMap,
    summary: 'largest mean squared gradient over the channels under noise (Hooker et al. 2019)',
  },
  'var-grad': {
    ...gradientMap,
    summary: 'largest variance of the gradient over the channels under noise (Adebayo et al. 2018)',
  },
  'input-x-gradient:official': {
    ...gradientMap,
    summary: "what CALM's released code calls input_grad: the gradient map, not times the image",
  },
  'integrated-gradients:official': {
    ...gradientMap,
    summary: "CALM's released code: gradient maps from the mean colour to the image, added, divided by steps",
  },
  'smooth-grad:official': {
    ...gradientMap,
    summary: "CALM's released code: mean of gradient maps under noise",
  },
  'smooth-grad-squared:official': {
    ...gradientMap,
    summary: "CALM's released code: mean of squared gradient maps under noise",
  },
  'var-grad:official': {
    ...gradientMap,
    summary: "CALM's released code: variance of gradient maps under noise",
  },
} as const satisfies Record<string, Omit<Method, 'name'>>;

/** The name of an attribution method. */
export type MethodName = keyof typeof TABLE;

function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(TABLE, name);
}

/** All methods, the maps of the head first. */
export const METHODS: readonly Method<MethodName>[] = Object.keys(TABLE)
  .filter(isMethodName)
  .map((name) => ({ name, ...TABLE[name] }));

/** All names, in the order of `METHODS`. */
export const METHOD_NAMES: readonly MethodName[] = METHODS.map(({ name }) => name);

/** The method of that name. Throws ArgumentError, listing the names, when there is none. */
export function attributionMethod(name: string): Method<MethodName> {
  if (!isMethodName(name))
    throw new ArgumentError(`attribution method is ${name}, wanted ${METHOD_NAMES.join(', ')}`);
  return { name, ...TABLE[name] };
}

/** Whether a head can give a method's maps. */
export function offersMethod(head: HeadKind, name: MethodName): boolean {
  const { heads }: Pick<Method, 'heads'> = TABLE[name];
  return heads === 'any' || head !== 'cam';
}

/** The methods that a head can give. */
export function methodsOf(head: HeadKind): readonly Method<MethodName>[] {
  return METHODS.filter(({ name }) => offersMethod(head, name));
}

/** The map that stands for a head in comparisons (the paper's tables): CALM's joint map, CAM's class logits. */
export function defaultMethod(head: HeadKind): 'joint' | 'cam' {
  return head === 'cam' ? 'cam' : 'joint';
}

/** A method's name as part of a file's name: a colon is not allowed everywhere. */
export function methodFileName(name: MethodName): string {
  return name.replaceAll(':', '-');
}

/**
 * The maps of two classes taken apart: contrasts between a class A and a class B that differ from the package's own maps in one thing each,
 * to find out which of it finds cues. On the CPU, from what `cue_material.ts` reads back.
 */
import type { ScoreMap } from '../src/eval/score_map.ts';
import { resizeScoreMap, subtractScoreMaps } from '../src/eval/score_map.ts';

/** The target of a gradient with respect to the features; `still` leaves the prior out of it. */
export type FeatureTarget = 'logit' | 'still' | 'log-probability';

/** What is known of a class in an image: maps [h,w] at the feature map, gradients of its score. */
export interface ClassMaterial {
  /** f_y(z). */
  readonly logits: Float32Array;
  /** p(y,z|x); of a CAM p(y|x), spread evenly. */
  readonly joint: Float32Array;
  /** Of the image [H,W,3]. */
  readonly inputGradient: Readonly<Record<'logit' | 'probability', Float32Array>>;
  /** Of the features [h,w,D]. */
  readonly featureGradient: Readonly<Record<FeatureTarget, Float32Array>>;
  /** By layer, activations times the gradient of the logit, summed over the channels. */
  readonly layers: ReadonlyMap<string, ScoreMap>;
}

/** An image and all its classes. */
export interface ImageMaterial {
  readonly height: number;
  readonly width: number;
  /** Side of the image. */
  readonly side: number;
  /** [H,W,3], normalised. */
  readonly image: Float32Array;
  /** [h,w,D]. */
  readonly features: Float32Array;
  /** p(z|x) [h,w]; of a CAM the same everywhere. */
  readonly prior: Float32Array;
  readonly classes: readonly ClassMaterial[];
}

/** The contrast s_A - s_B of an image; `other` is another image, for what must not matter. */
export type Contrast = (
  image: ImageMaterial,
  a: ClassMaterial,
  b: ClassMaterial,
  other: Pick<ImageMaterial, 'image'> & { readonly a: ClassMaterial; readonly b: ClassMaterial },
) => ScoreMap;

/** A contrast and what it is called. */
export interface Variant {
  readonly name: string;
  readonly contrast: Contrast;
  /** Probabilities are clipped and have logarithmic thresholds, everything else is min-max scaled. Default: false. */
  readonly clipped?: boolean;
}

const atFeatures = ({ height, width }: ImageMaterial, value: (z: number) => number): ScoreMap => ({
  height,
  width,
  data: Float32Array.from({ length: height * width }, (_, z) => value(z)),
});

const atPixels = ({ side }: ImageMaterial, value: (pixel: number) => number): ScoreMap => ({
  height: side,
  width: side,
  data: Float32Array.from({ length: side * side }, (_, pixel) => value(pixel)),
});

const CHANNELS = [0, 1, 2] as const;

const sumOf = (value: (channel: number) => number): number =>
  CHANNELS.reduce<number>((sum, channel) => sum + value(channel), 0);

const largestOf = (value: (channel: number) => number): number => Math.max(...CHANNELS.map(value));

/** Mean of the blocks of a map that make up each location of the feature map. */
function averagedDown({ height, width }: ImageMaterial, map: ScoreMap): ScoreMap {
  const [rows, columns] = [map.height / height, map.width / width];
  const data = new Float32Array(height * width);
  for (const [pixel, value] of map.data.entries()) {
    const z =
      Math.floor(Math.floor(pixel / map.width) / rows) * width + Math.floor((pixel % map.width) / columns);
    data[z] = (data[z] ?? 0) + value / (rows * columns);
  }
  return { height, width, data };
}

/** sum_c x_c (dA/dx_c - dB/dx_c), A and B the classes' logits under the prior or their probabilities. */
function inputTimesGradient(
  material: ImageMaterial,
  a: ClassMaterial,
  b: ClassMaterial,
  target: 'logit' | 'probability',
): ScoreMap {
  const [ofA, ofB] = [a.inputGradient[target], b.inputGradient[target]];
  return atPixels(material, (pixel) =>
    sumOf((channel) => {
      const i = 3 * pixel + channel;
      return (material.image[i] ?? 0) * ((ofA[i] ?? 0) - (ofB[i] ?? 0));
    }),
  );
}

/** p(z|x) (f_A(z) - f_B(z)): its sum is the difference of the logits under the prior. */
const logitTerms: Contrast = (image, a, b) =>
  atFeatures(image, (z) => (image.prior[z] ?? 0) * ((a.logits[z] ?? 0) - (b.logits[z] ?? 0)));

const jointDifference: Contrast = (image, a, b) =>
  atFeatures(image, (z) => (a.joint[z] ?? 0) - (b.joint[z] ?? 0));

/** What Input x Gradient becomes at a layer instead of the input, averaged down to the map. */
export function layerVariant(layer: string): Variant {
  return {
    name: `${layer} x gradient, averaged down to the map`,
    contrast: (image, a, b) => {
      const [own, rival] = [a.layers.get(layer), b.layers.get(layer)];
      if (own === undefined || rival === undefined) throw new Error(`cue_variants: no layer ${layer}`);
      return averagedDown(image, subtractScoreMaps(own, rival));
    },
  };
}

/** The contrasts that tell what Input x Gradient owes to what. */
export const INPUT_VARIANTS: readonly Variant[] = [
  { name: 'joint: p(A,z|x) - p(B,z|x)', contrast: jointDifference, clipped: true },
  { name: 'joint, min-max scaled', contrast: jointDifference },
  { name: 'prior: p(z|x) alone', contrast: (image) => atFeatures(image, (z) => image.prior[z] ?? 0) },
  {
    name: 'logits: f_A(z) - f_B(z)',
    contrast: (image, a, b) => atFeatures(image, (z) => (a.logits[z] ?? 0) - (b.logits[z] ?? 0)),
  },
  { name: 'logits under the prior: p(z|x) (f_A(z) - f_B(z))', contrast: logitTerms },
  {
    name: 'Input x Gradient of the logit',
    contrast: (image, a, b) => inputTimesGradient(image, a, b, 'logit'),
  },
  {
    name: 'Input x Gradient of the logit, averaged down to the map',
    contrast: (image, a, b) => averagedDown(image, inputTimesGradient(image, a, b, 'logit')),
  },
  {
    name: 'Input x Gradient of the probability',
    contrast: (image, a, b) => inputTimesGradient(image, a, b, 'probability'),
  },
  {
    name: 'Input x Gradient of the probability, averaged down to the map',
    contrast: (image, a, b) => averagedDown(image, inputTimesGradient(image, a, b, 'probability')),
  },
  {
    name: '|input|, largest channel',
    contrast: (image) =>
      atPixels(image, (pixel) => largestOf((channel) => Math.abs(image.image[3 * pixel + channel] ?? 0))),
  },
  {
    name: "another picture's input x this gradient",
    contrast: (image, a, b, other) => inputTimesGradient({ ...image, image: other.image }, a, b, 'logit'),
  },
  {
    name: "this input x another picture's gradient",
    contrast: (image, _, __, other) => inputTimesGradient(image, other.a, other.b, 'logit'),
  },
  {
    name: 'gradients: max |dA/dx| - max |dB/dx|',
    contrast: (image, a, b) =>
      atPixels(image, (pixel) => {
        const of = ({ inputGradient: { logit } }: ClassMaterial): number =>
          largestOf((channel) => Math.abs(logit[3 * pixel + channel] ?? 0));
        return of(a) - of(b);
      }),
  },
  {
    name: 'gradient of the contrast: max |dA/dx - dB/dx|',
    contrast: (image, a, b) =>
      atPixels(image, (pixel) =>
        largestOf((channel) => {
          const i = 3 * pixel + channel;
          return Math.abs((a.inputGradient.logit[i] ?? 0) - (b.inputGradient.logit[i] ?? 0));
        }),
      ),
  },
];

/** A gradient g's part in the weight of its channel, whose features add up to s over `locations`. */
type Weighting = (g: number, s: number, locations: number) => number;

const WEIGHTINGS: Readonly<Record<string, Weighting>> = {
  'Grad-CAM, mean of g': (g, _, locations) => g / locations,
  'Grad-CAM++, sum of g+ / (2 + g s)': (g, s) => (g > 0 ? g / (2 + g * s) : 0),
  'Grad-CAM++ of small scores, sum of g+ / 2': (g) => Math.max(g, 0) / 2,
  'Grad-CAM++ of large scores, sum of 1 / s': (g, s) => (g > 0 && s > 0 ? 1 / s : 0),
};

/** A channel's sum of features over the locations. */
const totalOf = ({ features, height, width }: ImageMaterial, channel: number): number => {
  const channels = features.length / (height * width);
  let sum = 0;
  for (let i = channel; i < features.length; i += channels) sum += features[i] ?? 0;
  return sum;
};

/** The positive part of the feature maps, each weighted by what a weighting makes of its gradients. */
function weightedMap(material: ImageMaterial, gradient: Float32Array, weighting: Weighting): ScoreMap {
  const { features, height, width } = material;
  const channels = features.length / (height * width);
  const weights = Array.from({ length: channels }, (_, channel) => {
    const total = totalOf(material, channel);
    let weight = 0;
    for (let i = channel; i < gradient.length; i += channels)
      weight += weighting(gradient[i] ?? 0, total, height * width);
    return weight;
  });
  return atFeatures(material, (z) =>
    Math.max(
      weights.reduce((sum, weight, channel) => sum + weight * (features[z * channels + channel] ?? 0), 0),
      0,
    ),
  );
}

/** g s of the positive gradients of a class's score: what stands beside 2 in Grad-CAM++'s divisor. */
export function divisorTerms(material: ImageMaterial, gradient: Float32Array): number[] {
  const channels = material.features.length / (material.height * material.width);
  const totals = Array.from({ length: channels }, (_, channel) => totalOf(material, channel));
  return [...gradient].flatMap((g, i) => (g > 0 ? [g * (totals[i % channels] ?? 0)] : []));
}

const TARGET_NAMES = {
  logit: 'logit',
  still: 'logit, prior held still',
  'log-probability': 'log p',
} as const;

/** The class logit under the prior, what `logit` differentiates. */
const scoreOf = ({ prior }: ImageMaterial, { logits }: ClassMaterial): number =>
  prior.reduce((sum, weight, z) => sum + weight * (logits[z] ?? 0), 0);

function weightedContrast(target: FeatureTarget, weighting: Weighting, exponential: boolean): Contrast {
  return (image, a, b) => {
    const [own, rival] = [a, b].map(({ featureGradient }) =>
      weightedMap(image, featureGradient[target], weighting),
    );
    const [ofA, ofB] = [scoreOf(image, a), scoreOf(image, b)];
    const factor = (score: number): number => (exponential ? Math.exp(score - Math.max(ofA, ofB)) : 1);
    return atFeatures(image, (z) => factor(ofA) * (own?.data[z] ?? 0) - factor(ofB) * (rival?.data[z] ?? 0));
  };
}

/** Grad-CAM and Grad-CAM++ by target and weights; `times exp(score)` has the factor that implementations leave out. */
export const GRAD_CAM_VARIANTS: readonly Variant[] = (['logit', 'still', 'log-probability'] as const).flatMap(
  (target) =>
    Object.entries(WEIGHTINGS).flatMap(([name, weighting]) =>
      (target === 'logit' && name.includes('2 + g s') ? [false, true] : [false]).map((exponential) => ({
        name: `${TARGET_NAMES[target]}: ${name}${exponential ? ', times exp(score)' : ''}`,
        contrast: weightedContrast(target, weighting, exponential),
      })),
    ),
);

/** How far the largest score lies from the nearest pixel of the mask, in pixels; 0 inside. */
export function distanceOfPeak({ width, data }: ScoreMap, mask: Uint8Array): number {
  const peak = data.reduce((best, value, i) => (value > (data[best] ?? 0) ? i : best), 0);
  let nearest = Infinity;
  for (const [i, inside] of mask.entries())
    if (inside === 1)
      nearest = Math.min(
        nearest,
        Math.hypot((i % width) - (peak % width), Math.floor(i / width) - Math.floor(peak / width)),
      );
  return nearest;
}

/** |s_A - s_B| at the size of the masks. */
export function evidenceOf(map: ScoreMap, size: number): ScoreMap {
  const resized = resizeScoreMap(map, size, size);
  return { ...resized, data: resized.data.map(Math.abs) };
}

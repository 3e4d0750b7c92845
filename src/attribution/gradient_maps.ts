import type { Model } from '../model/model.ts';
import type { MethodName } from './methods.ts';
import type { Normalization } from '../train/batch.ts';
import type { Tape } from '../runtime/tape.ts';
import type { TargetOptions } from './target.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { abs, scale, square } from '../kernels/elementwise/unary.ts';
import { add } from '../kernels/add/add.ts';
import { frozenWeights } from './frozen_weights.ts';
import { imagesAtATime, inputGradients } from './input_gradient.ts';
import { IMAGENET_NORMALIZATION } from '../train/batch.ts';
import { maxPerSample, minPerSample, sumLastAxis, sumSpatial } from '../kernels/reduce/reduce.ts';
import { multiply, subtract } from '../kernels/elementwise/binary.ts';
import { noisyCopies, pathCopies } from '../kernels/image_copies/image_copies.ts';
import { reject } from '../runtime/errors.ts';
import { startTape } from '../kernels/tape.ts';

/** How the gradient methods sample. */
export interface GradientOptions extends TargetOptions {
  /** Points of the path of Integrated Gradients. Default: 50. The released code's sum has one more, at its beginning. */
  readonly steps?: number;
  /** Noisy copies of an image. Default: 50, as in SmoothGrad's paper and the released code. */
  readonly samples?: number;
  /**
   * Standard deviation of the noise over the range (maximum - minimum) of the normalised image. Default: 0.15, in the middle of what
   * SmoothGrad's paper advises; 0.25 with `:official` (`smooth_grad_sigma` 4).
   */
  readonly noiseLevel?: number;
  /** Of the noise. Default: 0. The draws of an image do not depend on which others share its batch. */
  readonly seed?: number;
  /** Standard normal numbers [samples,N,H,W,3] to use instead of seeded ones: to repeat another program's run. */
  readonly draws?: Float32Array;
  /** How images were normalised: says what black is. Default: ImageNet's. */
  readonly normalization?: Normalization;
  /** GPU memory that a batch going backward may take; settles how many samples go together, not what comes out. Default: 512 MiB. */
  readonly memoryBytes?: number;
}

type Moment = 1 | 2;

/** What is sampled around an image, what is made of every gradient, and what of their mean. */
interface Recipe {
  /** Copies of images [N,H,W,3] from the first on: [count,N,H,W,3]. */
  readonly copies: (tape: Tape, images: Tensor, first: number, count: number) => Tensor;
  readonly count: number;
  /** Whether `copies` makes only one at a time. Default: false. */
  readonly single?: boolean;
  /** Whether the released code's gradient map (the largest |gradient| over the channels) is taken of every copy, not of the mean. */
  readonly ofMaps: boolean;
  /** Which means over the copies are needed: of the values (1), of their squares (2). */
  readonly moments: readonly Moment[];
  /** Means are sums over the copies divided by this. Default: the number of copies. */
  readonly divisor?: number;
  /** The map [N,H,W] from the images and those means. */
  readonly finish: (tape: Tape, images: Tensor, mean: (moment: Moment) => Tensor) => Tensor;
}

/** Largest element of the last axis, [...,C] -> [...]. */
function largestChannel(tape: Tape, x: Tensor): Tensor {
  const shape = x.shape.slice(0, -1);
  const channels = x.shape.at(-1) ?? 1;
  return maxPerSample(tape, x.reshape([x.size / channels, channels])).reshape(shape);
}

const gradientMap = (tape: Tape, gradient: Tensor): Tensor => largestChannel(tape, abs(tape, gradient));

/** E[v^2] - E[v]^2. */
function variance(tape: Tape, mean: (moment: Moment) => Tensor): Tensor {
  return subtract(tape, mean(2), square(tape, mean(1)));
}

function black({ mean, std }: Normalization): number[] {
  return mean.map((value, channel) => -value / (std[channel] ?? 1));
}

/** Copies under noise whose deviation is a share of each image's range. */
function noise(options: GradientOptions, defaultLevel: number): Pick<Recipe, 'copies' | 'count' | 'single'> {
  const { samples = 50, noiseLevel = defaultLevel, seed = 0, draws } = options;
  if (!(noiseLevel >= 0 && Number.isFinite(noiseLevel)))
    reject('attribute', 'noiseLevel', String(noiseLevel), 'a finite number >= 0');
  return {
    count: samples,
    single: draws !== undefined,
    copies(tape, images, first, count) {
      const range = subtract(tape, maxPerSample(tape, images), minPerSample(tape, images));
      const deviations = scale(tape, range, noiseLevel);
      if (draws === undefined)
        return noisyCopies(tape, images, deviations, { copies: count, seed, firstCopy: first });
      if (draws.length !== samples * images.size)
        reject('attribute', 'length of draws', String(draws.length), String(samples * images.size));
      const given = tape.empty(images.shape);
      tape.engine.write(given, draws.slice(first * images.size, (first + 1) * images.size));
      return add(tape, images, multiply(tape, given, deviations)).reshape([1, ...images.shape]);
    },
  };
}

/** Evenly spaced points of the straight path from a colour to the image. */
function path(colour: readonly number[], positions: readonly number[]): Pick<Recipe, 'copies' | 'count'> {
  return {
    count: positions.length,
    copies: (tape, images, first, count) =>
      pathCopies(tape, images, colour, positions.slice(first, first + count)),
  };
}

/** The image itself, once. */
const itself = path([0, 0, 0], [1]);

/** The methods of this file. */
type GradientMethod = Exclude<Extract<MethodName, `${string}grad${string}`>, 'grad-cam' | 'grad-cam++'>;

/** Whether a method is one of this file's. */
export function isGradientMethod(name: MethodName): name is GradientMethod {
  return Object.hasOwn(RECIPES, name);
}

const RECIPES: Readonly<Record<GradientMethod, (options: GradientOptions) => Recipe>> = {
  gradient: () => ({
    ...itself,
    ofMaps: false,
    moments: [1],
    finish: (tape, _, mean) => gradientMap(tape, mean(1)),
  }),
  'input-x-gradient': () => ({
    ...itself,
    ofMaps: false,
    moments: [1],
    finish: (tape, images, mean) => sumLastAxis(tape, multiply(tape, images, mean(1))),
  }),
  'integrated-gradients': ({ steps = 50, normalization = IMAGENET_NORMALIZATION }) => {
    const colour = black(normalization);
    // The middle of every step: the paper's sum (equation 3) takes its end, and errs by half a step's change of the gradient.
    const middles = Array.from({ length: steps }, (_, step) => (step + 0.5) / steps);
    return {
      ...path(colour, middles),
      ofMaps: false,
      moments: [1],
      finish(tape, images, mean) {
        const baseline = pathCopies(tape, images, colour, [0]).reshape(images.shape);
        return sumLastAxis(tape, multiply(tape, subtract(tape, images, baseline), mean(1)));
      },
    };
  },
  'smooth-grad': (options) => ({
    ...noise(options, 0.15),
    ofMaps: false,
    moments: [1],
    finish: (tape, _, mean) => gradientMap(tape, mean(1)),
  }),
  'smooth-grad-squared': (options) => ({
    ...noise(options, 0.15),
    ofMaps: false,
    moments: [2],
    finish: (tape, _, mean) => largestChannel(tape, mean(2)),
  }),
  'var-grad': (options) => ({
    ...noise(options, 0.15),
    ofMaps: false,
    moments: [1, 2],
    finish: (tape, _, mean) => largestChannel(tape, variance(tape, mean)),
  }),
  'input-x-gradient:official': (options) => RECIPES.gradient(options),
  'integrated-gradients:official': ({ steps = 50 }) => ({
    // From 0, which is ImageNet's mean colour in normalised images.
    ...path(
      [0, 0, 0],
      Array.from({ length: steps + 1 }, (_, step) => step / steps),
    ),
    ofMaps: true,
    moments: [1],
    divisor: steps,
    finish: (_, __, mean) => mean(1),
  }),
  'smooth-grad:official': (options) => ({
    ...noise(options, 0.25),
    ofMaps: true,
    moments: [1],
    finish: (_, __, mean) => mean(1),
  }),
  'smooth-grad-squared:official': (options) => ({
    ...noise(options, 0.25),
    ofMaps: true,
    moments: [2],
    finish: (_, __, mean) => mean(2),
  }),
  'var-grad:official': (options) => ({
    ...noise(options, 0.25),
    ofMaps: true,
    moments: [1, 2],
    finish: (tape, _, mean) => variance(tape, mean),
  }),
};

/**
 * Maps [N,H,W] of images [N,H,W,3], normalised, by a gradient method, one for each set of a class of every image, `classes` [places][N];
 * the tape's, which must not record. Copies of an image go through the network together, as many as fit into `memoryBytes`, once for
 * all their classes, and back once a class; weights get no gradient.
 * @throws ArgumentError for options that cannot be
 */
export function gradientMaps(
  tape: Tape,
  model: Model,
  images: Tensor,
  classes: readonly (readonly number[])[],
  name: GradientMethod,
  options: GradientOptions = {},
): Tensor[] {
  const [count = 0, height = 0, width = 0] = images.shape;
  for (const key of ['steps', 'samples'] as const) {
    const value = options[key] ?? 1;
    if (!Number.isInteger(value) || value < 1) reject('attribute', key, String(value), 'a whole number >= 1');
  }
  const recipe = RECIPES[name](options);
  const together = imagesAtATime(model, [height, width], options.memoryBytes);
  const sums = classes.map(() => new Map<Moment, Tensor>());
  const weights = frozenWeights(model);
  const chunk = recipe.single === true ? 1 : Math.max(1, Math.floor(together / count));
  for (let first = 0; first < recipe.count; first += chunk) {
    const copies = Math.min(chunk, recipe.count - first);
    const inner = startTape(model.engine);
    const points = recipe.copies(tape, images, first, copies);
    try {
      const differentiated = {
        images: points.reshape([copies * count, height, width, 3]),
        classes: classes.map((set) => labelsOfCopies(inner, set, copies)),
        weights,
      };
      let place = 0;
      for (const gradient of inputGradients(inner, model, differentiated, options)) {
        const value = recipe.ofMaps ? gradientMap(inner, gradient) : gradient;
        const ofPlace = sums[place++];
        for (const moment of recipe.moments) {
          const term = sumOfCopies(tape, moment === 1 ? value : square(inner, value), copies);
          const sum = ofPlace?.get(moment);
          ofPlace?.set(moment, sum === undefined ? term : add(tape, sum, term));
          if (sum !== undefined) for (const used of [sum, term]) tape.release(used);
        }
      }
    } finally {
      inner.end();
      tape.release(points);
    }
  }
  const shape = recipe.ofMaps ? [count, height, width] : images.shape;
  return sums.map((ofPlace) =>
    recipe.finish(tape, images, (moment) => {
      const sum = ofPlace.get(moment);
      if (sum === undefined) throw new Error(`${name}: moment ${moment} was not asked for`);
      return scale(tape, sum, 1 / (recipe.divisor ?? recipe.count)).reshape(shape);
    }),
  );
}

/** The classes of N images for every copy of them, [copies * N]. */
function labelsOfCopies(tape: Tape, classes: readonly number[], copies: number): Tensor<'u32'> {
  const labels = tape.empty([copies * classes.length], 'u32');
  tape.engine.write(
    labels,
    Uint32Array.from({ length: labels.size }, (_, i) => classes[i % classes.length] ?? 0),
  );
  return labels;
}

/** Sum over the copies of values [copies * rest]: [rest]. */
function sumOfCopies(tape: Tape, values: Tensor, copies: number): Tensor {
  const rest = values.size / copies;
  return sumSpatial(tape, values.reshape([1, copies, 1, rest])).reshape([rest]);
}

import type { ClassChoice } from './class_choice.ts';
import type { GradientOptions } from './gradient_maps.ts';
import type { Method, MethodName } from './methods.ts';
import type { Forward, Model } from '../model/model.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import type { Tape } from '../runtime/tape.ts';
import { attributionMethod, offersMethod, methodsOf } from './methods.ts';
import { commonLength, resolveClasses } from './class_choice.ts';
import { gaussianBlur } from '../kernels/gaussian_blur/gaussian_blur.ts';
import { gradCamMaps } from './grad_cam.ts';
import { gradientMaps, isGradientMethod } from './gradient_maps.ts';
import { HeadMaps } from './head_maps.ts';
import { imageShape } from '../runtime/shape.ts';
import { ArgumentError, reject } from '../runtime/errors.ts';
import { joinAttributions, requestOfPart } from './parts.ts';
import { SmallerParts } from '../runtime/smaller_parts.ts';
import { startTape } from '../kernels/tape.ts';
import { Tensor } from '../runtime/tensor.ts';

/** What to explain of a batch, and how. */
export interface AttributionRequest {
  /** See `METHODS`. What needs no gradient shares one forward pass. */
  readonly methods: readonly MethodName[];
  /** The classes to explain, as many for every image. */
  readonly classes: ClassChoice;
  /** For `counterfactual`: the classes to compare with, one for each of `classes`. */
  readonly versus?: ClassChoice;
  /** For the methods of supersets: distinct classes; images may have sets of different sizes. */
  readonly subset?: ClassChoice;
  /** For the methods that use gradients. */
  readonly options?: GradientOptions;
  /**
   * Size of the Gaussian that smooths maps of image resolution, odd; its deviation is OpenCV's for that size, 0.3 ((size - 1) / 2 - 1)
   * + 0.8. Default: 1, no smoothing, which is what the released code passes to its own `smoothing`.
   */
  readonly smoothing?: number;
}

/** What came out, image by image. */
export interface Attribution {
  /** p(y|x) of all classes [C]. */
  readonly probabilities: readonly Float32Array[];
  /** The classes that were explained. */
  readonly classes: readonly (readonly number[])[];
  /** The sets of classes, or null where none were asked for. */
  readonly subsets: readonly (readonly number[])[] | null;
  /**
   * Of every method, the maps of every image in the order of its classes; a method with `perClass: false` gives one map an image.
   * Not scaled: see `normaliseScoreMap` and the method's `normalisation`.
   */
  readonly maps: ReadonlyMap<MethodName, readonly (readonly ScoreMap[])[]>;
}

/**
 * Attribution maps of images f32 [N,H,W,3], normalised as the model was trained, by any methods. Runs in eval mode; the images stay
 * the caller's, everything else is given back. One forward pass serves all maps of the head and Grad-CAM; gradient methods take
 * a pass there an image and sample, and one back a class of it. Where memory is short, fewer images go together, which changes rounding at most.
 * @throws ArgumentError for a method that the head does not have, a class out of range, or what a method needs and did not get
 */
export async function attribute(
  model: Model,
  images: Tensor,
  request: AttributionRequest,
): Promise<Attribution> {
  imageShape('attribute', 'images', images);
  const { kind } = model.configuration.head;
  const methods = request.methods.map(attributionMethod);
  for (const { name, needsSubset } of methods) {
    if (!offersMethod(kind, name)) {
      const names = methodsOf(kind).map((method) => method.name);
      reject('attribute', 'a method', name, `for a ${kind} head one of ${names.join(', ')}`);
    }
    if (needsSubset && request.subset === undefined)
      reject('attribute', 'subset', 'missing', `a set of classes for ${name}`);
    if (name === 'counterfactual' && request.versus === undefined)
      reject('attribute', 'versus', 'missing', 'classes to compare with for counterfactual');
  }
  const [count = 0] = images.shape;
  const parts = await new SmallerParts(model.engine).run(count, (first, size) =>
    size === count
      ? attributeTogether(model, images, request)
      : attributePart(model, images, request, first, size),
  );
  return joinAttributions(parts);
}

/** The attribution of images that go through the network together. */
async function attributeTogether(
  model: Model,
  images: Tensor,
  request: AttributionRequest,
): Promise<Attribution> {
  const methods = request.methods.map(attributionMethod);
  const tape = startTape(model.engine, { gradients: false });
  try {
    const keepFeatures = methods.some(({ name }) => isGradCam(name));
    const { changes } = model.weights;
    const forward = model.forward(tape, images, { keepFeatures });
    const head = await HeadMaps.of(tape, model, forward);
    const { probabilities } = head;
    const classes = resolveClasses('classes', request.classes, probabilities);
    const places = commonLength('classes', classes);
    const versus =
      request.versus === undefined ? null : resolveClasses('versus', request.versus, probabilities);
    if (versus !== null && methods.some(({ name }) => name === 'counterfactual')) {
      if (commonLength('versus', versus) !== places)
        reject(
          'attribute',
          'length of a list of versus',
          String(versus[0]?.length),
          `${places} as of classes`,
        );
    }
    const subsets =
      request.subset === undefined ? null : resolveClasses('subset', request.subset, probabilities);
    for (const subset of subsets ?? [])
      if (subset.length === 0 || new Set(subset).size < subset.length)
        reject('attribute', 'a list of subset', `[${subset.join()}]`, 'one or more distinct classes');
    const chosen = { classes, versus, subsets };
    const maps = new Map<MethodName, readonly (readonly ScoreMap[])[]>();
    for (const method of methods) {
      const ofMethod = method.usesGradient
        ? await mapsOfClasses(tape, model, { images, forward, changes }, method, classes, request)
        : await head.maps(method.name, chosen);
      maps.set(method.name, ofMethod);
    }
    return { probabilities, classes, subsets, maps };
  } finally {
    tape.end();
  }
}

/** The attribution of some of the images, from number `first` on. */
async function attributePart(
  model: Model,
  images: Tensor,
  request: AttributionRequest,
  first: number,
  size: number,
): Promise<Attribution> {
  const { engine } = model;
  const part = engine.empty([size, ...images.shape.slice(1)]);
  try {
    const byteOffset = images.byteOffset + (first * images.byteLength) / (images.shape[0] ?? 1);
    // Only a copy may begin anywhere.
    const source = images.storage('attribute');
    engine.copy(new Tensor('f32', part.shape, source, { byteOffset, owner: images }), part);
    return await attributeTogether(model, part, requestOfPart(request, first, size));
  } finally {
    part.dispose();
  }
}

const isGradCam = (name: MethodName): boolean => name === 'grad-cam' || name === 'grad-cam++';

/** A pass through the network that maps by gradients go on from. */
interface Passed {
  readonly images: Tensor;
  readonly forward: Forward;
  /** Of the weights, when it was made. */
  readonly changes: number;
}

/** Maps by gradients, of all images for their first class, then for their next. Throws ArgumentError when training has moved the weights since the pass. */
async function mapsOfClasses(
  tape: Tape,
  model: Model,
  { images, forward, changes }: Passed,
  { name }: Method<MethodName>,
  classes: readonly (readonly number[])[],
  { options = {}, smoothing = 1 }: AttributionRequest,
): Promise<ScoreMap[][]> {
  if (model.weights.changes !== changes)
    throw new ArgumentError(
      `attribute: the weights changed between two passes of ${name}; ask for it with no training step under way`,
    );
  const places = Array.from({ length: classes[0]?.length ?? 0 }, (_, place) =>
    classes.map((row) => row[place] ?? 0),
  );
  const plus = name === 'grad-cam++';
  const tensors = isGradientMethod(name)
    ? gradientMaps(tape, model, images, places, name, options).map((maps) => smooth(tape, maps, smoothing))
    : places.map((ofPlace) => gradCamMaps(tape, model, forward.features, ofPlace, { ...options, plus }));
  const result: ScoreMap[][] = classes.map(() => []);
  for (const tensor of tensors)
    for (const [image, map] of (await readMaps(tape, tensor)).entries()) result[image]?.push(map);
  return result;
}

/** Maps [N,H,W] under a Gaussian, reflecting at the edges. */
function smooth(tape: Tape, maps: Tensor, kernelSize: number): Tensor {
  if (kernelSize === 1) return maps;
  const sigma = 0.3 * ((kernelSize - 1) * 0.5 - 1) + 0.8;
  return gaussianBlur(tape, maps.reshape([...maps.shape, 1]), { kernelSize, sigma }).reshape(maps.shape);
}

/** Maps [N,h,w] on the CPU. */
async function readMaps(tape: Tape, maps: Tensor): Promise<ScoreMap[]> {
  const [images = 0, height = 0, width = 0] = maps.shape;
  const values = await tape.engine.read(maps);
  const size = height * width;
  return Array.from({ length: images }, (_, image) => ({
    height,
    width,
    data: values.slice(image * size, (image + 1) * size),
  }));
}

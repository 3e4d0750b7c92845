/** What `cue_ablation.ts` takes maps apart from: logits, gradients and activations of a batch, read back from the GPU. */
import type { Batch } from '../src/data/loader.ts';
import type { ClassMaterial, FeatureTarget, ImageMaterial } from './cue_variants.ts';
import type { HeadLogits } from '../src/model/head.ts';
import type { Model } from '../src/model/model.ts';
import type { ScoreMap } from '../src/eval/score_map.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { attributionTarget } from '../src/attribution/target.ts';
import { frozenWeights } from '../src/attribution/frozen_weights.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../src/train/batch.ts';
import { inputGradients, ones, requiringGradient } from '../src/attribution/input_gradient.ts';
import { multiply } from '../src/kernels/elementwise/binary.ts';
import { startTape } from '../src/kernels/tape.ts';
import { sumLastAxis } from '../src/kernels/reduce/reduce.ts';

/** From the input to the features; of ResNets of two stages. */
export const LAYERS = ['relu', 'layer1', 'layer2'] as const;

/** Rows [N, ...] of values, one an image. */
function rowsOf(flat: Float32Array, images: number): Float32Array[] {
  const length = flat.length / images;
  return Array.from({ length: images }, (_, image) => flat.slice(image * length, (image + 1) * length));
}

/** Gradient of the features of the batch for one class. */
async function featureGradient(
  model: Model,
  features: Tensor,
  labels: Tensor<'u32'>,
  target: FeatureTarget,
): Promise<Float32Array> {
  const tape = startTape(model.engine);
  try {
    const input = requiringGradient(features);
    const { classLogits, locationLogits } = model.headLogits(tape, input, { weights: frozenWeights(model) });
    const logits: HeadLogits = {
      classLogits,
      // A view requires no gradient.
      locationLogits: target === 'still' ? locationLogits.reshape(locationLogits.shape) : locationLogits,
    };
    const wanted = { target: target === 'still' ? 'logit' : target } as const;
    const score = attributionTarget(tape, logits, labels, model.configuration.head, wanted);
    tape.backward(score, ones(tape, score.size));
    const gradient = tape.gradient(input);
    if (gradient === null) throw new Error('cue_ablation: the score does not depend on the features');
    return await model.engine.read(gradient);
  } finally {
    tape.end();
  }
}

/** Gradient of the images of the batch for one class. */
async function imageGradient(
  model: Model,
  images: Tensor,
  classes: Tensor<'u32'>,
  target: 'logit' | 'probability',
): Promise<Float32Array> {
  const tape = startTape(model.engine);
  try {
    const weights = frozenWeights(model);
    const differentiated = { images, classes: [classes], weights };
    const [gradient] = [...inputGradients(tape, model, differentiated, { target })];
    if (gradient === undefined) throw new Error('cue_ablation: no gradient was made');
    return await model.engine.read(gradient);
  } finally {
    tape.end();
  }
}

/** Activations times the gradient of the logit of one class, summed over the channels, by layer: a map an image. */
async function layerMaps(
  model: Model,
  images: Tensor,
  classes: Tensor<'u32'>,
): Promise<Map<string, ScoreMap[]>> {
  const tape = startTape(model.engine);
  const after = startTape(model.engine, { gradients: false });
  try {
    const seen = new Map<string, Tensor>();
    const weights = frozenWeights(model);
    const logits = model.forward(tape, requiringGradient(images), {
      weights,
      observe: (name, activation) => {
        if (LAYERS.some((layer) => layer === name)) seen.set(name, tape.keep(activation));
      },
    });
    const target = attributionTarget(tape, logits, classes, model.configuration.head);
    tape.backward(target, ones(tape, target.size));
    const maps = new Map<string, ScoreMap[]>();
    for (const [name, activation] of seen) {
      const gradient = tape.gradient(activation);
      const [count = 0, height = 0, width = 0] = activation.shape;
      if (gradient === null) throw new Error(`cue_ablation: the score does not depend on ${name}`);
      const values = await model.engine.read(sumLastAxis(after, multiply(after, activation, gradient)));
      maps.set(
        name,
        rowsOf(values, count).map((data) => ({ height, width, data })),
      );
    }
    return maps;
  } finally {
    tape.end();
    after.end();
  }
}

/** p(y,z|x) from the probabilities of the classes at a location and the location's. */
function jointOf(logits: readonly Float32Array[], prior: Float32Array): Float32Array[] {
  const joint = logits.map((row) => new Float32Array(row.length));
  for (const [z, weight] of prior.entries()) {
    const largest = Math.max(...logits.map((row) => row[z] ?? 0));
    const powers = logits.map((row) => Math.exp((row[z] ?? 0) - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    for (const [label, power] of powers.entries()) {
      const row = joint[label];
      if (row !== undefined) row[z] = (weight * power) / sum;
    }
  }
  return joint;
}

/** Everything about the images of a batch. */
export async function materialOf(model: Model, batch: Batch): Promise<ImageMaterial[]> {
  const { engine } = model;
  const tape = startTape(engine, { gradients: false });
  try {
    const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
    const forward = model.forward(tape, images, { keepFeatures: true });
    const predicted = model.predict(tape, images);
    const count = batch.labels.length;
    const read = async (tensor: Tensor): Promise<Float32Array[]> => rowsOf(await engine.read(tensor), count);
    const [pixels, features, logits] = await Promise.all(
      [images, forward.features, forward.classLogits].map(read),
    );
    const [, height = 0, width = 0] = forward.features.shape;
    const even = new Float32Array(height * width).fill(1 / (height * width));
    // A CAM has no prior: all its locations weigh alike.
    const priors = predicted.prior === null ? null : await read(predicted.prior);
    const { classes } = model.configuration;
    const ofClass: Pick<ClassMaterial, 'inputGradient' | 'featureGradient' | 'layers'>[][] = [];
    for (let label = 0; label < classes; label++) {
      const labels = tape.empty([count], 'u32');
      engine.write(labels, new Uint32Array(count).fill(label));
      const image = async (target: 'logit' | 'probability'): Promise<Float32Array[]> =>
        rowsOf(await imageGradient(model, images, labels, target), count);
      const feature = async (target: FeatureTarget): Promise<Float32Array[]> =>
        rowsOf(await featureGradient(model, forward.features, labels, target), count);
      const [logit, probability] = [await image('logit'), await image('probability')];
      const [own, still, likelihood] = [
        await feature('logit'),
        await feature('still'),
        await feature('log-probability'),
      ];
      const layers = await layerMaps(model, images, labels);
      const none = new Float32Array();
      ofClass.push(
        Array.from({ length: count }, (_, place) => ({
          inputGradient: { logit: logit[place] ?? none, probability: probability[place] ?? none },
          featureGradient: {
            logit: own[place] ?? none,
            still: still[place] ?? none,
            'log-probability': likelihood[place] ?? none,
          },
          layers: new Map(
            [...layers].flatMap(([name, maps]) => (maps[place] ? [[name, maps[place]] as const] : [])),
          ),
        })),
      );
    }
    return Array.from({ length: count }, (_, place): ImageMaterial => {
      const flat = logits?.[place] ?? new Float32Array();
      const split = Array.from({ length: classes }, (_, label) =>
        Float32Array.from({ length: height * width }, (_, z) => flat[z * classes + label] ?? 0),
      );
      const weights = priors?.[place] ?? even;
      const joint = jointOf(split, weights);
      return {
        height,
        width,
        side: batch.crop,
        image: pixels?.[place] ?? new Float32Array(),
        features: features?.[place] ?? new Float32Array(),
        prior: weights,
        classes: split.flatMap((row, label) => {
          const gradients = ofClass[label]?.[place];
          const probabilities = joint[label];
          return gradients === undefined || probabilities === undefined
            ? []
            : [{ logits: row, joint: probabilities, ...gradients }];
        }),
      };
    });
  } finally {
    tape.end();
  }
}

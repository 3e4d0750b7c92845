import type { Attribution, AttributionRequest } from '../../src/attribution/attribute.ts';
import type { Check, GoldenFile } from './compare.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadKind } from '../../src/model/head.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { Model } from '../../src/model/model.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import type { Target } from '../../src/attribution/target.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { checkLargest, nhwcShape, toNchw, toNhwc } from './compare.ts';
import { frozenWeights } from '../../src/attribution/frozen_weights.ts';
import { inputGradients } from '../../src/attribution/input_gradient.ts';
import { offersMethod } from '../../src/attribution/methods.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { tinyModel } from './tiny_resnet.ts';

/** The released code's processes and methods by our names. */
const PROCESSES: Readonly<Record<string, MethodName>> = {
  vanilla: 'cam',
  'vanilla-saliency': 'cam-saliency',
  'vanilla-superclass': 'cam-subset',
  saliency: 'saliency',
  gtcond: 'posterior',
  'gtcond-superclass': 'posterior-subset',
  'gtcond-superclass-mean': 'posterior-subset-mean',
  jointll: 'joint',
  'jointll-superclass': 'subset',
  'jointll-superclass-mean': 'subset-mean',
  backprop: 'gradient',
  input_grad: 'input-x-gradient:official',
  integrated_grad: 'integrated-gradients:official',
  smooth_grad: 'smooth-grad:official',
  smooth_grad_square: 'smooth-grad-squared:official',
  var_grad: 'var-grad:official',
};

const TARGETS: Readonly<Record<string, Target>> = {
  logit: 'logit',
  prob: 'probability',
  logprob: 'log-probability',
  features: 'em-objective',
};

const HEADS: Readonly<Record<string, HeadKind>> = { cam: 'cam', em: 'calm-em', ml: 'calm-ml' };

/** Iterations that the golden gradient methods were run with. */
const STEPS = 10;
const SAMPLES = 4;

/** A map of a CALM head's own makes no sense with CAM, whose location logits are not trained: they are not offered, nor compared. */
function isOffered(head: HeadKind, process: string): boolean {
  const method = PROCESSES[process];
  return method !== undefined && offersMethod(head, method);
}

/** Every map and raw gradient of `attribution.safetensors` of one head (cam, em, ml), on the tiny ResNet in its initial state. */
export async function checkAttribution(
  engine: Engine,
  init: GoldenFile,
  golden: GoldenFile,
  set: string,
): Promise<Check[]> {
  const head = HEADS[set] ?? 'cam';
  const model = tinyModel(engine, init, head, true);
  const names = golden.names
    .filter((name) => name.startsWith(`${set}.`))
    .map((name) => name.slice(set.length + 1));
  try {
    const checks: Check[] = [];
    for (const name of names.filter((process) => isOffered(head, process)))
      checks.push(await checkProcess(model, golden, set, name));
    for (const name of names.filter((process) => process.startsWith('rawgrad.')))
      checks.push(await checkRawGradient(model, golden, set, name));
    return checks;
  } finally {
    model.dispose();
  }
}

function imagesOf(engine: Engine, golden: GoldenFile): Tensor {
  const shape = golden.shape('images');
  return engine.tensor(toNhwc(golden.floats('images'), shape), nhwcShape(shape));
}

async function checkProcess(model: Model, golden: GoldenFile, set: string, process: string): Promise<Check> {
  const { engine } = model;
  const method = PROCESSES[process] ?? 'cam';
  const images = imagesOf(engine, golden);
  const superclasses = JSON.parse(golden.metadata('superclass')) as Record<string, number[]>;
  const draws = golden.has('noise') ? golden.floats('noise') : new Float32Array();
  const drawShape = golden.has('noise') ? golden.shape('noise') : [0, 0, 0, 0, 0];
  const [, batch = 0, channels = 0, height = 0, width = 0] = drawShape;
  const request: AttributionRequest = {
    methods: [method],
    classes: Array.from(golden.labels('labels'), (label) => [label]),
    subset: Array.from(golden.labels('labels_super'), (label) => superclasses[String(label)] ?? []),
    options: {
      steps: STEPS,
      samples: SAMPLES,
      // Iterations times images are one batch to `toNhwc`.
      draws: toNhwc(draws, [SAMPLES * batch, channels, height, width]),
    },
  };
  let result: Attribution;
  try {
    result = await attribute(model, images, request);
  } finally {
    images.dispose();
  }
  const maps = result.maps.get(method)?.flatMap((ofImage) => ofImage[0] ?? []) ?? [];
  const name = `${set}.${process}`;
  const noise = golden.noise(name);
  return checkLargest(name, flatten(maps), golden.floats(name), { relative: tolerance(method), noise });
}

/** Of tiny activations, as the reference advises; gradients keep it too (the worst measured is 1e-6), squares have twice the error. */
function tolerance(method: MethodName): number {
  return method.includes('squared') || method.includes('var-') ? 4e-5 : 2e-5;
}

function flatten(maps: readonly ScoreMap[]): Float32Array {
  return Float32Array.from(maps.flatMap(({ data }) => [...data]));
}

async function checkRawGradient(
  model: Model,
  golden: GoldenFile,
  set: string,
  process: string,
): Promise<Check> {
  const { engine } = model;
  const images = imagesOf(engine, golden);
  const tape = startTape(engine);
  try {
    const classes = tape.empty([images.shape[0] ?? 0], 'u32');
    engine.write(classes, golden.labels('labels'));
    const target = TARGETS[process.slice('rawgrad.'.length)];
    if (target === undefined) throw new Error(`no target is called ${process}`);
    const weights = frozenWeights(model);
    const options = { target, detachNormalizer: true };
    const differentiated = { images, classes: [classes], weights };
    const [gradient] = [...inputGradients(tape, model, differentiated, options)];
    if (gradient === undefined) throw new Error('no gradient was made');
    const name = `${set}.${process}`;
    const values = toNchw(await engine.read(gradient), gradient.shape);
    return checkLargest(name, values, golden.floats(name), { relative: 2e-5, noise: golden.noise(name) });
  } finally {
    tape.end();
    images.dispose();
  }
}

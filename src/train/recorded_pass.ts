/**
 * One pass of a network, forward and backward, with all that it made on the way: for finding the layer at which two adapters, two machines,
 * Node and a page, or we and PyTorch part. Its tensors go into a safetensors file, in PyTorch's layouts:
 *
 *     input.images                 [N,3,H,W], normalised
 *     input.labels                 [N]
 *     activation.LAYER             [N,C,H,W], of every layer, by its PyTorch name, with the ReLU or residual that is fused into it
 *     loss                         []
 *     activation_gradient.LAYER    of the loss by that activation
 *     gradient.PARAMETER           of the loss by a parameter, in its shape
 *
 * The metadata hold `pass`: as JSON, the names in the order in which they were made, and the adapter.
 */
import type { CheckpointContent } from './checkpoint.ts';
import type { Model } from '../model/model.ts';
import type { SafetensorsTensor } from '../model/safetensors.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { encodeTensor, toFloat32, toFloat64 } from '../model/safetensors.ts';
import { parameterSlots, readSlots } from '../model/state_dict.ts';
import { startTape } from '../kernels/tape.ts';

/** The metadata's key. */
export const PASS = 'pass';

/** Images [N,3,H,W], normalised, and the class of each. */
export interface PassInput {
  readonly images: SafetensorsTensor;
  readonly labels: SafetensorsTensor;
}

/** [A,B,C,D] with axes in the order of `axes`. */
function permute(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = axes.map((axis) => shape[axis] ?? 1);
  const steps = axes.map((axis) => strides[axis] ?? 1);
  const [a = 1, b = 1, c = 1, d = 1] = sizes;
  const [i = 0, j = 0, k = 0, l = 0] = steps;
  const result = new Float32Array(values.length);
  let to = 0;
  for (let w = 0; w < a; w++)
    for (let x = 0; x < b; x++)
      for (let y = 0; y < c; y++)
        for (let z = 0; z < d; z++) result[to++] = values[w * i + x * j + y * k + z * l] ?? 0;
  return result;
}

/** As PyTorch has it: NCHW where we have NHWC. */
function stored(values: Float32Array, shape: readonly number[]): SafetensorsTensor {
  const [n = 1, h = 1, w = 1, c = 1] = shape;
  return shape.length === 4
    ? encodeTensor(permute(values, shape, [0, 3, 1, 2]), [n, c, h, w])
    : encodeTensor(values, shape);
}

/**
 * Runs a batch through a model in eval mode (running statistics, so that nothing of the model changes) and back, and keeps everything.
 * @throws ArgumentError when images and labels are no such batch
 */
export async function recordPass(model: Model, { images, labels }: PassInput): Promise<CheckpointContent> {
  const { engine, parameters, layers } = model;
  const [n = 0, channels, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 4 || channels !== 3 || labels.shape.length !== 1 || labels.shape[0] !== n)
    throw new ArgumentError(
      `recordPass: images are [${images.shape.join()}] and labels [${labels.shape.join()}], wanted [N,3,H,W] and [N]`,
    );
  const classes = toFloat64(labels);
  const { classes: known } = model.configuration;
  const wrong = classes.find((label) => !(Number.isInteger(label) && label >= 0 && label < known));
  if (wrong !== undefined)
    throw new ArgumentError(`recordPass: a label is ${wrong}, wanted a class from 0 to ${known - 1}`);
  const pixels = engine.tensor(permute(toFloat32(images), images.shape, [0, 2, 3, 1]), [n, height, width, 3]);
  const targets = engine.tensor(Uint32Array.from(classes), [n]);
  const one = engine.tensor(Float32Array.of(1), []);
  const tape = startTape(engine);
  try {
    const activations: (readonly [string, Tensor])[] = [];
    parameters.placeGradients(tape);
    const { loss } = model.loss(tape, pixels, targets, {
      mode: 'eval',
      observe: (name, activation) => activations.push([name, tape.keep(activation)]),
    });
    tape.backward(loss, one);
    const tensors = new Map<string, SafetensorsTensor>([
      ['input.images', images],
      ['input.labels', labels],
    ]);
    for (const [name, activation] of activations)
      tensors.set(`activation.${name}`, stored(await engine.read(activation), activation.shape));
    tensors.set('loss', encodeTensor(await engine.read(loss), []));
    for (const [name, activation] of activations.toReversed()) {
      const gradient = tape.gradient(activation);
      if (gradient !== null)
        tensors.set(`activation_gradient.${name}`, stored(await engine.read(gradient), activation.shape));
    }
    const reached = new Map(
      parameters.entries.flatMap(({ name, value, gradient }) =>
        tape.gradient(value) === null ? [] : [[name, gradient] as const],
      ),
    );
    const slots = parameterSlots(layers, (name) => reached.get(name) ?? parameters.get(name));
    const gradients = await readSlots(
      engine,
      slots.filter(({ name }) => reached.has(name)),
    );
    for (const [name, gradient] of [...gradients].toReversed()) tensors.set(`gradient.${name}`, gradient);
    const pass = { adapter: engine.adapter.name, order: [...tensors.keys()] };
    return { tensors, metadata: new Map([[PASS, JSON.stringify(pass)]]) };
  } finally {
    tape.end();
    for (const tensor of [pixels, targets, one]) tensor.dispose();
  }
}

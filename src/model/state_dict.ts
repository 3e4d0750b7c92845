import type { Engine } from '../runtime/engine.ts';
import type { Layer } from './layers.ts';
import type { SafetensorsTensor } from './safetensors.ts';
import type { Shape } from '../runtime/shape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { RunningStatistics, Weights } from './weights.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { elementCount, formatShape, sameShape } from '../runtime/shape.ts';
import { elementSizes } from './safetensors_header.ts';
import { encodeTensor, toFloat32, toFloat64 } from './safetensors.ts';
import { hwioToOihw, oihwToHwio } from './layout.ts';
import { parametersOf } from './layers.ts';

/** A network's numbers by their PyTorch names, in PyTorch's layouts: what a safetensors file holds. */
export type StateDict = ReadonlyMap<string, SafetensorsTensor>;

/** One tensor of a state dict and where it lives. */
export interface StateSlot {
  readonly name: string;
  readonly tensor: Tensor;
  /** As PyTorch has it: OIHW for convolutions. */
  readonly shape: Shape;
}

const pytorchShape = (shape: Shape): Shape => {
  const [height, width, inputs, outputs] = shape;
  return shape.length === 4 ? [outputs ?? 1, inputs ?? 1, height ?? 1, width ?? 1] : shape;
};

const trackedName = (layer: Layer): string => `${layer.name}.num_batches_tracked`;

/** The parameters of the layers; `tensorOf` says where each is: the parameter itself, or its velocity, say. */
export function parameterSlots(layers: readonly Layer[], tensorOf: (name: string) => Tensor): StateSlot[] {
  return layers
    .flatMap(parametersOf)
    .map(({ name, shape }) => ({ name, tensor: tensorOf(name), shape: pytorchShape(shape) }));
}

/** Parameters and running statistics of the layers. */
export function stateSlots(layers: readonly Layer[], weights: Weights): StateSlot[] {
  return layers.flatMap((layer) => {
    const parameters = parameterSlots([layer], (name) => weights.parameter(name));
    if (layer.kind === 'conv2d') return parameters;
    const { mean, variance } = weights.running(layer.name);
    return [
      ...parameters,
      { name: `${layer.name}.running_mean`, tensor: mean, shape: mean.shape },
      { name: `${layer.name}.running_var`, tensor: variance, shape: variance.shape },
    ];
  });
}

/** Reads tensors by their names, in PyTorch's layouts. */
export async function readSlots(
  engine: Engine,
  slots: readonly StateSlot[],
): Promise<Map<string, SafetensorsTensor>> {
  const values = await Promise.all(slots.map(({ tensor }) => engine.read(tensor)));
  return new Map(
    slots.map(({ name, tensor, shape }, index) => {
      const read = values[index] ?? new Float32Array();
      return [name, encodeTensor(shape.length === 4 ? hwioToOihw(read, tensor.shape) : read, shape)];
    }),
  );
}

const FLOATS: readonly string[] = ['F32', 'F16', 'BF16', 'F64'];

function checkBytes(name: string, { dtype, shape, bytes }: SafetensorsTensor): void {
  const wanted = elementCount(shape) * elementSizes[dtype];
  if (bytes.length !== wanted)
    throw new ArgumentError(`loadStateDict: ${name} has ${bytes.length} bytes, wanted ${wanted}`);
}

/**
 * Every slot with its stored tensor, in order.
 * @throws ArgumentError naming tensors that are missing, of another shape, no numbers of a network, or cut short
 */
export function checkSlots(
  slots: readonly StateSlot[],
  state: StateDict,
): (readonly [StateSlot, SafetensorsTensor])[] {
  const missing = slots.filter(({ name }) => !state.has(name)).map(({ name }) => name);
  if (missing.length > 0) throw new ArgumentError(`loadStateDict: the state has no ${listNames(missing)}`);
  return slots.map((slot) => {
    const { name, shape } = slot;
    const stored = state.get(name);
    if (stored === undefined || !sameShape(stored.shape, shape)) {
      throw new ArgumentError(
        `loadStateDict: ${name} is ${formatShape(stored?.shape ?? [])}, wanted ${formatShape(shape)}`,
      );
    }
    if (!FLOATS.includes(stored.dtype))
      throw new ArgumentError(`loadStateDict: ${name} is ${stored.dtype}, wanted ${FLOATS.join(', ')}`);
    checkBytes(name, stored);
    return [slot, stored];
  });
}

/**
 * Writes tensors by their names, from PyTorch's layouts. Everything is checked before anything is written: after an error the
 * tensors are as they were.
 * @throws ArgumentError as `checkSlots`
 */
export function writeSlots(engine: Engine, slots: readonly StateSlot[], state: StateDict): void {
  for (const [{ tensor, shape }, stored] of checkSlots(slots, state)) {
    const values = toFloat32(stored);
    engine.write(tensor, shape.length === 4 ? oihwToHwio(values, shape) : values);
  }
}

/** Reads all numbers of the layers: parameters, running statistics and `num_batches_tracked`. */
export async function readStateDict(
  engine: Engine,
  layers: readonly Layer[],
  weights: Weights,
): Promise<Map<string, SafetensorsTensor>> {
  const state = await readSlots(engine, stateSlots(layers, weights));
  for (const layer of layers) {
    if (layer.kind === 'conv2d') continue;
    const batches = BigInt64Array.of(BigInt(weights.running(layer.name).batches));
    state.set(trackedName(layer), encodeTensor(batches, []));
  }
  return state;
}

/** A layer's `num_batches_tracked` in a state, which may come from a stranger's file; 0 where there is none. */
function batchesOf(name: string, state: StateDict): number {
  const tracked = state.get(name);
  if (tracked === undefined) return 0;
  checkBytes(name, tracked);
  const batches = elementCount(tracked.shape) === 1 ? toFloat64(tracked)[0] : undefined;
  if (batches === undefined || !Number.isSafeInteger(batches) || batches < 0)
    throw new ArgumentError(
      `loadStateDict: ${name} is ${batches ?? formatShape(tracked.shape)}, wanted a whole number >= 0`,
    );
  return batches;
}

/**
 * The batch norms' statistics and the batches that each has seen, but for those whose counts are among `kept`.
 * @throws ArgumentError naming a count that is none
 */
export function checkCounts(
  layers: readonly Layer[],
  weights: Weights,
  state: StateDict,
  kept: ReadonlySet<string> = new Set(),
): (readonly [RunningStatistics, number])[] {
  return layers
    .filter((layer) => layer.kind !== 'conv2d' && !kept.has(trackedName(layer)))
    .map((layer) => [weights.running(layer.name), batchesOf(trackedName(layer), state)]);
}

/**
 * Writes a state dict's tensors into the layers, or nothing at all after an error. `num_batches_tracked` may be absent (files made
 * before PyTorch had it, and torchvision's): it becomes 0.
 * @throws ArgumentError as `checkSlots`, and naming counts that are no whole numbers
 */
export function writeStateDict(
  engine: Engine,
  layers: readonly Layer[],
  weights: Weights,
  state: StateDict,
): void {
  writePartOfStateDict(engine, layers, weights, state, new Set());
}

/**
 * Writes the tensors that a state has into the layers; the layers' others, which must be among `kept`, stay as they are. Or nothing at
 * all after an error.
 * @throws ArgumentError as `checkSlots`, and naming counts that are no whole numbers
 */
export function writePartOfStateDict(
  engine: Engine,
  layers: readonly Layer[],
  weights: Weights,
  state: StateDict,
  kept: ReadonlySet<string>,
): void {
  const counts = checkCounts(layers, weights, state, kept);
  writeSlots(
    engine,
    stateSlots(layers, weights).filter(({ name }) => !kept.has(name)),
    state,
  );
  for (const [statistics, batches] of counts) statistics.batches = batches;
}

/** The names of the layers' tensors in a state dict. */
export function stateNames(layers: readonly Layer[]): string[] {
  return layers.flatMap((layer) => [
    ...parametersOf(layer).map(({ name }) => name),
    ...(layer.kind === 'conv2d'
      ? []
      : [`${layer.name}.running_mean`, `${layer.name}.running_var`, trackedName(layer)]),
  ]);
}

/** A few names and how many more there are. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/**
 * torchvision's classifier as our head: `fc.weight` [C,D] becomes `conv_last.weight` [C,D,1,1]. The mean over space commutes with
 * a linear map, so averaging first and mapping first give the same logits. Any other state is returned as it is.
 */
export function foldClassifier(state: StateDict): StateDict {
  const weight = state.get('fc.weight');
  const bias = state.get('fc.bias');
  if (weight === undefined || bias === undefined || state.has('conv_last.weight')) return state;
  const folded = new Map(state);
  folded.delete('fc.weight');
  folded.delete('fc.bias');
  folded.set('conv_last.weight', { ...weight, shape: [...weight.shape, 1, 1] });
  folded.set('conv_last.bias', bias);
  return folded;
}

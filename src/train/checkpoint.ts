/**
 * A checkpoint is one safetensors file. The model's tensors have their plain PyTorch names, so that other programs can read
 * them; `velocity.NAME` and `slow.NAME` hold the optimiser's momentum and theta'. The metadata hold JSON: how to build the model, how
 * far training is, whatever the caller wants to find again (class names, say), and a checksum of all of it, which every reader of ours
 * verifies. It holds no time and no path: runs that went the same way give the same bytes.
 */
import type { EpochProgress } from './epoch.ts';
import type { Model } from '../model/model.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import type { SafetensorsTensor } from '../model/safetensors.ts';
import type { StateDict } from '../model/state_dict.ts';
import type { Trainer } from './trainer.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { checkHeld } from '../model/parameter_count.ts';
import { modelConfiguration } from '../model/configuration.ts';
import { quote } from '../model/safetensors_header.ts';
import {
  checkCounts,
  checkSlots,
  parameterSlots,
  readSlots,
  readStateDict,
  stateSlots,
  writeSlots,
  writeStateDict,
} from '../model/state_dict.ts';
import { CHECKSUM, verifyChecksum, withChecksum } from './checksum.ts';

/** Where a training run stands. */
export interface TrainingState {
  readonly epochsDone: number;
  /** Optimiser steps over all epochs. */
  readonly steps: number;
  /** Of the epoch in which it was made; null between two epochs. */
  readonly progress: EpochProgress | null;
  /** Momentum of every parameter. */
  readonly velocities: StateDict;
  /** Theta', where the posterior comes from a slow copy. */
  readonly slow: StateDict | null;
}

/** A checkpoint taken apart. */
export interface Checkpoint {
  /** For `createModel`. */
  readonly configuration: ModelConfiguration;
  /** For `Model.loadStateDict`. */
  readonly state: StateDict;
  /** Null in a file that holds a model only. */
  readonly training: TrainingState | null;
  /** What the caller stored beside; null when there is nothing. */
  readonly info: unknown;
  /** Of all it holds; null in files from before there was one. */
  readonly checksum: string | null;
}

/** Before the names of the optimiser's momentum, and of theta'. */
export const VELOCITY = 'velocity.';
export const SLOW = 'slow.';

/** What `serializeSafetensors` takes. */
export interface CheckpointContent {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The metadata of a checkpoint's model. `info` must be JSON. */
export function modelMetadata(configuration: ModelConfiguration, info: unknown): Map<string, string> {
  return new Map([
    ['format', 'pt'],
    ['model', JSON.stringify(configuration)],
    ['info', JSON.stringify(info ?? null)],
  ]);
}

/** A model alone: enough to classify and to explain. `info` must be JSON. */
export async function modelContent(model: Model, info?: unknown): Promise<CheckpointContent> {
  return withChecksum({
    tensors: await model.stateDict(),
    metadata: modelMetadata(model.configuration, info),
  });
}

/**
 * A model with all that training needs to go on as if it had not been interrupted: to be made between two steps, see
 * `Trainer.progress`. `info` must be JSON. Rejects with what ended a training whose numbers were no longer finite.
 */
export async function checkpointContent(trainer: Trainer, info?: unknown): Promise<CheckpointContent> {
  const { model, optimizer, slow, epochsDone, steps, progress } = trainer;
  if (trainer.failure !== null) throw trainer.failure;
  const { engine, layers } = model;
  const velocities = await readSlots(
    engine,
    parameterSlots(layers, (name) => optimizer.velocity(name)),
  );
  const slowState = slow === null ? new Map() : await readStateDict(engine, layers, slow.weights);
  const prefixed = (prefix: string, state: StateDict) =>
    [...state].map(([name, tensor]) => [`${prefix}${name}`, tensor] as const);
  const metadata = modelMetadata(model.configuration, info);
  metadata.set('training', JSON.stringify({ epochsDone, steps, progress }));
  return withChecksum({
    tensors: new Map([
      ...(await model.stateDict()),
      ...prefixed(VELOCITY, velocities),
      ...prefixed(SLOW, slowState),
    ]),
    metadata,
  });
}

function json(file: CheckpointContent, key: string): unknown {
  const text = file.metadata.get(key);
  if (text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ArgumentError(`checkpoint: the metadata '${key}' is no JSON`, { cause: error });
  }
}

function counter(training: object, key: string): number {
  const value: unknown = Reflect.get(training, key);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new ArgumentError(`checkpoint: ${key} is ${quote(value)}, wanted a whole number`);
  return value;
}

/** Files from before epochs could be carried on have none. */
function epochProgress(training: object): EpochProgress | null {
  const progress: unknown = Reflect.get(training, 'progress') ?? null;
  if (progress === null) return null;
  if (typeof progress !== 'object')
    throw new ArgumentError(`checkpoint: progress is ${quote(progress)}, wanted an object`);
  const lossSum: unknown = Reflect.get(progress, 'lossSum');
  if (typeof lossSum !== 'number')
    throw new ArgumentError(`checkpoint: lossSum is ${quote(lossSum)}, wanted a number`);
  return {
    epoch: counter(progress, 'epoch'),
    step: counter(progress, 'step'),
    images: counter(progress, 'images'),
    lossSum,
    correct: counter(progress, 'correct'),
  };
}

/**
 * Takes a file apart.
 * @throws ArgumentError when it is no checkpoint, a damaged one, or one of a model that this version cannot build
 */
export function parseCheckpoint(file: CheckpointContent): Checkpoint {
  const described = json(file, 'model');
  if (typeof described !== 'object' || described === null) {
    throw new ArgumentError(
      "checkpoint: the metadata have no 'model': plain weights, to be given to Model.loadStateDict",
    );
  }
  const state = new Map<string, SafetensorsTensor>();
  const velocities = new Map<string, SafetensorsTensor>();
  const slow = new Map<string, SafetensorsTensor>();
  for (const [name, tensor] of file.tensors) {
    if (name.startsWith(VELOCITY)) velocities.set(name.slice(VELOCITY.length), tensor);
    else if (name.startsWith(SLOW)) slow.set(name.slice(SLOW.length), tensor);
    else state.set(name, tensor);
  }
  const training = json(file, 'training');
  // Everything in it is checked again, as options are.
  const configuration = modelConfiguration(described as ModelConfiguration);
  checkHeld(configuration, state);
  const checkpoint = {
    configuration,
    state,
    training:
      typeof training === 'object' && training !== null
        ? {
            epochsDone: counter(training, 'epochsDone'),
            steps: counter(training, 'steps'),
            progress: epochProgress(training),
            velocities,
            slow: slow.size > 0 ? slow : null,
          }
        : null,
    info: json(file, 'info'),
    checksum: file.metadata.get(CHECKSUM) ?? null,
  };
  // Last: what else is wrong says more.
  verifyChecksum(file);
  return checkpoint;
}

/**
 * Sets a trainer and its model to where a checkpoint stands: with the same options, and the same batches from
 * `trainer.firstBatch(epoch)` on, training goes on to the same bits. After an error both are as they were.
 * @throws ArgumentError when the checkpoint holds a model only, or lacks what this trainer needs
 */
export function resumeTraining(trainer: Trainer, checkpoint: Checkpoint): void {
  const { model, optimizer, slow } = trainer;
  const { training } = checkpoint;
  if (training === null)
    throw new ArgumentError('resumeTraining: the checkpoint holds a model only, no training state');
  if (slow !== null && training.slow === null)
    throw new ArgumentError('resumeTraining: the checkpoint has no slow copy, which this posterior needs');
  const velocities = parameterSlots(model.layers, (name) => optimizer.velocity(name));
  // All that can be wrong is found before anything is written.
  checkSlots(velocities, training.velocities);
  if (slow !== null && training.slow !== null) {
    checkSlots(stateSlots(model.layers, slow.weights), training.slow);
    checkCounts(model.layers, slow.weights, training.slow);
  }
  model.loadStateDict(checkpoint.state);
  writeSlots(model.engine, velocities, training.velocities);
  if (slow !== null && training.slow !== null)
    writeStateDict(model.engine, model.layers, slow.weights, training.slow);
  trainer.resumeAt(training);
}

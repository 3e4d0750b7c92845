/** Models from files: our own checkpoints, torchvision's weights, those of the released CALM code. */
import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadKind } from '../../src/model/head.ts';
import type { Model } from '../../src/model/model.ts';
import type { ModelDescription } from '../protocol.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import type { Weights } from '../../src/model/files/weights_file.ts';
import { checkpointMetadata } from '../../src/train/foreign_checkpoint.ts';
import { createModel } from '../../src/model/model.ts';
import { HeadUnknownError, InputError } from './failure.ts';
import { parseCheckpoint } from '../../src/train/checkpoint.ts';
import { readWeights } from '../../src/model/files/open_weights.ts';
import { recogniseModel } from '../../src/model/recognise/recognise.ts';

/** A file of weights as the page has it. */
export interface CheckpointFile {
  readonly file: Blob;
  readonly name: string;
  /** For files that do not say which loss trained their head. */
  readonly head: HeadKind | null;
}

export interface LoadedModel {
  readonly model: Model;
  readonly description: ModelDescription;
}

/** Of networks whose file does not say. */
const USUAL_SIDE = 224;

function fieldOf(info: unknown, key: string): unknown {
  return typeof info === 'object' && info !== null ? Reflect.get(info, key) : undefined;
}

/** Builds the model of a file. Rejects with a CalmError that says what is wrong with it. */
export async function loadModel(engine: Engine, { file, name, head }: CheckpointFile): Promise<LoadedModel> {
  if (file.size === 0) throw new InputError(`${name} is empty.`);
  const weights = await readWeights(file, { name });
  const metadata = checkpointMetadata(weights);
  if (metadata.has('model')) {
    const { configuration, state, info } = parseCheckpoint({ metadata, tensors: weights.tensors });
    const names = fieldOf(info, 'classNames');
    if (Array.isArray(names) && names.length !== configuration.classes)
      throw new InputError(
        `${name} names ${names.length} classes, but its model has ${configuration.classes}: load the file that was saved.`,
      );
    const crop = fieldOf(info, 'crop');
    return {
      model: filledModel(engine, configuration, state),
      description: {
        name,
        architecture: configuration.architecture,
        head: configuration.head.kind,
        classes: configuration.classes,
        classNames: Array.isArray(names) ? names.map(String) : null,
        side: typeof crop === 'number' ? crop : USUAL_SIDE,
      },
    };
  }
  const options = foreignOptions(weights, name, head);
  const model = filledModel(engine, options, weights.tensors);
  const { architecture, classes } = model.configuration;
  return {
    model,
    description: {
      ...{ name, architecture, classes },
      head: model.configuration.head.kind,
      classNames: null,
      side: architecture === 'inception_v3' ? 299 : USUAL_SIDE,
    },
  };
}

function filledModel(engine: Engine, options: ModelOptions, state: Weights['tensors']): Model {
  const model = createModel(engine, options);
  try {
    model.loadStateDict(state);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** The model of weights without our metadata: stride 32 and CAM for torchvision's, stride 16 and the released form for CALM's. */
function foreignOptions({ tensors }: Weights, name: string, head: HeadKind | null): ModelOptions {
  const recognised = recogniseModel(tensors);
  const { trunk, classes, architecture, remarks } = recognised;
  if (recognised.head === 'none' || classes === null || trunk === null)
    throw new InputError(
      `${name} holds no classifier that this page knows: ${[architecture, ...remarks].filter(Boolean).join('; ')}.`,
    );
  const isTorchvision = recognised.head === 'torchvision';
  if (isTorchvision && !trunk.architecture.startsWith('resnet'))
    throw new InputError(
      `${name} is torchvision's ${architecture ?? ''}, whose classifier is no 1×1 convolution: it gives no maps. A ResNet does.`,
    );
  if (!isTorchvision && head === null)
    throw new HeadUnknownError(`${name} does not say which loss trained its head: choose it below.`);
  const known = 'outputStride' in trunk ? trunk.outputStride : undefined;
  return {
    ...trunk,
    outputStride: known ?? (isTorchvision ? 32 : 16),
    head: { kind: isTorchvision ? 'cam' : (head ?? 'cam'), official: !isTorchvision },
    classes,
  } as ModelOptions;
}

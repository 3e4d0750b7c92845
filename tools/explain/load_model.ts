import type { Engine } from '../../src/runtime/engine.ts';
import type { Model } from '../../src/model/model.ts';
import type { ModelChoice } from '../options.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { createModel } from '../../src/model/model.ts';
import { outputStride } from '../options.ts';
import { readCheckpoint } from '../../src/train/checkpoint.node.ts';
import { readSafetensors } from '../../src/model/safetensors.node.ts';

/** A model ready to explain, and what is known beside its weights. */
export interface LoadedModel {
  readonly model: Model;
  /** By label; null where nobody named them. */
  readonly classNames: readonly string[] | null;
  /** Side of the images it was trained on, where the checkpoint says so. */
  readonly crop: number | null;
}

function fieldOf(info: unknown, key: string): unknown {
  return typeof info === 'object' && info !== null ? Reflect.get(info, key) : undefined;
}

/** A model as `calm train` saved it. Throws ArgumentError when the file is no checkpoint. */
export async function loadCheckpoint(engine: Engine, path: string): Promise<LoadedModel> {
  const { configuration, state, info } = await readCheckpoint(path);
  const model = createModel(engine, configuration);
  model.loadStateDict(state);
  const names = fieldOf(info, 'classNames');
  const crop = fieldOf(info, 'crop');
  return {
    model,
    classNames: Array.isArray(names) ? names.map(String) : null,
    crop: typeof crop === 'number' ? crop : null,
  };
}

/**
 * A model from plain PyTorch weights. torchvision's (`fc.*`) need a CAM head, into which `fc` is folded, and have stride 32 unless
 * the options say otherwise; the released CALM code's (`conv_last.*`) have stride 16.
 * @throws ArgumentError when the file holds neither, or does not fit the options
 */
export async function loadWeights(engine: Engine, path: string, choice: ModelChoice): Promise<LoadedModel> {
  const { tensors } = await readSafetensors(path);
  const torchvision = tensors.get('fc.weight');
  const classes = (tensors.get('conv_last.weight') ?? torchvision)?.shape[0];
  if (classes === undefined) {
    throw new ArgumentError(`${path}: neither fc.weight (torchvision) nor conv_last.weight (CALM) is in it`);
  }
  const { architecture, head: kind = 'cam', official = false } = choice;
  if (torchvision !== undefined && kind !== 'cam') {
    throw new ArgumentError(`${path}: weights with a linear classifier (fc), wanted --head cam, got ${kind}`);
  }
  const model = createModel(engine, {
    architecture,
    head: { kind, official },
    classes,
    outputStride: outputStride(choice) ?? (torchvision === undefined ? 16 : 32),
  });
  model.loadStateDict(tensors);
  return { model, classNames: null, crop: null };
}

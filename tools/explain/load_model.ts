import type { Engine } from '../../src/runtime/engine.ts';
import type { ForeignChoice } from '../weights/model_of.ts';
import type { ImagesInfo } from '../training/checkpoint_info.ts';
import type { Model } from '../../src/model/model.ts';
import { checkpointOf, naming } from '../../src/train/checkpoint.node.ts';
import { checkpointMetadata } from '../../src/train/foreign_checkpoint.ts';
import { createModel } from '../../src/model/model.ts';
import { checkChoice, foreignModel } from '../weights/model_of.ts';
import { imagesInfo } from '../training/checkpoint_info.ts';
import { readWeightsFile } from '../../src/model/files/open_weights.node.ts';

/** A model ready to explain, and what is known beside its weights. */
export interface LoadedModel extends ImagesInfo {
  readonly model: Model;
}

/**
 * A model from any file of weights: as `calm train` saved it, or, with the options that say what its tensors do not, of the released CALM
 * code or of torchvision (see `foreignModel`).
 * @param choice what was said about the model; a checkpoint of ours knows it, and must not be told otherwise
 * @throws WeightsFileError when the file cannot be read; ArgumentError when it and the options do not make a model
 */
export async function loadCheckpoint(
  engine: Engine,
  path: string,
  choice: ForeignChoice = {},
): Promise<LoadedModel> {
  const file = await readWeightsFile(path);
  if (!checkpointMetadata(file).has('model')) {
    const model = createModel(engine, foreignModel(path, file.tensors, choice));
    naming(path, () => model.loadStateDict(file.tensors));
    return { model, classNames: null, crop: null };
  }
  const checkpoint = checkpointOf(path, file);
  checkChoice(path, choice, checkpoint.configuration);
  const images = naming(path, () => imagesInfo(checkpoint));
  const model = createModel(engine, checkpoint.configuration);
  naming(path, () => model.loadStateDict(checkpoint.state));
  return { model, ...images };
}

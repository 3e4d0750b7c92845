/** Checkpoints on disk; see checkpoint.ts for what is in them. */
import type { AtomicWriteOptions } from '../runtime/atomic_file.node.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Model } from '../model/model.ts';
import type { Trainer } from './trainer.ts';
import type { Weights } from '../model/files/weights_file.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { checkpointContent, modelContent, parseCheckpoint } from './checkpoint.ts';
import { checkpointMetadata } from './foreign_checkpoint.ts';
import { readWeightsFile } from '../model/files/open_weights.node.ts';
import { WeightsFileError } from '../model/files/error.ts';
import { writeSafetensors } from '../model/safetensors.node.ts';

/** Writes a model to a file, atomically. `info` is any JSON, e.g. class names. */
export async function saveModel(path: string, model: Model, info?: unknown): Promise<void> {
  const { tensors, metadata } = await modelContent(model, info);
  await writeSafetensors(path, tensors, metadata);
}

/**
 * Writes a model and its training state to a file, atomically: an interrupted save leaves the old one whole. With `previous` the old one
 * is kept under that path, for the day when a disk has damaged the new one.
 */
export async function saveCheckpoint(
  path: string,
  trainer: Trainer,
  info?: unknown,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const { tensors, metadata } = await checkpointContent(trainer, info);
  await writeSafetensors(path, tensors, metadata, options);
}

/**
 * Reads either, also as `calm convert` makes a .pth file of it.
 * @throws ArgumentError naming the path when the file is no checkpoint; WeightsFileError when it cannot be read at all
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return checkpointOf(path, await readWeightsFile(path));
}

/**
 * A file of weights that has been read, as a checkpoint.
 * @throws ArgumentError naming the path when it is none
 */
export function checkpointOf(
  path: string,
  file: Pick<Weights, 'metadata' | 'fields' | 'tensors'>,
): Checkpoint {
  return naming(path, () => parseCheckpoint({ metadata: checkpointMetadata(file), tensors: file.tensors }));
}

/** Does something with what is in a file; what is found wrong with that is said under the file's name. */
export function naming<Result>(path: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof WeightsFileError)
      throw new ArgumentError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Files of weights on disk. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OpenFile } from './byte_source.node.ts';
import type { Weights, WeightsFile } from './weights_file.ts';
import { openFile } from './byte_source.node.ts';
import { openShards, openSource } from './open_source.ts';
import { readAll } from './open_weights.ts';
import { WeightsFileError } from './error.ts';

/**
 * Opens safetensors, a file of torch.save in either format, an index of shards, or a folder with an index or with safetensors files.
 * Only the directory is read; `close` it when the tensors have been.
 * @throws WeightsFileError naming the path, the place in it and the reason
 */
export async function openWeightsFile(path: string): Promise<WeightsFile> {
  const folder = (await isFolder(path)) ? await filesOf(path) : null;
  const opened: OpenFile[] = [];
  const openOne = async (file: string): Promise<OpenFile> => {
    const source = await openFile(file);
    opened.push(source);
    return source;
  };
  const close = async (): Promise<void> => {
    for (const file of opened.splice(0)) await file.close();
  };
  const openIn = (parent: string) => (file: string) => openOne(join(parent, file));
  if (folder === null) {
    const source = await openOne(path);
    return openSource({ name: path, source, openShard: openIn(dirname(path)), close });
  }
  if (folder.index === null)
    return openShards({ name: path, files: folder.shards, openShard: openIn(path), close });
  const index = join(path, folder.index);
  return openSource({ name: index, source: await openOne(index), openShard: openIn(path), close });
}

/** Opens as `openWeightsFile` and reads all tensors. Throws as it does. */
export async function readWeightsFile(path: string): Promise<Weights> {
  return readAll(await openWeightsFile(path));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Opening it will say what is wrong.
    return false;
  }
}

/** What a folder has to offer. */
async function filesOf(path: string): Promise<{ index: string | null; shards: string[] }> {
  const files = await readdir(path);
  const indexes = files.filter((file) => file.endsWith('.safetensors.index.json')).toSorted();
  const shards = files.filter((file) => file.endsWith('.safetensors')).toSorted();
  if (indexes.length > 1)
    throw new WeightsFileError(
      `${path}: this folder has ${indexes.length} indexes of shards, name one: ${indexes.join(', ')}`,
    );
  if (files.includes('configuration.json') && shards.length > 0)
    throw new WeightsFileError(
      `${path}: this is the folder of a training run, name one of its files: ${shards.join(', ')}`,
    );
  if (indexes.length === 0 && shards.length === 0)
    throw new WeightsFileError(
      `${path}: this is a folder without .safetensors files; wanted a file of weights, or a folder of shards`,
    );
  return { index: indexes[0] ?? null, shards };
}

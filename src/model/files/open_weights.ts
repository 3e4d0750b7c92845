/** Files of weights in a page: safetensors and torch.save's, told apart by content. */
import type { SafetensorsTensor } from '../safetensors_header.ts';
import type { Weights, WeightsFile } from './weights_file.ts';
import type { WeightsInput } from './byte_source.ts';
import { openSource } from './open_source.ts';
import { sourceOf } from './byte_source.ts';

/** Options of `openWeights`. */
export interface WeightsOptions {
  /** What messages call the file. Default: the name of a File, else 'weights'. */
  readonly name?: string;
  /** For an index of shards (`*.safetensors.index.json`): gets a file that lies beside it. */
  readonly shard?: (file: string) => WeightsInput | Promise<WeightsInput>;
}

/**
 * Opens safetensors (one file, or shards by their index) or a file of torch.save (`.pth`, `.pth.tar`, `.pt`, either format). Only its
 * directory is read; of a Blob, so are tensors by their ranges. Nothing in a file is executed.
 * @throws WeightsFileError naming the file, the place and the reason for anything damaged, hostile or unknown
 */
export async function openWeights(input: WeightsInput, options: WeightsOptions = {}): Promise<WeightsFile> {
  const named = input instanceof Blob && 'name' in input ? String(input.name) : 'weights';
  const { name = named, shard } = options;
  return openSource({
    name,
    source: await sourceOf(input),
    openShard: shard === undefined ? null : async (file) => sourceOf(await shard(file)),
    close: () => Promise.resolve(),
  });
}

/** Opens a file as `openWeights` and reads all of its tensors. Throws as it does. */
export async function readWeights(input: WeightsInput, options: WeightsOptions = {}): Promise<Weights> {
  return readAll(await openWeights(input, options));
}

/** Reads all tensors of an open file and closes it. */
export async function readAll(file: WeightsFile): Promise<Weights> {
  const { name, format, size, metadata, fields, stateKey, strippedModule } = file;
  let tensors: ReadonlyMap<string, SafetensorsTensor>;
  try {
    tensors = await file.read();
  } finally {
    await file.close();
  }
  return { name, format, size, metadata, fields, stateKey, strippedModule, tensors };
}

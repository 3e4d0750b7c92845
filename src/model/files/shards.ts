/** Weights in several safetensors files, as Hugging Face's libraries split them: `*.safetensors.index.json` says which tensor is where. */
import { at, WeightsFileError } from './error.ts';
import { longestHeader, quote } from '../safetensors_header.ts';
import type { ByteSource } from './byte_source.ts';
import type { StoredTensor } from './stored_tensor.ts';

/** Files by the tensors in them. */
export interface ShardIndex {
  readonly metadata: ReadonlyMap<string, string>;
  /** The names of the files, and which tensors each must have. */
  readonly shards: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads an index.
 * @throws WeightsFileError when it is none, or names files elsewhere than beside it
 */
export async function readShardIndex(source: ByteSource): Promise<ShardIndex> {
  if (source.size > longestHeader)
    throw new WeightsFileError(
      `this JSON has ${source.size} bytes, wanted at most ${longestHeader} for an index of shards`,
    );
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await source.read(0, source.size)));
  } catch (cause) {
    throw new WeightsFileError(`this is neither a file of weights nor JSON: ${String(cause)}`, { cause });
  }
  const map: unknown = isRecord(index) ? index['weight_map'] : undefined;
  if (!isRecord(index) || !isRecord(map))
    throw new WeightsFileError("this is JSON, but no index of shards: it has no object 'weight_map'");
  const shards = new Map<string, string[]>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[^/\\:\p{Cc}]+\.safetensors$/u.test(file))
      throw new WeightsFileError(
        `weight_map has ${quote(file)} for tensor ${quote(name)}, wanted a .safetensors file beside the index`,
      );
    const names = shards.get(file) ?? [];
    names.push(name);
    shards.set(file, names);
  }
  if (shards.size === 0) throw new WeightsFileError("its 'weight_map' is empty");
  return { metadata: scalarsOf(index['metadata']), shards };
}

function scalarsOf(metadata: unknown): Map<string, string> {
  const strings = new Map<string, string>();
  for (const [key, value] of Object.entries(isRecord(metadata) ? metadata : {}))
    if (typeof value === 'string' || typeof value === 'number') strings.set(key, String(value));
  return strings;
}

/**
 * Joins the tensors of shards.
 * @throws WeightsFileError when a shard lacks a tensor it must have, or two have the same
 */
export async function joinShards(
  shards: ReadonlyMap<string, readonly string[] | null>,
  open: (file: string) => Promise<ReadonlyMap<string, StoredTensor>>,
): Promise<Map<string, StoredTensor>> {
  const joined = new Map<string, StoredTensor>();
  const from = new Map<string, string>();
  for (const [file, names] of shards) {
    const tensors = await at(`shard ${file}`, () => open(file));
    const missing = names?.find((name) => !tensors.has(name));
    if (missing !== undefined) throw new WeightsFileError(`shard ${file} has no tensor ${quote(missing)}`);
    for (const [name, tensor] of tensors) {
      const other = from.get(name);
      if (other !== undefined)
        throw new WeightsFileError(`tensor ${quote(name)} is in ${other} and in ${file}`);
      from.set(name, file);
      joined.set(name, tensor);
    }
  }
  return joined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

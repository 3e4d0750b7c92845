/** Opens a source of bytes as weights, whatever its format; who has which kind of source is in open_weights.ts and open_weights.node.ts. */
import type { ByteSource } from './byte_source.ts';
import type { OptimizerState, WeightsFile } from './weights_file.ts';
import type { StoredTensor } from './stored_tensor.ts';
import type { TorchFile } from './torch_file.ts';
import { at, WeightsFileError } from './error.ts';
import { checkExpansion, readTensors } from './stored_tensor.ts';
import { dataStart, parseDirectory } from '../safetensors_directory.ts';
import { detectContainer } from './detect.ts';
import { findStateDict } from './torch_root.ts';
import { joinShards, readShardIndex } from './shards.ts';
import { openTorchLegacy } from './torch_legacy.ts';
import { openTorchZip } from './torch_zip.ts';
import { quote } from '../safetensors_header.ts';
import { readTorchOptimizer } from './torch_optimizer.ts';

/** A source, what to call it, and how to get at the shards that an index names. */
export interface NamedSource {
  readonly name: string;
  readonly source: ByteSource;
  /** Of a file beside it; null where there is no such place. */
  readonly openShard: ((file: string) => Promise<ByteSource>) | null;
  readonly close: () => Promise<void>;
}

/** What is read of a file before its tensors are. */
type Contents = Omit<WeightsFile, 'name' | 'tensors' | 'read' | 'close'> & {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
};

/**
 * Reads a file's directory. After an error it is closed.
 * @throws WeightsFileError naming the file, the place in it and the reason
 */
export async function openSource(named: NamedSource): Promise<WeightsFile> {
  const { name, source, close } = named;
  try {
    const contents = await at(name, async () => {
      const opened = await openContents(named);
      checkExpansion(opened.tensors, opened.size);
      return opened;
    });
    return withReaders(name, contents, close);
  } catch (error) {
    await close();
    if (error instanceof RangeError)
      throw new WeightsFileError(`${name}: ${source.size} bytes, too many for this machine's memory`, {
        cause: error,
      });
    throw error;
  }
}

/** Opens safetensors files that lie side by side without an index. */
export async function openShards(
  named: Omit<NamedSource, 'source'> & { readonly files: readonly string[] },
): Promise<WeightsFile> {
  const { name, files, openShard, close } = named;
  try {
    const contents = await at(name, () =>
      shardContents(new Map(files.map((file) => [file, null])), new Map(), openShard),
    );
    return withReaders(name, contents, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function withReaders(name: string, contents: Contents, close: () => Promise<void>): WeightsFile {
  const { tensors, optimizer } = contents;
  return {
    name,
    ...contents,
    optimizer:
      optimizer === null
        ? null
        : { ...optimizer, readMomentum: () => at(name, () => optimizer.readMomentum()) },
    read: (names) =>
      at(name, () => {
        if (names === undefined) return readTensors(tensors);
        const wanted = new Map<string, StoredTensor>();
        for (const wantedName of names) {
          const tensor = tensors.get(wantedName);
          if (tensor === undefined) throw new WeightsFileError(`there is no tensor ${quote(wantedName)}`);
          wanted.set(wantedName, tensor);
        }
        return readTensors(wanted);
      }),
    close,
  };
}

async function openContents({ source, openShard }: NamedSource): Promise<Contents> {
  switch (await detectContainer(source)) {
    case 'zip':
      return torchContents(await openTorchZip(source), source.size);
    case 'pickle':
      return torchContents(await openTorchLegacy(source), source.size);
    case 'index': {
      const { metadata, shards } = await readShardIndex(source);
      return shardContents(shards, metadata, openShard);
    }
    case 'safetensors': {
      const { metadata, tensors } = await openSafetensors(source);
      return { ...PLAIN, format: 'safetensors', size: source.size, metadata, tensors };
    }
  }
}

/** What only PyTorch's formats have. */
const PLAIN = { fields: new Map(), stateKey: null, strippedModule: false, optimizer: null } as const;

async function openSafetensors(source: ByteSource): Promise<Pick<Contents, 'metadata' | 'tensors'>> {
  const start = dataStart(await source.read(0, Math.min(8, source.size)), source.size);
  const { metadata, entries } = parseDirectory(await source.read(8, start), source.size - start);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of entries)
    tensors.set(name, { dtype, shape, strides: null, source, begin: start + begin, end: start + end });
  return { metadata, tensors };
}

async function shardContents(
  shards: ReadonlyMap<string, readonly string[] | null>,
  metadata: ReadonlyMap<string, string>,
  openShard: NamedSource['openShard'],
): Promise<Contents> {
  if (openShard === null)
    throw new WeightsFileError('this is an index of shards, and there is no way to its shards');
  let size = 0;
  const tensors = await joinShards(shards, async (file) => {
    const source = await openShard(file);
    size += source.size;
    return (await openSafetensors(source)).tensors;
  });
  return { ...PLAIN, format: 'safetensors-sharded', size, metadata, tensors };
}

function torchContents(file: TorchFile, size: number): Contents {
  const { format, value, locate } = file;
  const { tensors, optimizer, ...found } = findStateDict(value);
  return {
    ...found,
    format,
    size,
    metadata: new Map(),
    tensors: new Map(Array.from(tensors, ([name, tensor]) => [name, locate(tensor)])),
    optimizer: optimizer === null ? null : optimizerState(readTorchOptimizer(optimizer), file, size),
  };
}

function optimizerState(
  optimizer: ReturnType<typeof readTorchOptimizer>,
  { locate }: TorchFile,
  size: number,
): OptimizerState | null {
  if (optimizer === null) return null;
  const stored = new Map(
    Array.from(optimizer.momentum, ([position, tensor]) => [String(position), locate(tensor)] as const),
  );
  checkExpansion(stored, size);
  const momentum = new Map(Array.from(stored, ([position, tensor]) => [Number(position), tensor] as const));
  return {
    groups: optimizer.groups,
    buffers: optimizer.buffers,
    momentum,
    async readMomentum() {
      const tensors = await readTensors(stored);
      return new Map(Array.from(tensors, ([position, tensor]) => [Number(position), tensor] as const));
    },
  };
}

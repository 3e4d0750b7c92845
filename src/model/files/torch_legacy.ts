/**
 * The older format of torch.save (before PyTorch 1.6, and `_use_new_zipfile_serialization=False`): four pickles in a row (a magic number, a
 * version, facts about the machine, the value), a pickled list of storage keys, then the storages in that order, each after its
 * number of elements.
 */
import type { ByteSource } from './byte_source.ts';
import type { PickleContext, Unpickled } from './pickle.ts';
import type { DeclaredStorage, TorchFile } from './torch_file.ts';
import type { PickleValue } from './pickle_values.ts';
import { describeValue } from './pickle_values.ts';
import { PICKLE_LIMITS, unpickle } from './pickle.ts';
import { PickleTruncatedError } from './pickle_reader.ts';
import { quote } from '../safetensors_header.ts';
import { torchContext } from './torch_file.ts';
import { WeightsFileError } from './error.ts';

const MAGIC = 0x1950_a86a_20f9_469c_fc6cn;
const VERSION = 1001;
const FIRST_READ = 1 << 18;

/**
 * Reads the pickles and where the storages are; numbers only when they are asked for.
 * @throws WeightsFileError naming the byte and the reason
 */
export async function openTorchLegacy(source: ByteSource): Promise<TorchFile> {
  const pickles = new PickleRow(source);
  const nothing: PickleContext = {
    global: () => undefined,
    persistent(id) {
      throw new WeightsFileError(`refers to ${describeValue(id)} where nothing can be referred to`);
    },
  };
  if ((await pickles.next(nothing)) !== MAGIC)
    throw new WeightsFileError(
      'this is a Python pickle, but none of torch.save; wanted a file of torch.save or safetensors',
    );
  const version = await pickles.next(nothing);
  if (version !== VERSION)
    throw new WeightsFileError(`its format has version ${describeValue(version)}, wanted ${VERSION}`);
  const system = await pickles.next(nothing);
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    throw new WeightsFileError('it was written on a big-endian machine, whose files are not read');

  // Read more than once where the first piece of the file did not hold the pickle: what is declared starts anew.
  let declared = new Map<string, DeclaredStorage>();
  const value = await pickles.next(() => {
    declared = new Map();
    return torchContext((storage) => {
      const { key, bytes } = storage;
      if (bytes > source.size)
        throw new WeightsFileError(
          `storage ${quote(key)} should have ${bytes} bytes, the file has ${source.size}`,
        );
      declared.set(key, storage);
    });
  });
  const keys = await pickles.next(nothing);
  if (!Array.isArray(keys)) throw new WeightsFileError(`its list of storages is ${describeValue(keys)}`);
  const places = await findStorages(source, pickles.end, keys, declared);
  return {
    format: 'pytorch-legacy',
    value,
    locate({ storage, dtype, shape, strides, begin, end }) {
      const start = (places.get(storage.key) ?? 0) + storage.begin;
      return { dtype, shape, strides, source, begin: start + begin, end: start + end };
    },
  };
}

/** Pickles one after the other at the beginning of a file; reads on where they are longer than what has been read. */
class PickleRow {
  readonly #source: ByteSource;
  #bytes = new Uint8Array();
  end = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async next(context: PickleContext | (() => PickleContext)): Promise<Unpickled['value']> {
    const { size } = this.#source;
    for (;;) {
      try {
        const made = typeof context === 'function' ? context() : context;
        const { value, end } = unpickle(this.#bytes, made, this.end);
        this.end = end;
        return value;
      } catch (error) {
        const length = this.#bytes.length;
        // Twice as much each time: all of it together at most twice the pickles' length.
        if (
          !(error instanceof PickleTruncatedError) ||
          length === size ||
          length > this.end + PICKLE_LIMITS.bytes
        )
          throw error;
        this.#bytes = new Uint8Array(
          await this.#source.read(0, Math.min(size, Math.max(FIRST_READ, 2 * length))),
        );
      }
    }
  }
}

/** First bytes of the storages. All that tensors refer to must be listed, once, and lie within the file. */
async function findStorages(
  source: ByteSource,
  begin: number,
  keys: readonly PickleValue[],
  declared: ReadonlyMap<string, DeclaredStorage>,
): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  let position = begin;
  for (const key of keys) {
    const storage = typeof key === 'string' ? declared.get(key) : undefined;
    if (typeof key !== 'string' || storage === undefined)
      throw new WeightsFileError(`its list of storages has ${describeValue(key)}, which no tensor refers to`);
    if (places.has(key)) throw new WeightsFileError(`its list of storages has ${quote(key)} twice`);
    places.set(key, position + 8);
    const end = position + 8 + storage.bytes;
    if (end > source.size)
      throw new WeightsFileError(
        `the file is cut off: storage ${quote(key)} ends at byte ${end}, the file at ${source.size}`,
      );
    const count = await source.read(position, position + 8);
    const elements = new DataView(count.buffer, count.byteOffset, 8).getBigUint64(0, true);
    if (elements !== BigInt(storage.elements))
      throw new WeightsFileError(
        `storage ${quote(key)} at byte ${position} has ${elements} elements, wanted ${storage.elements}`,
      );
    position = end;
  }
  const missing = [...declared.keys()].find((key) => !places.has(key));
  if (missing !== undefined) throw new WeightsFileError(`its list of storages lacks ${quote(missing)}`);
  return places;
}

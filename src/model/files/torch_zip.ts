/** The format of torch.save since PyTorch 1.6: a zip archive with data.pkl and one stored entry a storage. */
import type { ByteSource } from './byte_source.ts';
import type { TorchFile } from './torch_file.ts';
import { at, WeightsFileError } from './error.ts';
import { PICKLE_LIMITS, unpickle } from './pickle.ts';
import { quote } from '../safetensors_header.ts';
import { readZip } from './zip.ts';
import { torchContext } from './torch_file.ts';
import type { ZipEntry } from './zip.ts';

/**
 * Reads the directory and the pickle; numbers only when they are asked for.
 * @throws WeightsFileError naming the entry, the byte and the reason
 */
export async function openTorchZip(source: ByteSource): Promise<TorchFile> {
  const entries = await readZip(source);
  const { prefix, pickle } = findPickle(entries);
  await checkByteOrder(entries.get(`${prefix}byteorder`));
  if (pickle.size > PICKLE_LIMITS.bytes)
    throw new WeightsFileError(
      `${pickle.name} has ${pickle.size} bytes, wanted at most ${PICKLE_LIMITS.bytes}`,
    );
  const record = (key: string): ZipEntry => {
    const entry = entries.get(`${prefix}data/${key}`);
    if (entry === undefined) throw new WeightsFileError(`there is no entry ${quote(`${prefix}data/${key}`)}`);
    return entry;
  };
  const context = torchContext(({ key, bytes }) => {
    const { size } = record(key);
    if (size < bytes)
      throw new WeightsFileError(`storage ${quote(key)} should have ${bytes} bytes, its entry has ${size}`);
  });
  const { value } = await at(pickle.name, async () => unpickle(await pickle.read(0, pickle.size), context));
  return {
    format: 'pytorch-zip',
    value,
    locate({ storage, dtype, shape, strides, begin, end }) {
      const start = storage.begin;
      return { dtype, shape, strides, source: record(storage.key), begin: start + begin, end: start + end };
    },
  };
}

/** The archive's one folder is named after the file it was first saved as. */
function findPickle(entries: ReadonlyMap<string, ZipEntry>): { prefix: string; pickle: ZipEntry } {
  const names = [...entries.keys()];
  if (names.some((name) => name.endsWith('/constants.pkl')))
    throw new WeightsFileError(
      'this is a TorchScript archive (torch.jit.save); save the state_dict() with torch.save',
    );
  for (const [name, pickle] of entries) {
    const [folder, file, ...rest] = name.split('/');
    if (rest.length === 0 && file === 'data.pkl') return { prefix: `${folder}/`, pickle };
  }
  if (names.some((name) => name.endsWith('.npy')))
    throw new WeightsFileError('this is an archive of NumPy arrays (.npz), wanted one of torch.save');
  const found = names.length === 0 ? 'it is empty' : `it holds ${quote(names[0])}`;
  throw new WeightsFileError(`this zip archive is none of torch.save: no folder has a data.pkl; ${found}`);
}

async function checkByteOrder(entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined) return;
  const text = entry.size <= 16 ? new TextDecoder().decode(await entry.read(0, entry.size)) : '';
  if (text !== 'little')
    throw new WeightsFileError(
      `${entry.name} says ${quote(text)}, wanted little: big-endian files are not read`,
    );
}

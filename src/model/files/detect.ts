/** Tells formats apart by their first bytes; names and extensions mean nothing (an official `.pth.tar` is a zip archive). */
import type { ByteSource } from './byte_source.ts';
import { WeightsFileError } from './error.ts';

export type Container = 'zip' | 'pickle' | 'safetensors' | 'index';

const TAR_MAGIC = 257;

/** Files that people take for weights, and what to do about it. Text is compared with the file's beginning. */
const OTHER_FILES: readonly (readonly [beginning: string, offset: number, advice: string])[] = [
  [
    'ustar',
    TAR_MAGIC,
    'the tar format of PyTorch 0.1, or a tar archive: load it with PyTorch and save it again',
  ],
  ['\u001f\u008b', 0, 'compressed with gzip: unpack it first'],
  ['BZh', 0, 'compressed with bzip2: unpack it first'],
  ['\u00fd7zXZ', 0, 'compressed with xz: unpack it first'],
  ['\u0089HDF', 0, 'an HDF5 file (of Keras, say)'],
  ['GGUF', 0, 'a GGUF file (of llama.cpp)'],
  ['\u0093NUMPY', 0, 'an array of NumPy'],
  ['version https://git-lfs', 0, 'the pointer of a Git LFS file, not the file: fetch it with git lfs pull'],
  ['<', 0, 'a page of HTML or XML: the download brought no file'],
];

/**
 * What a file is.
 * @throws WeightsFileError saying what it is instead, where that can be told
 */
export async function detectContainer(source: ByteSource): Promise<Container> {
  if (source.size === 0) throw new WeightsFileError('the file is empty');
  const bytes = await source.read(0, Math.min(source.size, TAR_MAGIC + 8));
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  if (text.startsWith('PK\u0003\u0004') || text.startsWith('PK\u0005\u0006')) return 'zip';
  for (const [beginning, offset, advice] of OTHER_FILES)
    if (text.startsWith(beginning, offset)) throw new WeightsFileError(`this is ${advice}`);
  const [first = 0, protocol = 0] = bytes;
  if (first === 0x80 && protocol >= 2 && protocol <= 5) return 'pickle';
  // A safetensors header begins after its length of 8 bytes, of which the upper ones are 0.
  if (/^.{4}\0{4}\s*\{/s.test(text)) return 'safetensors';
  if (/^\s*\{/.test(text)) return 'index';
  throw new WeightsFileError('this is neither safetensors nor a file of torch.save (zip or pickle)');
}

/** Safetensors files on disk. */
import { openFile } from './files/byte_source.node.ts';
import type { AtomicWriteOptions } from '../runtime/atomic_file.node.ts';
import { writeFileAtomically } from '../runtime/atomic_file.node.ts';
import type { SafetensorsFile, SafetensorsTensor } from './safetensors.ts';
import { parseSafetensors, SafetensorsError, serializeSafetensors } from './safetensors.ts';

/**
 * Reads a file into memory and takes it apart.
 * @throws SafetensorsError with the path when the file is not valid; WeightsFileError when it is missing, a folder or must not be read.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path);
  let bytes: Uint8Array;
  try {
    bytes = await file.read(0, file.size);
  } finally {
    await file.close();
  }
  try {
    return parseSafetensors(bytes);
  } catch (error) {
    if (error instanceof SafetensorsError)
      throw new SafetensorsError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Writes a file atomically: whatever happens, `path` holds the whole old or the whole new file.
 * @throws SafetensorsError as `serializeSafetensors`; the file system's error when it cannot be written.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, SafetensorsTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
  options: AtomicWriteOptions = {},
): Promise<void> {
  await writeFileAtomically(path, serializeSafetensors(tensors, metadata), options);
}

/** Files of the disk as sources of bytes. */
import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from './byte_source.ts';
import { openRegularFile } from '../../runtime/regular_file.node.ts';
import { WeightsFileError } from './error.ts';

/** A file that is open until `close`. */
export interface OpenFile extends ByteSource {
  close(): Promise<void>;
}

// read(2) gives at most 2 GiB at a time.
const LONGEST_READ = 1 << 30;

/**
 * Opens a file for reading by ranges.
 * @throws WeightsFileError naming the path and why when it is missing, a folder, or must not be read
 */
export async function openFile(path: string): Promise<OpenFile> {
  const file = await openForReading(path);
  try {
    const { size } = await file.stat();
    return { size, read: (begin, end) => readRange(file, begin, end), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file: a part of its path is no folder',
  EISDIR: 'this is a folder, wanted a file',
  EACCES: 'this file must not be read (no permission)',
  EPERM: 'this file must not be read (no permission)',
};

async function openForReading(path: string): Promise<FileHandle> {
  try {
    return await openRegularFile(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const reason = 'code' in error ? REASONS[String(error.code)] : error.message;
    if (reason === undefined) throw error;
    throw new WeightsFileError(`${path}: ${reason}`, { cause: error });
  }
}

async function readRange(file: FileHandle, begin: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  let filled = 0;
  while (filled < bytes.length) {
    const wanted = Math.min(bytes.length - filled, LONGEST_READ);
    const { bytesRead } = await file.read(bytes, filled, wanted, begin + filled);
    if (bytesRead === 0) throw new WeightsFileError(`file ends at byte ${begin + filled}, wanted ${end}`);
    filled += bytesRead;
  }
  return bytes;
}

/** Files of strangers: a pipe among them would be waited for without an end, and a device read without one. */
import type { FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Opening a pipe would wait for who writes to it. Windows has no such flag. */
const FLAGS = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);

function checkRegular(status: Stats): void {
  if (status.isFile()) return;
  throw new Error(`this is ${status.isDirectory() ? 'a folder' : 'no regular file'}, wanted a file`);
}

/**
 * Opens a file for reading, as symbolic links lead to it, if it is one.
 * @throws the file system's error; Error, without the path, when it is a folder, a pipe, a socket or a device
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS);
  try {
    checkRegular(await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The same at once; gives the file's descriptor. */
export function openRegularFileSync(path: string): number {
  const file = openSync(path, FLAGS);
  try {
    checkRegular(fstatSync(file));
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Reads the whole of it. Throws as `openRegularFile` does. */
export async function readRegularFile(path: string): Promise<Buffer<ArrayBuffer>> {
  const file = await openRegularFile(path);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

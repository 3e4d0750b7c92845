/** Writing a file so that at every moment, power cuts included, there is the whole old one or the whole new one. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where the old file goes. */
export interface AtomicWriteOptions {
  /** Path, in the same folder, that gets the old file instead of its being replaced: there is then a whole file under one of the two names. */
  readonly previous?: string;
}

/**
 * Writes content, or its pieces one after the other, beside the file, waits for the disk, and renames. On any error (a full disk, say)
 * the old file stays as it was, or has become the previous one, and the unfinished one is removed.
 * @throws the file system's error
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string | readonly Uint8Array[],
  { previous }: AtomicWriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.part`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    if (previous !== undefined) await renameIfThere(path, previous);
    await rename(temporary, path);
  } catch (error) {
    // In a folder that has become read-only it stays, and the first error says why.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

async function renameIfThere(path: string, target: string): Promise<void> {
  try {
    await rename(path, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** Makes the new name last; Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

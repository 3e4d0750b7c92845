import { ArgumentError } from '../src/runtime/errors.ts';
import { mkdir } from 'node:fs/promises';

/** Makes the folder of `--out`, unless it is there. Throws ArgumentError where a file is in its way. */
export async function makeOutFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    throw new ArgumentError(`--out: ${path} is no folder, or in none: a file has that name; choose another`, {
      cause: error,
    });
  }
}

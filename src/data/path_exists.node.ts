import { access } from 'node:fs/promises';

/** True if there is a file or folder that may be reached. */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

/** Files that are asked after at a time. */
const AT_A_TIME = 64;

/**
 * SHA-256, in hexadecimal digits, of the sizes of files and the times of their last change, in this order; of a file that is not there, of
 * that. Not of their content: to read a hundred thousand pictures would take longer than much that is kept.
 */
export async function fileDigest(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (let first = 0; first < paths.length; first += AT_A_TIME) {
    const some = paths.slice(first, first + AT_A_TIME).map((path) => stat(path).catch(() => null));
    for (const file of await Promise.all(some)) hash.update(`${file?.size} ${file?.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

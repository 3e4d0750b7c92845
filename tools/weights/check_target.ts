import { ArgumentError } from '../../src/runtime/errors.ts';
import { stat } from 'node:fs/promises';

/**
 * Refuses to write a file that is a folder, or that is the source itself by whatever name.
 * @throws ArgumentError
 */
export async function checkTarget(source: string, target: string): Promise<void> {
  const [from, to] = await Promise.all([source, target].map((path) => stat(path).catch(() => null)));
  if (to?.isDirectory() === true)
    throw new ArgumentError(`${target}: this is a folder, wanted a file to write`);
  if (
    from !== null &&
    from !== undefined &&
    to !== null &&
    to !== undefined &&
    from.dev === to.dev &&
    from.ino === to.ino
  )
    throw new ArgumentError(`${target}: this is the file that is read, wanted another one to write`);
}

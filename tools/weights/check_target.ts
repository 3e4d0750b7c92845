import type { Stats } from 'node:fs';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { dirname, resolve } from 'node:path';
import { readdir, realpath, stat } from 'node:fs/promises';

const INDEX = '.safetensors.index.json';

const look = (path: string): Promise<Stats | null> => stat(path).catch(() => null);
const real = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));

/** Whether a safetensors file would be one of a source's shards: it is there beside them, or all that are there are read. */
async function isAmongShards(source: string, from: Stats | null, target: string, to: Stats | null) {
  const isFolder = from?.isDirectory() === true;
  if (!target.endsWith('.safetensors') || !(isFolder || source.endsWith(INDEX))) return false;
  const folder = isFolder ? source : dirname(source);
  if ((await real(folder)) !== (await real(dirname(target)))) return false;
  return to !== null || !(await readdir(folder)).some((name) => name.endsWith(INDEX));
}

/**
 * Refuses to write a file that is a folder, that is the source itself by whatever name, or that is, or would become, one of its shards.
 * @throws ArgumentError
 */
export async function checkTarget(source: string, target: string): Promise<void> {
  const [from, to] = await Promise.all([look(source), look(target)]);
  if (to?.isDirectory() === true)
    throw new ArgumentError(`${target}: this is a folder, wanted a file to write`);
  if (from !== null && to !== null && from.dev === to.dev && from.ino === to.ino)
    throw new ArgumentError(`${target}: this is the file that is read, wanted another one to write`);
  if (await isAmongShards(source, from, target, to))
    throw new ArgumentError(
      `${target}: this is among the shards that are read, wanted another file to write`,
    );
}

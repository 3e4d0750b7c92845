import { basename, dirname, extname } from 'node:path';
import { hashFile } from './result_store.ts';

/** A file with a model, and what it is called in tables and files. */
export interface CheckpointFile {
  readonly path: string;
  readonly name: string;
  /** Of its content. */
  readonly hash: string;
}

/** Calls each file by its name, or, where several are called the same, by its folder too, or at last by a number. */
export async function nameCheckpoints(paths: readonly string[]): Promise<CheckpointFile[]> {
  const stem = (path: string): string => basename(path, extname(path));
  const taken = new Set<string>();
  const named: CheckpointFile[] = [];
  for (const path of paths) {
    const alone = paths.filter((other) => stem(other) === stem(path)).length === 1;
    const base = alone ? stem(path) : `${basename(dirname(path))}-${stem(path)}`;
    let name = base;
    for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
    taken.add(name);
    named.push({ path, name, hash: await hashFile(path) });
  }
  return named;
}

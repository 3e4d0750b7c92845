import { ArgumentError } from '../../src/runtime/errors.ts';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

/** SHA-256, in hexadecimal digits, of the JSON of a value. */
export function keyOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** SHA-256 of a file's content. Throws ArgumentError for a folder. */
export async function hashFile(path: string): Promise<string> {
  if ((await stat(path)).isDirectory())
    throw new ArgumentError(
      `${path}: this is a folder, wanted a file of weights (of shards calm convert makes one)`,
    );
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Uint8Array);
  return hash.digest('hex');
}

/**
 * Results that were computed before, a JSON file each. A file carries the key of all that its result depends on, and counts only for the
 * same key: what is changed is measured again, what is not is never measured twice. It carries a checksum too: a file that was damaged or
 * edited does not count.
 */
export class ResultStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The result of that name, or null where there is none of that key. */
  async find(name: string, key: string): Promise<unknown> {
    let text;
    try {
      text = await readFile(this.#path(name), 'utf8');
    } catch {
      return null;
    }
    try {
      const stored = JSON.parse(text) as { readonly [name in 'key' | 'result' | 'sha256']?: unknown };
      const { result = null } = stored;
      return stored.key === key && stored.sha256 === keyOf([key, result]) ? result : null;
    } catch {
      // Not ours, or damaged: measure again and overwrite.
      return null;
    }
  }

  /** Keeps a result, all or nothing. What is not a number is kept as null, as JSON has it. */
  async keep(name: string, key: string, result: unknown): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    // As it will be read: the checksum is that of its JSON.
    const sha256 = keyOf([key, result ?? null]);
    await writeFileAtomically(this.#path(name), `${JSON.stringify({ key, result, sha256 })}\n`);
  }

  #path(name: string): string {
    return join(this.folder, `${name}.json`);
  }
}

/** A folder for the files that a thread of the fuzzer writes; whoever started the thread has made it, and removes it. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const SCRATCH = 'CALM_FUZZ_SCRATCH';

/** An empty folder in it. */
export function scratchFolder(name: string): string {
  const folder = join(process.env[SCRATCH] ?? '', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

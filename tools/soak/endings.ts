/** How a process may end, and a process that ends so. */
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

interface Ending {
  readonly name: string;
  /** What the process must end with: a code, or the signal that it was sent. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const ends = (name: string, code: number): Ending => ({ name, code, signal: null });

/** Every way; the second half of the names says what the GPU does at that time. */
export const ENDINGS: readonly Ending[] = [
  ends('end', 0),
  ends('end, engine left', 0),
  ends('end, engine destroyed computing', 0),
  ends('end, device destroyed computing', 0),
  ends('end, tensors collected', 0),
  ends('exit, computing', 3),
  ends('exit, compiling', 3),
  ends('exit, compiling ahead', 3),
  ends('exit, device lost', 3),
  ends('throw, computing', 1),
  ends('rejection, computing', 1),
  { name: 'SIGINT, computing', code: null, signal: 'SIGINT' },
  { name: 'SIGTERM, computing', code: null, signal: 'SIGTERM' },
  ends('workers, done', 0),
];

/** What an ending process did. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
  readonly output: string;
}

/** Runs a process that ends in a way of `ENDINGS`; one that hangs is killed after a minute. */
export function endProcess(name: string): Promise<Ended> {
  const begin = performance.now();
  // The driver keeps what it compiled: with its usual cache only the first process of all would compile.
  const cache = mkdtempSync(join(tmpdir(), 'calm-ending-'));
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'ending_child.ts'), name], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(name.includes('compiling') && { MESA_SHADER_CACHE_DIR: cache }) },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.on('data', (text) => (output += String(text)));
  child.stderr.on('data', (text) => (output += String(text)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      rmSync(cache, { recursive: true, force: true });
      resolve({ code, signal, seconds: (performance.now() - begin) / 1000, output });
    });
  });
}

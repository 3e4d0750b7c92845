import { join } from 'node:path';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

const program = join(import.meta.dirname, '../../tools/calm.ts');

/** What a command left behind. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Starts the command line in a process of its own, on the adapter that the tests run on. */
export function startCalm(...parameters: readonly string[]): {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [program, ...parameters]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<Ended>((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      // A crash has no code; without this line it would look like a command that said nothing.
      if (signal !== null) errors += `ended by ${signal}`;
      settle({ code, output, errors });
    });
  });
  return { child, ended };
}

/** Runs the command line to its end. */
export function calm(...parameters: readonly string[]): Promise<Ended> {
  return startCalm(...parameters).ended;
}

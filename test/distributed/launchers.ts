/** Jobs of several processes for tests: with every MPI that this machine has, else skipped by name. */
import { spawn, spawnSync } from 'node:child_process';
import { describe } from 'vitest';
import { resolve } from 'node:path';

export interface MpiLauncher {
  readonly name: string;
  readonly command: string;
  readonly options: readonly string[];
  /** Package of Debian that brings it. */
  readonly packages: string;
}

const LAUNCHERS: readonly MpiLauncher[] = [
  { name: 'MPICH', command: 'mpiexec.mpich', options: [], packages: 'mpich' },
  {
    name: 'Open MPI',
    command: 'mpirun.openmpi',
    // CI runs as root, on as few cores as there are.
    options: ['--allow-run-as-root', '--oversubscribe'],
    packages: 'openmpi-bin',
  },
];

const isInstalled = ({ command }: MpiLauncher): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

/** Describes tests for each launcher, one launcher after the other unless `concurrent`; where it is not installed they are skipped and say so. */
export function describeMpi(
  name: string,
  tests: (launcher: MpiLauncher) => void,
  { concurrent = false }: { readonly concurrent?: boolean } = {},
): void {
  for (const launcher of LAUNCHERS) {
    const isThere = isInstalled(launcher);
    const title = `${name}, ${launcher.name}`;
    const why = ` (skipped: ${launcher.command} is not installed; Debian: ${launcher.packages})`;
    describe(isThere ? title : title + why, { concurrent, skip: !isThere }, () => tests(launcher));
  }
}

/** What a job left. */
export interface JobResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** A job that runs. */
export interface Job {
  readonly result: Promise<JobResult>;
  /** What it has written so far on both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `ranks` processes of a TypeScript file of this folder, or of another by its absolute path. */
export function startRanks(
  { command, options }: MpiLauncher,
  ranks: number,
  script: string,
  values: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Job {
  const start = performance.now();
  const file = resolve(import.meta.dirname, script);
  const child = spawn(command, [...options, '-n', String(ranks), process.execPath, file, ...values], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const result = new Promise<JobResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout, stderr, seconds: (performance.now() - start) / 1000 }),
    );
  });
  return { result, output: () => stdout + stderr, kill: (signal) => void child.kill(signal) };
}

/** The same, waited for; lines of JSON that ranks printed, by rank. Throws what the job wrote when it failed. */
export async function runRanks<Report extends { readonly rank: number }>(
  launcher: MpiLauncher,
  ranks: number,
  script: string,
  values: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Report[]> {
  const { code, stdout, stderr } = await startRanks(launcher, ranks, script, values, environment).result;
  if (code !== 0) throw new Error(`${launcher.name} ended with ${code}\n${stdout}\n${stderr}`);
  const reports = stdout.split('\n').filter((line) => line.startsWith('{'));
  return reports.map((line) => JSON.parse(line) as Report).toSorted((a, b) => a.rank - b.rank);
}

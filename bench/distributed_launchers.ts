/** The MPI launchers of this machine, and how benchmarks start two ranks with them, each pinned to a core of its own. */
import { execFileSync, spawnSync } from 'node:child_process';

interface Launcher {
  readonly name: string;
  readonly command: readonly string[];
  /** Variable with a process's rank. */
  readonly rank: string;
}

export const LAUNCHERS: readonly Launcher[] = [
  { name: 'MPICH', command: ['mpiexec.mpich', '-bind-to', 'none'], rank: 'PMI_RANK' },
  {
    name: 'Open MPI',
    command: ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'],
    rank: 'OMPI_COMM_WORLD_RANK',
  },
].filter(({ command }) => spawnSync(command[0] ?? '', ['--version']).status === 0);

/** Runs a script by itself, or with a launcher of this name on two ranks; the lines of JSON that they print. */
export function runPinned<Report>(
  launcher: string | null,
  script: string,
  values: readonly (string | number)[],
): Report[] {
  const node = [process.execPath, script, ...values].map((value) => `'${value}'`).join(' ');
  const { command = [], rank = 'NO_RANK' } = LAUNCHERS.find(({ name }) => name === launcher) ?? {};
  const [program = 'sh', ...given] = command.length === 0 ? [] : [...command, '-n', '2', 'sh'];
  const output = execFileSync(program, [...given, '-c', `exec taskset -c "\${${rank}:-0}" ${node}`], {
    encoding: 'utf8',
    // A software adapter's own threads: one, as there is one core.
    env: { ...process.env, LP_NUM_THREADS: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Report);
}

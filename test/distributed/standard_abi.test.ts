/**
 * The standard ABI of MPI 5, of which no package of Debian 12 has a library: against one that is compiled here, standard_abi.c. It takes the standard's handles and
 * constants and no others, and does its work by MPICH's.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { runRanks, startRanks } from './launchers.ts';
import { fingerprintOf, hostileNumbers } from './hostile_numbers.ts';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

const MPICH = { name: 'MPICH', command: 'mpiexec.mpich', options: [], packages: 'mpich' };
const missing = ['cc', MPICH.command].filter(
  (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status !== 0,
);
const why = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not installed)`;

describe.skipIf(missing.length > 0)(`a library of the standard ABI${why}`, () => {
  let folder = '';
  let library = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'calm-abi-'));
    library = join(folder, 'libmpi_abi.so');
    const source = join(import.meta.dirname, 'standard_abi.c');
    const values = ['-Wall', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl'];
    const { stderr, status } = spawnSync('cc', values, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => rm(folder, { recursive: true }));

  interface Report {
    readonly rank: number;
    readonly description: string;
    readonly large: number;
    readonly gathered: readonly (readonly number[])[];
    readonly said: string;
  }

  test('every call of two ranks', async () => {
    const reports = await runRanks<Report>(MPICH, 2, 'communicator_rank.ts', [], { CALM_MPI: library });
    const [first, second] = [0, 1].map((rank) => hostileNumbers(rank, 100_003));
    const sum = first?.map((value, index) => value + (second?.[index] ?? Number.NaN));
    expect(reports).toHaveLength(2);
    for (const report of reports)
      expect(report).toMatchObject({
        description: expect.stringMatching(/^MPICH \S+ through the standard ABI/) as string,
        large: fingerprintOf(sum ?? new Float32Array()),
        gathered: [
          [1, 1, 1],
          [70_001, 2, 2],
        ],
        said: 'rank 1 speaks',
      });
  });

  test('a rank that does not come is asked, and answers', async () => {
    const environment = { CALM_MPI: library };
    const { code, stderr } = await startRanks(MPICH, 2, 'hanging_rank.ts', ['late', '1'], environment).result;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/calm: rank 1 on \S+ has come to exchange \d+ only/);
  });
});

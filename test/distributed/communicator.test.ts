import { alone, gatherJson, orderedSum, shareOf } from '../../src/distributed/communicator.ts';
import { expect, test } from 'vitest';
import { describeMpi, runRanks, startRanks } from './launchers.ts';
import { fingerprintOf, hostileNumbers } from './hostile_numbers.ts';

interface Report {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly hosts: number;
  readonly description: string;
  readonly small: number;
  readonly large: number;
  readonly tiny: readonly number[];
  readonly gathered: readonly (readonly number[])[];
  readonly said: string;
}

/** The sum that the interface promises: float64, in the order of the ranks, rounded once. */
function promisedSum(ranks: number, length: number): Float32Array {
  const all = Array.from({ length: ranks }, (_, rank) => hostileNumbers(rank, length));
  return Float32Array.from({ length }, (_, index) => {
    let sum = 0;
    for (const values of all) sum += values[index] ?? 0;
    return sum;
  });
}

describeMpi('communicator', (launcher) => {
  test.each([2, 3])('every call on %i ranks', async (ranks) => {
    const reports = await runRanks<Report>(launcher, ranks, 'communicator_rank.ts');
    expect(reports.map(({ rank }) => rank)).toEqual(Array.from({ length: ranks }, (_, rank) => rank));
    for (const report of reports) {
      expect(report).toMatchObject({
        size: ranks,
        localRank: report.rank,
        hosts: ranks,
        tiny: [(ranks * (ranks + 1)) / 2],
        // 1,000 floats go to everybody, 100,003 are shared out with padding: to the same bits as the plain loop.
        small: fingerprintOf(promisedSum(ranks, 1000)),
        large: fingerprintOf(promisedSum(ranks, 100_003)),
        gathered: Array.from({ length: ranks }, (_, rank) => [rank * 70_000 + 1, rank + 1, rank + 1]),
        said: `rank ${ranks - 1} speaks`,
      });
      expect(report.description).toContain(launcher.name);
    }
  });

  test('the library of the other family is named as what does not fit', async () => {
    const other = launcher.name === 'MPICH' ? 'libmpi.so.40' : 'libmpich.so.12';
    const job = startRanks(launcher, 2, 'communicator_rank.ts', [], { CALM_MPI: other });
    const { code, stderr } = await job.result;
    expect(code).not.toBe(0);
    // Where only one family is installed, the other cannot be loaded, which is said too.
    expect(stderr).toMatch(/launcher and library do not belong together|cannot be loaded/);
  });

  test('CALM_MPI=none keeps every process to itself', async () => {
    const reports = await runRanks<Report>(launcher, 2, 'communicator_rank.ts', [], { CALM_MPI: 'none' });
    expect(reports.map(({ rank, size }) => [rank, size])).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
});

test('one process alone gives what it was given, copied', async () => {
  const values = Float32Array.of(1, 2);
  const sum = await alone.allReduce(values);
  expect([...sum]).toEqual([1, 2]);
  sum[0] = 9;
  expect(values[0]).toBe(1);
  expect(await gatherJson(alone, { a: 1 })).toEqual([{ a: 1 }]);
});

test('a sum is rounded once', () => {
  // In float32 steps 1e8 + 1 is 1e8: the second and third parts' ones would be lost.
  const parts = [Float32Array.of(1e8, 3), Float32Array.of(1, 4), Float32Array.of(-1e8, 5)];
  expect([...orderedSum(parts)]).toEqual([1, 12]);
  // Into one of the parts: it is read before it is written.
  expect([...orderedSum(parts, parts[1])]).toEqual([1, 12]);
});

test('shares are in order, without gaps, and differ by one at most', () => {
  for (const [count, size] of [
    [10, 4],
    [3, 3],
    [7, 2],
    [64, 8],
  ] as const) {
    const shares = Array.from({ length: size }, (_, rank) => shareOf(count, { rank, size }));
    expect(shares[0]?.first).toBe(0);
    expect(shares.at(-1)?.end).toBe(count);
    for (const [rank, { first }] of shares.entries()) if (rank > 0) expect(first).toBe(shares[rank - 1]?.end);
    const lengths = shares.map(({ first, end }) => end - first);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
  }
});

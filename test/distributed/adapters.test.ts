import { expect, test } from 'vitest';
import { engineOptionsOf } from '../../tools/job.ts';
import { alone } from '../../src/distributed/communicator.ts';

test('ranks of a host take its adapters in turn, beginning again at the end', () => {
  const hosts = ['a', 'b', 'b', 'b', 'b'];
  const of = (adapter: string | undefined): (string | undefined)[] =>
    [0, 1, 2, 3].map(
      (localRank) => engineOptionsOf(adapter, { ...alone, rank: localRank + 1, localRank, hosts }).adapter,
    );
  expect(of('nvidia, amd,intel')).toEqual(['nvidia', 'amd', 'intel', 'nvidia']);
  expect(of('swiftshader')).toEqual(Array(4).fill('swiftshader'));
  expect(of(undefined)).toEqual(Array(4).fill(undefined));
});

test('ranks share the memory of their own host', () => {
  const hosts = ['a', 'b', 'a', 'c', 'a'];
  const shares = hosts.map((_, rank) => engineOptionsOf(undefined, { ...alone, rank, hosts }).processes);
  expect(shares).toEqual([3, 1, 3, 1, 3]);
  expect(engineOptionsOf(undefined, alone).processes).toBe(1);
});

import { expect, test } from 'vitest';
import { adapterOf } from '../../tools/job.ts';
import { alone } from '../../src/distributed/communicator.ts';

test('ranks of a host take its adapters in turn, beginning again at the end', () => {
  const of = (adapter: string | undefined): (string | undefined)[] =>
    [0, 1, 2, 3].map((localRank) => adapterOf(adapter, { ...alone, rank: localRank + 8, localRank }));
  expect(of('nvidia, amd,intel')).toEqual(['nvidia', 'amd', 'intel', 'nvidia']);
  expect(of('swiftshader')).toEqual(Array(4).fill('swiftshader'));
  expect(of(undefined)).toEqual(Array(4).fill(undefined));
});

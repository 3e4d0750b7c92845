import { expect, test } from 'vitest';
import { cueClassPairs } from '../../src/eval/cub_trait.ts';
import { readCubAnnotations } from '../../src/data/cub.node.ts';

const folder = process.env['CUB_200_2011'];

// The data set may not be copied, so whoever has it names its folder.
test.skipIf(folder === undefined)(
  'the annotations of CUB-200-2011 give the 191 pairs of the paper (needs the folder in CUB_200_2011)',
  async () => {
    const pairs = cueClassPairs(await readCubAnnotations(folder ?? ''));
    const counts = [1, 2, 3].map(
      (count) => pairs.filter(({ differingParts }) => differingParts.length === count).length,
    );
    expect(counts).toEqual([31, 64, 96]);
  },
);

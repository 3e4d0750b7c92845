/** What training.test.ts runs where ranks do not see the same files: `calm` with the arguments, but the last rank finds its run in the folder OUT-elsewhere. */
import { launchedRank } from '../../src/distributed/launcher.node.ts';

const place = launchedRank(process.env);
if (place !== null && place.rank === place.size - 1)
  process.argv = process.argv.map((value, index, all) =>
    all[index - 1] === '--out' ? `${value}-elsewhere` : value,
  );
await import('../../tools/calm.ts');

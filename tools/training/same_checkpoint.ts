import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { Communicator } from '../../src/distributed/communicator.ts';
import { CalmError } from '../../src/runtime/errors.ts';
import { gatherJson } from '../../src/distributed/communicator.ts';

/**
 * Compares what the ranks of a job have read: one that cannot read the last checkpoint would go on from the one before, alone. None
 * goes on, nor changes the folder, before all have read.
 * @throws CalmError on every rank, naming those that differ from rank 0
 */
export async function checkSameCheckpoint(
  communicator: Communicator,
  checkpoint: Checkpoint | null,
): Promise<void> {
  const steps = checkpoint?.training?.steps ?? 0;
  const own =
    checkpoint === null ? 'no checkpoint' : `step ${steps} (${checkpoint.checksum ?? 'no checksum'})`;
  const all = await gatherJson(communicator, own);
  const [first = own] = all;
  const others = all.flatMap((found, rank) => {
    const host = communicator.hosts[rank] ?? 'an unknown host';
    return found === first ? [] : [`rank ${rank} on ${host} reads ${found}`];
  });
  if (others.length === 0) return;
  throw new CalmError(
    `--resume: rank 0 reads ${first}, but ${others.join(', ')}: the ranks do not see the same files, or some cannot read ` +
      'last.safetensors; mend that and resume again (nothing has been changed)',
  );
}

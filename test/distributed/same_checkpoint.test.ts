import type { Checkpoint } from '../../src/train/checkpoint.ts';
import { CalmError } from '../../src/runtime/errors.ts';
import { checkSameCheckpoint } from '../../tools/training/same_checkpoint.ts';
import { connectInProcess } from './in_process.ts';
import { expect, test } from 'vitest';

const at = (steps: number, checksum = `crc32:${steps}`): Checkpoint => ({
  configuration: {
    architecture: 'resnet50',
    classes: 2,
    head: 'cam',
  } as unknown as Checkpoint['configuration'],
  state: new Map(),
  training: { epochsDone: 1, steps, progress: null, velocities: new Map(), slow: null },
  info: null,
  checksum,
});

const outcome = (checkpoints: readonly (Checkpoint | null)[]) =>
  Promise.allSettled(
    connectInProcess(checkpoints.length).map((communicator, rank) =>
      checkSameCheckpoint(communicator, checkpoints[rank] ?? null),
    ),
  );

test('ranks that read the same checkpoint, or none, go on', async () => {
  for (const found of [at(20), null]) {
    const settled = await outcome([found, found, found]);
    expect(settled.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
  }
});

test('ranks that read another checkpoint are named on every rank', async () => {
  const settled = await outcome([at(20), at(10), at(20), at(20, 'crc32:other'), null]);
  for (const { status, reason } of settled as PromiseRejectedResult[]) {
    expect(status).toBe('rejected');
    expect(reason).toBeInstanceOf(CalmError);
    expect(String(reason)).toContain(
      'rank 0 reads step 20 (crc32:20), but rank 1 on here reads step 10 (crc32:10), ' +
        'rank 3 on here reads step 20 (crc32:other), rank 4 on here reads no checkpoint: ',
    );
  }
});

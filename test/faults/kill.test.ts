import { afterAll, beforeAll, expect, test } from 'vitest';
import { FAULTS, RunKiller } from './killed_runs.ts';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const SEED = 1;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'calm-kill-'));
});
afterAll(() => rm(root, { recursive: true }));

// More of them: node test/faults/kill.ts --kills 100
test(`ended badly in every way (seed ${SEED}), runs are carried on to the same bits, lines and curves`, async () => {
  const { faults, wrong } = await new RunKiller(root, SEED).run(FAULTS.length + 2);
  expect(wrong).toEqual([]);
  expect(Object.keys(faults).toSorted()).toEqual([...FAULTS].toSorted());
});

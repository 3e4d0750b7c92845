import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { MemorySample } from '../../tools/soak/memory_growth.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { explainLong, trainLong } from '../../tools/soak/memory_growth.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const COUNT = 240;
const EVERY = 40;

/**
 * Nothing may grow from the third sample on. The GPU's ledger and the bind groups are exact: they find every forgotten tensor. The heap's noise
 * is nearly a hundred KiB over so few repetitions (caches of compiled code), so that it shows only what holds on to 2 KiB and more each: a
 * batch, an array of results, a recorded step. tools/soak/leaks.ts finds less in a longer run.
 */
function expectFlat(samples: readonly MemorySample[], repeated: string): void {
  expect(samples).toHaveLength(COUNT / EVERY);
  const [, , first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('too few samples');
  for (const { used, free, bindGroups } of samples.slice(2))
    expect({ used, free, bindGroups }, repeated).toEqual({
      used: first.used,
      free: first.free,
      bindGroups: first.bindGroups,
    });
  expect(last.heap - first.heap, `heap, ${repeated}`).toBeLessThan(2 * 1024 * (COUNT / 2));
  // In so short a run it still grows in jumps, when V8 or the allocator takes more room; tools/soak/leaks.ts shows that it ends.
  expect(last.resident - first.resident, `resident set, ${repeated}`).toBeLessThan(64 * 2 ** 20);
}

test('training steps that are replayed leave nothing behind', async () => {
  expectFlat(await trainLong(engine, { steps: COUNT, every: EVERY, capture: true }), 'replayed');
});

test('training steps that are recorded anew leave nothing behind', async () => {
  expectFlat(await trainLong(engine, { steps: COUNT, every: EVERY, capture: false }), 'anew');
});

test('explanations leave nothing behind', async () => {
  expectFlat(await explainLong(engine, { count: COUNT, every: EVERY }), 'explanations');
});

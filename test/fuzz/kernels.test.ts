import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allOperations } from '../faults/kernel_cases.ts';
import { classifierOps } from './kernels/classifiers.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { elementOps } from './kernels/elements.ts';
import { keepKernelRow } from './results.ts';
import { windowOps } from './kernels/windows.ts';

const OPS = [...windowOps, ...elementOps, ...classifierOps];
/** Cases of all operations together, from which of each on, the seed, and a file to keep the outcome in. */
const COUNT = Math.ceil(Number(process.env['CALM_FUZZ_CASES'] ?? 4 * OPS.length) / OPS.length);
const FIRST = Number(process.env['CALM_FUZZ_FIRST'] ?? 0);
const SEED = Number(process.env['CALM_FUZZ_SEED'] ?? 1);
const RESULTS = process.env['CALM_FUZZ_JSON'];

describe(`random shapes, windows, options and labels (seed ${SEED}) give what the float64 references give:`, () => {
  let engine: Engine;
  const failed: string[] = [];
  let cases = 0;
  const start = performance.now();
  beforeAll(async () => {
    engine = await createEngine({ guardMemory: true });
  });
  afterAll(async () => {
    const { adapter } = engine;
    engine.destroy();
    if (RESULTS === undefined) return;
    await keepKernelRow(RESULTS, {
      ...{ adapter: `${adapter.name}; ${adapter.driver}`, seed: SEED, date: new Date().toISOString() },
      ...{ operations: OPS.length, cases, seconds: (performance.now() - start) / 1000, failed },
    });
  });

  test('every operation is among them', async () => {
    const names = (await allOperations()).map(({ name }) => name);
    // A chain of others, kept to compare the fused head with.
    const fuzzed = new Set([...OPS.map(({ name }) => name), 'unfusedJointHead']);
    expect(names.filter((name) => !fuzzed.has(name))).toEqual([]);
  });

  test.each(OPS.map((op) => [op.name, op] as const))(
    `${COUNT} cases of %s`,
    async (_, op) => {
      const messages: string[] = [];
      for (let index = FIRST; index < FIRST + COUNT; index += 1, cases += 1)
        await op.check(engine, SEED, index).catch((error: unknown) => messages.push(String(error)));
      failed.push(...messages);
      expect(messages).toEqual([]);
    },
    Math.max(180_000, COUNT * 3000),
  );
});

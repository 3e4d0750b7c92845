import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { classifierOps } from './kernels/classifiers.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { elementOps } from './kernels/elements.ts';
import { windowOps } from './kernels/windows.ts';

const OPS = [...windowOps, ...elementOps, ...classifierOps];
/** Cases of all operations together, from which of each on, and the seed. */
const COUNT = Math.ceil(Number(process.env['CALM_FUZZ_CASES'] ?? 4 * OPS.length) / OPS.length);
const FIRST = Number(process.env['CALM_FUZZ_FIRST'] ?? 0);
const SEED = Number(process.env['CALM_FUZZ_SEED'] ?? 1);

describe(`random shapes, windows, options and labels (seed ${SEED}) give what the float64 references give:`, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ guardMemory: true });
  });
  afterAll(() => engine.destroy());

  test.each(OPS.map((op) => [op.name, op] as const))(
    `${COUNT} cases of %s`,
    async (_, op) => {
      for (let index = FIRST; index < FIRST + COUNT; index += 1) await op.check(engine, SEED, index);
    },
    Math.max(180_000, COUNT * 3000),
  );
});

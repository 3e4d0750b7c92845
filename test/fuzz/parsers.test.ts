import { afterAll, describe, expect, test } from 'vitest';
import { Fuzzer } from './fuzzer.ts';
import { TARGETS } from './targets.ts';

/** Inputs for each parser, from which on, and the seed. Without them a portion that takes a second or two each. */
const COUNT = process.env['CALM_FUZZ'];
const FIRST = Number(process.env['CALM_FUZZ_FIRST'] ?? 0);
const SEED = Number(process.env['CALM_FUZZ_SEED'] ?? 1);

const fuzzer = new Fuzzer();
afterAll(() => fuzzer.end());

describe(`hostile files (seed ${SEED}) are read or refused with one clear error, in bounded time and memory:`, () => {
  test.each(TARGETS.map(({ name, inputs }) => [name, inputs] as const))(
    '%s',
    async (target, inputs) => {
      const count = Number(COUNT ?? inputs);
      const report = await fuzzer.fuzz({ target, seed: SEED, first: FIRST, count });
      const { read, refused, seconds, slowest, largest } = report;
      if (COUNT !== undefined)
        console.log(
          `${target}: ${count} inputs from ${FIRST} in ${seconds.toFixed(1)} s, ${read} read, ${refused} refused; ` +
            `slowest ${slowest.milliseconds.toFixed(0)} ms (${slowest.index}), memory at most ${(100 * largest.share).toFixed(0)} % of allowed (${largest.index})`,
        );
      // A fuzzer whose every input fails at the first byte, or at none, tests nothing behind it.
      if (count >= 100) expect(Math.min(read, refused)).toBeGreaterThan(count / 100);
    },
    Math.max(120_000, Number(COUNT ?? 0) * 60),
  );
});

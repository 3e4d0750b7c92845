import { expect, test } from 'vitest';
import { CheckedTape } from '../../src/train/checked_tape.ts';
import { concatChannels } from '../../src/kernels/concat/concat.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';

test('what earlier work left in memory is not taken for an output that is written in several launches', async () => {
  const engine = await createEngine();
  try {
    const tape = new CheckedTape(engine);
    const parts = [1, 2].map((value) =>
      engine.tensor(new Float32Array(2 * 5 * 5 * 8).fill(value), [2, 5, 5, 8]),
    );
    // All bits set are a NaN: what white pixels leave behind.
    engine.tensor(new Uint32Array(2 * 5 * 5 * 16).fill(0xffff_ffff), [2 * 5 * 5 * 16]).dispose();
    const joined = concatChannels(tape, parts);
    expect((await engine.read(joined)).every(Number.isFinite)).toBe(true);
    expect(await tape.firstNonFinite()).toBeNull();
    tape.end();
    for (const part of parts) part.dispose();
  } finally {
    engine.destroy();
  }
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { lowerQuantile, normalDraw } from '../../src/kernels/image_copies/reference.ts';
import { noisyCopies, pathCopies } from '../../src/kernels/image_copies/image_copies.ts';
import { noisyCopiesCases, pathCopiesCases } from '../../src/kernels/image_copies/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(noisyCopiesCases);
describeOp(pathCopiesCases);

describe('the draws are standard normal', () => {
  const COUNT = 50_000;
  const draws = (seed: number, copy: number): number[] =>
    Array.from({ length: COUNT }, (_, i) => normalDraw(seed, copy, i));
  const correlation = (a: readonly number[], b: readonly number[], shift = 0): number =>
    a.slice(shift).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0) / COUNT;
  // Five standard deviations of a mean of COUNT independent numbers of variance 1.
  const allowed = 5 / Math.sqrt(COUNT);

  test('quantiles are those of tables', () => {
    // Of Python's statistics.NormalDist; the algorithm promises one part in 10^7.
    for (const [probability, wanted] of [
      [0.5, 0],
      [0.25, -0.6744897502],
      [0.025, -1.9599639845],
      [0.001, -3.0902323062],
      [1e-9, -5.997807015],
    ] as const)
      expect(Math.abs(lowerQuantile(probability) - wanted)).toBeLessThanOrEqual(2e-7 * Math.abs(wanted));
  });

  test('in their first four moments', () => {
    const values = draws(1, 0);
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / COUNT;
    expect(Math.abs(moment(1))).toBeLessThan(allowed);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(allowed * Math.sqrt(2));
    expect(Math.abs(moment(3))).toBeLessThan(allowed * Math.sqrt(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(allowed * Math.sqrt(96));
  });

  test('independent of neighbours, copies and seeds', () => {
    const values = draws(1, 0);
    for (const shift of [1, 2, 3, 64])
      expect(Math.abs(correlation(values, values, shift))).toBeLessThan(allowed);
    expect(Math.abs(correlation(values, draws(1, 1)))).toBeLessThan(allowed);
    expect(Math.abs(correlation(values, draws(2, 0)))).toBeLessThan(allowed);
  });
});

describe('copies', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('of a later launch are those of one launch, to the bit', async () => {
    const tape = startTape(engine, { gradients: false });
    const x = engine.tensor(new Float32Array(2 * 12).fill(0.5), [2, 2, 2, 3]);
    const deviations = engine.tensor(new Float32Array([1, 2]), [2]);
    const all = await engine.read(noisyCopies(tape, x, deviations, { copies: 5, seed: 9 }));
    const last = await engine.read(noisyCopies(tape, x, deviations, { copies: 2, seed: 9, firstCopy: 3 }));
    expect(last).toEqual(all.slice(3 * x.size));
    tape.end();
  });

  test('at position 1 are the image, at 0 the baseline, to the bit', async () => {
    const tape = startTape(engine, { gradients: false });
    const values = Float32Array.from({ length: 12 }, (_, i) => (i === 3 ? -0 : Math.fround(Math.sin(i))));
    const x = engine.tensor(values, [1, 2, 2, 3]);
    const got = await engine.read(pathCopies(tape, x, [0.1, 0.2, 0.3], [0, 1]));
    expect(got.slice(12)).toEqual(values);
    expect(got.slice(0, 3)).toEqual(Float32Array.of(0.1, 0.2, 0.3));
    tape.end();
  });

  test('misuse names the argument', () => {
    const tape = startTape(engine, { gradients: false });
    const x = engine.zeros([1, 2, 2, 3]);
    const one = engine.zeros([1]);
    expect(() => noisyCopies(tape, x, x, { copies: 1, seed: 0 })).toThrow(/deviations/);
    expect(() => noisyCopies(tape, x, one, { copies: 0, seed: 0 })).toThrow(/copies is 0/);
    expect(() => noisyCopies(tape, x, one, { copies: 1, seed: -1 })).toThrow(/seed is -1/);
    expect(() => pathCopies(tape, x, [0], [1])).toThrow(/length of baseline is 1, wanted 3/);
    expect(() => pathCopies(tape, x, [0, 0, 0], [])).toThrow(/positions/);
    tape.end();
  });
});

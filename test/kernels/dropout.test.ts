import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { dropout } from '../../src/kernels/dropout/dropout.ts';
import { dropoutCases } from '../../src/kernels/dropout/cases.ts';
import { dropoutKeeps } from '../../src/kernels/dropout/reference.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(dropoutCases);

describe('the mask', () => {
  const COUNT = 40_000;
  const mask = (seed: number, probability: number): boolean[] =>
    Array.from({ length: COUNT }, (_, i) => dropoutKeeps(seed, i, probability));
  // Five standard deviations of a count of COUNT coin throws.
  const allowed = (probability: number): number => 5 * Math.sqrt(COUNT * probability * (1 - probability));

  test.each([0.1, 0.5, 0.9])('keeps a part of 1 - %f', (probability) => {
    const kept = mask(5, probability).filter(Boolean).length;
    expect(Math.abs(kept - COUNT * (1 - probability))).toBeLessThan(allowed(probability));
  });

  test('is independent between seeds, neighbours and rows', () => {
    const first = mask(5, 0.5);
    const second = mask(6, 0.5);
    const agreement = (shift: number, other: boolean[]): number =>
      first.filter((keep, i) => i + shift < COUNT && keep === other[i + shift]).length + shift / 2;
    for (const shift of [0, 1, 2, 64]) {
      expect(Math.abs(agreement(shift, second) - COUNT / 2)).toBeLessThan(allowed(0.5));
    }
    for (const shift of [1, 2, 4, 64, 256]) {
      expect(Math.abs(agreement(shift, first) - COUNT / 2)).toBeLessThan(allowed(0.5));
    }
  });
});

describe('dropout', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('passes its input on when there is nothing to drop', () => {
    const tape = startTape(engine);
    const input = engine.zeros([5]);
    expect(dropout(tape, input, { probability: 0.5, seed: 1, training: false })).toBe(input);
    expect(dropout(tape, input, { probability: 0, seed: 1 })).toBe(input);
    tape.end();
  });

  test('misuse names the argument', () => {
    const tape = startTape(engine);
    const input = engine.zeros([5]);
    expect(() => dropout(tape, input, { probability: -0.1, seed: 1 })).toThrow(
      /dropout: probability is -0.1, wanted 0 to 1/,
    );
    expect(() => dropout(tape, input, { probability: Number.NaN, seed: 1 })).toThrow(/dropout: probability/);
    expect(() => dropout(tape, input, { probability: 0.5, seed: 2 ** 32 })).toThrow(/dropout: seed/);
    expect(() => dropout(tape, input, { probability: 0.5, seed: 0.5 })).toThrow(/dropout: seed/);
    tape.end();
  });
});

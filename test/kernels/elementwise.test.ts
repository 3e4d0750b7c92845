import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binaryOpCases, unaryOpCases } from '../../src/kernels/elementwise/cases.ts';
import { clamp, scale } from '../../src/kernels/elementwise/unary.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { divide, multiply, subtract } from '../../src/kernels/elementwise/binary.ts';
import { ParameterStore } from '../../src/runtime/parameters.ts';
import { startTape } from '../../src/kernels/tape.ts';

for (const op of unaryOpCases) describeOp(op);
for (const op of binaryOpCases) describeOp(op);

describe('misuse of elementwise operations', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('is refused at the call', () => {
    const tape = startTape(engine);
    try {
      const a = tape.empty([2, 3, 5, 7]);
      for (const shape of [[2, 3, 5, 6], [3], [2, 1, 5, 1], [2, 3, 1], [2, 3, 5, 7, 1]]) {
        expect(() => multiply(tape, a, tape.empty(shape))).toThrow(/multiply: shape of b is \[/);
      }
      expect(() => subtract(tape, a, tape.empty([7]))).toThrow(/subtract: shape of b/);
      expect(() => divide(tape, tape.empty([2]), a)).toThrow(/divide: shape of b/);
      expect(() => scale(tape, a, Number.NaN)).toThrow(/scale: factor is NaN/);
      expect(() => clamp(tape, a, 1, 0)).toThrow(/clamp: low is 1/);
    } finally {
      tape.end();
    }
  });

  test('one tensor may be both operands, and a parameter may stand on one side only', async () => {
    const x = engine.tensor(Float32Array.of(1, 2, 3), [3], { requiresGradient: true });
    const constant = engine.tensor(Float32Array.of(5), []);
    const ones = engine.tensor(Float32Array.of(1, 1, 1), [3]);
    const tape = startTape(engine);
    try {
      // d(x * x / 5)/dx = 2x / 5
      tape.backward(divide(tape, multiply(tape, x, x), constant), ones);
      const gradient = tape.gradient(x);
      expect(gradient === null ? null : await engine.read(gradient)).toEqual(Float32Array.of(0.4, 0.8, 1.2));
      expect(tape.gradient(constant)).toBe(null);
    } finally {
      tape.end();
      for (const tensor of [x, constant, ones]) tensor.dispose();
    }
  });

  test('both operands may be parameters of one store', async () => {
    const store = new ParameterStore(engine, [
      { name: 'a', shape: [3] },
      { name: 'b', shape: [3] },
    ]);
    const ones = engine.tensor(Float32Array.of(1, 1, 1), [3]);
    engine.write(store.get('a'), Float32Array.of(1, 2, 3));
    engine.write(store.get('b'), Float32Array.of(2, 4, 8));
    const tape = startTape(engine);
    try {
      store.placeGradients(tape);
      tape.backward(divide(tape, store.get('a'), store.get('b')), ones);
      const gradients = await engine.read(store.gradients);
      // 1 / b and -a / b^2, powers of two that no adapter rounds.
      expect(gradients.slice(0, 3)).toEqual(Float32Array.of(1 / 2, 1 / 4, 1 / 8));
      expect(gradients.slice(64, 67)).toEqual(Float32Array.of(-1 / 4, -1 / 8, -3 / 64));
    } finally {
      tape.end();
      store.dispose();
      ones.dispose();
    }
  });
});

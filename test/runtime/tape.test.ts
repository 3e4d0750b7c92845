import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { add } from '../../src/kernels/add/add.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { PARAMETER_BLOCK, ParameterStore } from '../../src/runtime/parameters.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const ones = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count).fill(1);

describe('backward', () => {
  test('adds the gradients of every use of a tensor', async () => {
    const x = engine.tensor(ones(3), [3], { requiresGradient: true });
    const seed = engine.tensor(Float32Array.of(1, 10, 100), [3]);
    const tape = startTape(engine);
    try {
      // y = 2x + x + 2x: x is used five times, along paths of different length.
      const double = add(tape, x, x);
      const y = add(tape, add(tape, double, x), double);
      tape.backward(y, seed);
      const gradient = tape.gradient(x);
      expect(gradient).not.toBeNull();
      if (gradient !== null) expect(await engine.read(gradient)).toEqual(Float32Array.of(5, 50, 500));
    } finally {
      tape.end();
      x.dispose();
      seed.dispose();
    }
  });

  test('goes through reshape', async () => {
    const x = engine.tensor(ones(6), [2, 3], { requiresGradient: true });
    const seed = engine.tensor(ones(6), [6]);
    const tape = startTape(engine);
    const y = tape.reshape(add(tape, x, x), [6]);
    tape.backward(y, seed);
    const gradient = tape.gradient(x);
    expect(gradient?.shape).toEqual([2, 3]);
    if (gradient !== null) expect(await engine.read(gradient)).toEqual(new Float32Array(6).fill(2));
    tape.end();
    x.dispose();
    seed.dispose();
  });

  test('gives memory of the forward pass back on the way, but for what is kept', async () => {
    const x = engine.tensor(ones(1000), [1000], { requiresGradient: true });
    const seed = engine.tensor(ones(1000), [1000]);
    const tape = startTape(engine);
    const kept = tape.keep(add(tape, x, x));
    let y = kept;
    const chain = Array.from({ length: 10 }, () => (y = add(tape, y, x)));
    const during = engine.memory().usedBuffers;
    tape.backward(y, seed);
    expect(engine.memory().usedBuffers).toBeLessThan(during - 5);
    expect(await engine.read(kept)).toEqual(new Float32Array(1000).fill(2));
    expect(await engine.read(y)).toEqual(new Float32Array(1000).fill(12));
    expect(chain.slice(0, -1).every((tensor) => tensor.disposed)).toBe(true);
    tape.end();
    x.dispose();
    seed.dispose();
  });

  test('misuse is refused', () => {
    const x = engine.tensor(ones(2), [2]);
    const tape = startTape(engine);
    const y = add(tape, x, x);
    expect(() => tape.backward(y, x)).toThrow(/does not depend on any tensor that requires a gradient/);
    expect(() => tape.gradient(x)).toThrow(/call backward first/);
    tape.end();
    const parameter = engine.tensor(ones(2), [2], { requiresGradient: true });
    const walked = startTape(engine);
    const output = add(walked, parameter, x);
    walked.backward(output, x);
    expect(() => walked.backward(output, x)).toThrow(/backward: the tape has been walked back already/);
    walked.end();
    parameter.dispose();
    const still = startTape(engine, { gradients: false });
    expect(() => still.backward(x, x)).toThrow(/gradients: false/);
    still.end();
    x.dispose();
  });
});

test('steps that free in another order than they allocate still get the same buffers again', async () => {
  const x = engine.tensor(ones(64), [64], { requiresGradient: true });
  const seed = engine.tensor(ones(64), [64]);
  const step = async (): Promise<void> => {
    const tape = startTape(engine);
    let y = x;
    for (let i = 0; i < 7; i++) y = add(tape, add(tape, y, x), y);
    tape.backward(y, seed);
    tape.end();
    await engine.sync();
  };
  for (let i = 0; i < 3; i++) await step();
  const before = engine.bindGroups;
  for (let i = 0; i < 20; i++) await step();
  expect(engine.bindGroups).toBe(before);
  x.dispose();
  seed.dispose();
});

test('a thousand steps allocate what the third step allocated', async () => {
  const x = engine.tensor(ones(500), [500], { requiresGradient: true });
  const seed = engine.tensor(ones(500), [500]);
  const step = async (): Promise<void> => {
    const tape = startTape(engine);
    try {
      tape.backward(add(tape, add(tape, x, x), x), seed);
    } finally {
      tape.end();
    }
    await engine.flush();
  };
  for (let i = 0; i < 3; i++) await step();
  const third = engine.memory();
  for (let i = 3; i < 1000; i++) await step();
  await engine.sync();
  expect(engine.memory()).toEqual(third);
  x.dispose();
  seed.dispose();
});

describe('parameters', () => {
  test('lie at block boundaries of one flat tensor, and gradients land in the flat gradient', async () => {
    const store = new ParameterStore(engine, [
      { name: 'first', shape: [3] },
      { name: 'frozen', shape: [65], trainable: false },
      { name: 'last', shape: [2, 2] },
    ]);
    expect(store.entries.map(({ offset }) => offset)).toEqual([0, PARAMETER_BLOCK, 3 * PARAMETER_BLOCK]);
    engine.write(store.get('first'), Float32Array.of(1, 2, 3));
    engine.write(store.get('last'), Float32Array.of(4, 5, 6, 7));
    const values = await engine.read(store.values);
    expect([...values.subarray(0, 4), ...values.subarray(192, 197)]).toEqual([1, 2, 3, 0, 4, 5, 6, 7, 0]);

    const seed = engine.tensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
    const tape = startTape(engine);
    try {
      store.placeGradients(tape);
      const last = store.get('last');
      tape.backward(add(tape, add(tape, last, last), last), seed);
      expect(tape.gradient(store.get('first'))).toBeNull();
      expect((await engine.read(store.gradients)).subarray(192, 196)).toEqual(Float32Array.of(3, 6, 9, 12));
    } finally {
      tape.end();
    }
    expect(() => store.get('missing')).toThrow(/no parameter is called missing/);
    seed.dispose();
    store.dispose();
  });
});

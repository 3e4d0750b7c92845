import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tape } from '../../src/runtime/tape.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { add } from '../../src/kernels/add/add.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { exp, scale } from '../../src/kernels/elementwise/unary.ts';
import { launchAffine, launchBinary } from '../../src/kernels/elementwise/launch.ts';
import { multiply } from '../../src/kernels/elementwise/binary.ts';
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

  // Sums of gradients are made in place where nobody else wants a term as it is. Each of these wants one.
  const SHARED: Record<string, (tape: Tape, x: Tensor, y: Tensor) => Tensor> = {
    'one gradient for both inputs, then more for one of them': (tape, x, y) =>
      add(tape, scale(tape, x, 10), scale(tape, add(tape, x, y), 1)),
    'more for an input before its gradient is shared': (tape, x, y) => {
      const double = (tensor: Tensor): Tensor => scale(tape, tensor, 2);
      const shared = add(tape, double(x), double(y));
      return add(tape, shared, add(tape, double(x), double(shared)));
    },
    'an operation that returns one gradient three times, with another between': (tape, x, y) => {
      const inner = scale(tape, x, 1);
      return tape.record('trio', scale(tape, y, 0), [inner, inner, y], (outputGradient) => {
        const shared = scale(tape, outputGradient, 1);
        return [shared, scale(tape, outputGradient, 5), shared];
      });
    },
    'a gradient that is a forward tensor': (tape, x, y) => {
      const saved = scale(tape, y, 3);
      const inner = scale(tape, x, 1);
      const reader = tape.record('reader', tape.empty([4]), [saved], () => [scale(tape, saved, 1)]);
      const sum = add(tape, reader, scale(tape, inner, 2));
      return add(
        tape,
        sum,
        tape.record('giver', tape.empty([4]), [inner], () => [saved]),
      );
    },
  };
  const WANTED: Record<string, [x: number, y: number]> = {
    'one gradient for both inputs, then more for one of them': [11, 1],
    'more for an input before its gradient is shared': [8, 6],
    'an operation that returns one gradient three times, with another between': [6, 1],
    'a gradient that is a forward tensor': [5, 9],
  };
  for (const [what, build] of Object.entries(SHARED)) {
    test(`sums: ${what}`, async () => {
      const [x, y] = [0, 1].map(() => engine.tensor(ones(4), [4], { requiresGradient: true }));
      const seed = engine.tensor(ones(4), [4]);
      const tape = startTape(engine);
      try {
        if (x === undefined || y === undefined) return expect.fail();
        tape.backward(build(tape, x, y), seed);
        const read = (tensor: Tensor): Promise<Float32Array> =>
          engine.read(tape.gradient(tensor) ?? expect.fail('no gradient'));
        const [wantedX, wantedY] = WANTED[what] ?? expect.fail();
        expect(await read(x)).toEqual(ones(4).fill(wantedX));
        expect(await read(y)).toEqual(ones(4).fill(wantedY));
        expect(await engine.read(seed)).toEqual(ones(4));
      } finally {
        tape.end();
        for (const made of [x, y, seed]) made?.dispose();
      }
    });
  }

  test('an output that its gradient does not read is free before the gradient allocates', () => {
    const x = engine.tensor(ones(1000), [1000], { requiresGradient: true });
    const seed = engine.tensor(ones(1000), [1000]);
    for (const readsOutput of [true, false]) {
      const tape = startTape(engine);
      const output = tape.empty([1000]);
      let disposed: boolean | null = null;
      tape.record(
        'copy',
        output,
        [x],
        (outputGradient) => {
          disposed = output.disposed;
          return [scale(tape, outputGradient, 1)];
        },
        { readsOutput },
      );
      tape.backward(exp(tape, output), seed);
      expect(disposed).toBe(!readsOutput);
      tape.end();
    }
    x.dispose();
    seed.dispose();
  });

  test('a gradient may release what it has read', async () => {
    const x = engine.tensor(ones(4), [4], { requiresGradient: true });
    const seed = engine.tensor(ones(4), [4]);
    const tape = startTape(engine);
    const disposed: boolean[] = [];
    const double = (input: Tensor): Tensor => {
      const output = launchAffine(tape, input, 2, 0, tape.empty([4]));
      return tape.record('double', output, [input], (outputGradient) => {
        const result = launchAffine(tape, outputGradient, 2, 0, tape.empty([4]));
        for (const tensor of [input, output, outputGradient]) tape.release(tensor);
        disposed.push(input.disposed, output.disposed, outputGradient.disposed);
        return [result];
      });
    };
    const kept = tape.keep(double(x));
    const last = scale(tape, double(double(kept)), 1);
    tape.backward(add(tape, last, kept), seed);
    // What goes in belongs to the operation before. The last one's output is kept, and its gradient with it.
    expect(disposed).toEqual([...[false, true, true], ...[false, true, true], ...[false, false, false]]);
    const gradient = tape.gradient(x) ?? expect.fail('no gradient');
    expect(await engine.read(gradient)).toEqual(ones(4).fill(10));
    tape.end();
    x.dispose();
    seed.dispose();
  });

  test('a walk back that failed cannot be taken up again', () => {
    const tape = startTape(engine);
    const x = engine.tensor(Float32Array.of(1), [1], { requiresGradient: true });
    try {
      const twice = tape.record('failing', tape.empty([1]), [x], () => {
        throw new RangeError('on purpose');
      });
      expect(() => tape.backward(twice, x)).toThrow(/on purpose/);
      expect(() => tape.backward(twice, x)).toThrow(/backward: the tape has been walked back already/);
      expect(() => tape.gradient(x)).toThrow(/call backward first/);
    } finally {
      tape.end();
      x.dispose();
    }
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

test('release frees at once what no gradient may need', async () => {
  const x = engine.tensor(ones(4), [4], { requiresGradient: true });
  const frozen = engine.tensor(ones(4), [4]);
  const tape = startTape(engine);
  const [first, second] = [scale(tape, frozen, 2), scale(tape, frozen, 3)];
  const third = add(tape, first, second);
  for (const tensor of [first, second]) tape.release(tensor);
  expect([first.disposed, second.disposed]).toEqual([true, true]);
  // From here on a gradient reads: what goes in, what comes out, and what is launched besides.
  const saved = scale(tape, frozen, 4);
  const product = multiply(tape, x, third);
  const output = launchBinary(tape, 'multiply', product, saved, tape.empty([4]));
  tape.record('beside', output, [product], (outputGradient) => [multiply(tape, outputGradient, saved)]);
  for (const tensor of [third, saved, product, output]) tape.release(tensor);
  expect([third, saved, product, output].map(({ disposed }) => disposed)).toEqual([
    false,
    false,
    false,
    false,
  ]);
  tape.backward(output, frozen);
  const gradient = tape.gradient(x) ?? expect.fail('no gradient');
  expect(await engine.read(gradient)).toEqual(ones(4).fill(20));
  tape.end();
  x.dispose();
  frozen.dispose();
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

  test('gradients of several tapes add up in place, and what lies between stays zero', async () => {
    const store = new ParameterStore(engine, [
      { name: 'odd', shape: [3] },
      { name: 'even', shape: [4] },
    ]);
    const seeds = [1, 10].map((value) => engine.tensor(new Float32Array(4).fill(value), [4]));
    const part = (factor: number, accumulate: boolean, seed: Tensor): void => {
      const tape = startTape(engine);
      store.placeGradients(tape, { accumulate });
      const [odd, even] = [store.get('odd'), store.get('even')];
      // The gradient of `odd` is computed in a tensor whose last element is not its own, that of `even` in two terms.
      const widened = tape.record('widen', scale(tape, even, 1), [odd], (outputGradient) => {
        const wide = scale(tape, outputGradient, factor);
        return [tape.reshape(wide.slice(0, [3]), [3])];
      });
      tape.backward(add(tape, widened, add(tape, scale(tape, even, factor), even)), seed);
      expect(tape.gradient(odd)).toBe(store.entries[0]?.gradient);
      tape.end();
    };
    for (const round of [1, 2]) {
      for (const [index, seed] of seeds.entries()) part(round, index > 0, seed);
      const gradients = await engine.read(store.gradients);
      const wanted = new Float32Array(2 * PARAMETER_BLOCK);
      wanted.fill(11 * round, 0, 3);
      wanted.fill(11 * (round + 1), PARAMETER_BLOCK, PARAMETER_BLOCK + 4);
      expect(gradients).toEqual(wanted);
    }
    for (const made of [...seeds, store]) made.dispose();
  });
});

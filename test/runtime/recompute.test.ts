import type { Engine } from '../../src/runtime/engine.ts';
import type { Tape } from '../../src/runtime/tape.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { add } from '../../src/kernels/add/add.ts';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { dropout } from '../../src/kernels/dropout/dropout.ts';
import { exp, scale, softplus } from '../../src/kernels/elementwise/unary.ts';
import { multiply } from '../../src/kernels/elementwise/binary.ts';
import { ParameterStore } from '../../src/runtime/parameters.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { startTape } from '../../src/kernels/tape.ts';

const SIZE = 2000;

let engine: Engine;
let x: Tensor;
let seed: Tensor;
let store: ParameterStore;
let before: { usedBuffers: number; usedBytes: number };

const noise = (salt: number): Float32Array<ArrayBuffer> => {
  const stream = new RandomStream(salt);
  return Float32Array.from({ length: SIZE }, () => stream.uniform(-1, 1));
};

const inUse = (): { usedBuffers: number; usedBytes: number } => {
  const { usedBuffers, usedBytes } = engine.memory();
  return { usedBuffers, usedBytes };
};

beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());
beforeEach(() => {
  x = engine.tensor(noise(1), [SIZE], { requiresGradient: true });
  seed = engine.tensor(noise(2), [SIZE]);
  store = new ParameterStore(engine, [
    { name: 'a', shape: [SIZE] },
    { name: 'b', shape: [SIZE] },
    { name: 'frozen', shape: [SIZE], trainable: false },
  ]);
  for (const [index, { value }] of store.entries.entries()) engine.write(value, noise(3 + index));
  before = inUse();
});
afterEach(() => {
  expect(inUse(), 'everything is given back').toEqual(before);
  for (const made of [x, seed, store]) made.dispose();
});

type Wrap = (tape: Tape, name: string, compute: () => Tensor) => Tensor;
const plain: Wrap = (_, __, compute) => compute();
const recomputed: Wrap = (tape, name, compute) => tape.recompute(name, compute);

/** Three blocks and something behind them; every parameter is used within blocks and between them, one of them twice in a block. */
function network(tape: Tape, wrap: Wrap): Tensor {
  const [a, b] = [store.get('a'), store.get('b')];
  let hidden = x;
  for (const index of [0, 1, 2]) {
    const input = hidden;
    hidden = wrap(tape, `block ${index}`, () => {
      const inner = softplus(tape, multiply(tape, multiply(tape, input, a), b));
      return add(tape, multiply(tape, exp(tape, scale(tape, inner, -1)), a), input);
    });
    hidden = multiply(tape, hidden, b);
  }
  return add(tape, multiply(tape, hidden, a), x);
}

async function gradientsOf(wrap: Wrap, build = network): Promise<Float32Array[]> {
  const tape = startTape(engine);
  try {
    store.placeGradients(tape);
    engine.clear(store.gradients);
    const output = build(tape, wrap);
    tape.backward(output, seed);
    const gradient = tape.gradient(x) ?? expect.fail('no gradient');
    return [await engine.read(output), await engine.read(gradient), await engine.read(store.gradients)];
  } finally {
    tape.end();
  }
}

describe('recompute', () => {
  test('gives the same bits', async () => {
    const wanted = await gradientsOf(plain);
    expect(wanted.every((values) => values.some((value) => value !== 0))).toBe(true);
    expect(await gradientsOf(recomputed)).toEqual(wanted);
  });

  test('keeps the output alone, and frees what it computes again on the way', () => {
    const tape = startTape(engine);
    const block = (input: Tensor): Tensor =>
      tape.recompute('block', () => {
        let hidden = input;
        for (let i = 0; i < 10; i++) hidden = exp(tape, scale(tape, hidden, -1));
        return hidden;
      });
    let hidden: Tensor = x;
    for (let i = 0; i < 5; i++) hidden = block(hidden);
    expect(inUse().usedBuffers).toBe(before.usedBuffers + 5);
    const buffersSoFar = (): number => engine.memory().usedBuffers + engine.memory().freeBuffers;
    const forward = buffersSoFar();
    tape.backward(hidden, seed);
    // What one block took in the forward pass is enough for its gradients too.
    expect(buffersSoFar()).toBe(forward);
    // The output and the gradient of x.
    expect(inUse().usedBuffers).toBe(before.usedBuffers + 2);
    tape.end();
  });

  test("does not hold the output's gradient longer than its last operation needs it", () => {
    const tape = startTape(engine);
    const gradients: Tensor[] = [];
    let disposed: boolean | null = null;
    const output = tape.recompute('block', () => {
      const first = tape.record('first', scale(tape, seed, 1), [x], (outputGradient) => {
        disposed = gradients[0]?.disposed ?? null;
        return [outputGradient];
      });
      return tape.record('last', scale(tape, seed, 1), [first], (outputGradient) => {
        gradients.push(outputGradient);
        return [scale(tape, outputGradient, 2)];
      });
    });
    tape.backward(exp(tape, output), seed);
    expect(disposed).toBe(true);
    tape.end();
  });

  test('releases within at once, but nothing from outside', () => {
    const tape = startTape(engine);
    const outer = exp(tape, x);
    const released: boolean[] = [];
    const output = tape.recompute('block', () => {
      const inner = exp(tape, outer);
      const result = exp(tape, inner);
      tape.release(inner);
      tape.release(outer);
      released.push(inner.disposed, outer.disposed);
      return result;
    });
    tape.release(outer);
    expect(outer.disposed).toBe(false);
    tape.backward(output, seed);
    // The second time gradients need what is within.
    expect(released).toEqual([true, false, false, false]);
    tape.end();
  });

  test('what it reads stays, though nothing recorded needs it and the caller is done with it', async () => {
    const build = (tape: Tape, wrap: Wrap): Tensor => {
      const features = exp(tape, store.get('frozen'));
      const output = wrap(tape, 'block', () => {
        const hidden = exp(tape, features);
        const result = multiply(tape, multiply(tape, hidden, store.get('a')), x);
        tape.release(hidden);
        return result;
      });
      tape.release(features);
      return output;
    };
    expect(await gradientsOf(recomputed, build)).toEqual(await gradientsOf(plain, build));
  });

  test('runs once where no gradient is wanted, and then keeps nothing', () => {
    let runs = 0;
    const compute = (tape: Tape, input: Tensor): Tensor =>
      tape.recompute('block', () => {
        runs++;
        return exp(tape, exp(tape, input));
      });
    const tape = startTape(engine);
    const constant = compute(tape, seed);
    expect(tape.needsGradient(constant)).toBe(false);
    expect(inUse().usedBuffers).toBe(before.usedBuffers + 1);
    const output = compute(tape, multiply(tape, constant, x));
    expect(tape.needsGradient(output)).toBe(true);
    tape.backward(output, seed);
    expect(runs).toBe(3);
    tape.end();
    const still = startTape(engine, { gradients: false });
    compute(still, x);
    expect(runs).toBe(4);
    still.end();
  });

  test('a block that returns what it was given, or another view of it', async () => {
    const build = (tape: Tape, wrap: Wrap): Tensor => {
      const same = wrap(tape, 'identity', () => dropout(tape, x, { probability: 0, seed: 1 }));
      const view = wrap(tape, 'view', () => tape.reshape(exp(tape, same), [2, SIZE / 2]));
      return multiply(tape, tape.reshape(view, [SIZE]), store.get('a'));
    };
    expect(await gradientsOf(recomputed, build)).toEqual(await gradientsOf(plain, build));
  });

  test('what is kept within stays readable', async () => {
    const tape = startTape(engine);
    let kept: Tensor | null = null;
    const output = tape.recompute('block', () => {
      const inner = tape.keep(scale(tape, x, 2));
      kept ??= inner;
      return exp(tape, inner);
    });
    tape.backward(output, seed);
    expect(inUse().usedBuffers).toBe(before.usedBuffers + 3);
    expect(await engine.read(kept ?? expect.fail('not kept'))).toEqual(noise(1).map((value) => 2 * value));
    tape.end();
  });
});

describe('once', () => {
  test('draws, counts and saves the first time only', async () => {
    const counted = { draws: 0 };
    const build = (tape: Tape, wrap: Wrap): Tensor => {
      const stream = new RandomStream(7);
      const draw = (): number => {
        counted.draws++;
        return stream.integer(2 ** 31);
      };
      let hidden = x;
      for (const name of ['first', 'second']) {
        const input = hidden;
        hidden = wrap(tape, name, () => {
          const dropped = dropout(tape, input, { probability: 0.5, seed: tape.once(draw) });
          // Something that is saved: its memory must be there, untouched, when backward comes by.
          const saved = tape.once(() => scale(tape, store.get('frozen'), 3));
          return multiply(tape, softplus(tape, dropped), saved);
        });
      }
      return multiply(tape, hidden, store.get('a'));
    };
    const wanted = await gradientsOf(plain, build);
    expect(counted.draws).toBe(2);
    expect(await gradientsOf(recomputed, build)).toEqual(wanted);
    expect(counted.draws).toBe(4);
  });

  test('is refused to operations that need a gradient', () => {
    const tape = startTape(engine);
    expect(() => tape.once(() => exp(tape, x))).toThrow(/exp: needs a gradient.*tape\.once/);
    expect(() => tape.recompute('block', () => tape.once(() => exp(tape, x)))).toThrow(/exp: needs/);
    expect(tape.needsGradient(exp(tape, x))).toBe(true);
    tape.end();
  });
});

describe('misuse and failures', () => {
  test('an exception the first time leaves nothing, and the tape goes on', async () => {
    const tape = startTape(engine);
    const failing = (): Tensor => {
      tape.once(() => scale(tape, seed, 2));
      tape.keep(exp(tape, exp(tape, x)));
      throw new Error('out of luck');
    };
    expect(() => tape.recompute('block', failing)).toThrow('out of luck');
    expect(inUse()).toEqual(before);
    const output = tape.recompute('block', () => scale(tape, x, 3));
    tape.backward(output, seed);
    const gradient = tape.gradient(x) ?? expect.fail('no gradient');
    expect(await engine.read(gradient)).toEqual(noise(2).map((value) => 3 * value));
    tape.end();
  });

  test('an exception the second time leaves nothing behind the tape', () => {
    const tape = startTape(engine);
    let runs = 0;
    const output = tape.recompute('block', () => {
      const inner = exp(tape, x);
      if (++runs === 2) throw new Error('out of luck');
      return exp(tape, inner);
    });
    expect(() => tape.backward(output, seed)).toThrow('out of luck');
    tape.end();
  });

  test('nested blocks, backward within, and inner tensors outside are refused', () => {
    const tape = startTape(engine);
    const nested = (): Tensor => tape.recompute('inner', () => exp(tape, x));
    expect(() => tape.recompute('outer', nested)).toThrow(/recompute: inner lies within outer/);
    const walking = (): Tensor => {
      const inner = exp(tape, x);
      tape.backward(inner, seed);
      return inner;
    };
    expect(() => tape.recompute('block', walking)).toThrow(/backward: called within block/);
    let leaked: Tensor = x;
    tape.recompute('block', () => exp(tape, (leaked = tape.keep(exp(tape, x)))));
    expect(() => multiply(tape, leaked, x)).toThrow(/multiply: an input was made within block/);
    tape.end();
  });

  const CHANGES: [string, RegExp, (tape: Tape, run: number) => Tensor][] = [
    [
      'another shape',
      /block: .* it gave \[1000\], and \[2000\] before/,
      (tape, run) => sum(tape, x, run === 1 ? SIZE : SIZE / 2),
    ],
    ['no gradient', /block: .* it needs none/, (tape, run) => exp(tape, run === 1 ? x : seed)],
    ['more of once', /block: .* called tape\.once, more often/, (tape, run) => onceTimes(tape, run)],
    ['less of once', /block: .* called tape\.once, less often/, (tape, run) => onceTimes(tape, 3 - run)],
  ];

  function onceTimes(tape: Tape, count: number): Tensor {
    for (let i = 0; i < count; i++) tape.once(() => i);
    return exp(tape, x);
  }

  /** An operation whose output has as many elements as one likes. */
  function sum(tape: Tape, input: Tensor, size: number): Tensor {
    return tape.record('sum', tape.empty([size]), [input], () => [null]);
  }

  for (const [what, message, compute] of CHANGES) {
    test(`${what} the second time is named`, () => {
      const tape = startTape(engine);
      let runs = 0;
      const output = tape.recompute('block', () => compute(tape, ++runs));
      const outputGradient = engine.zeros(output.shape);
      expect(() => tape.backward(output, outputGradient)).toThrow(message);
      outputGradient.dispose();
      tape.end();
    });
  }
});

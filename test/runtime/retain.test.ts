import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tape } from '../../src/runtime/tape.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { add } from '../../src/kernels/add/add.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { exp } from '../../src/kernels/elementwise/unary.ts';
import { launchAffine } from '../../src/kernels/elementwise/launch.ts';
import { multiply } from '../../src/kernels/elementwise/binary.ts';
import { startTape } from '../../src/kernels/tape.ts';

const COUNT = 1000;

let engine: Engine;
let x: Tensor;
let seed: Tensor;
beforeAll(async () => {
  engine = await createEngine();
  const values = Float32Array.from({ length: COUNT }, (_, i) => Math.sin(i) / 3);
  x = engine.tensor(values, [COUNT], { requiresGradient: true });
  seed = engine.tensor(new Float32Array(COUNT).fill(1), [COUNT]);
});
afterAll(() => {
  for (const tensor of [x, seed]) tensor.dispose();
  engine.destroy();
});

/** 2 input; its gradient gives back what it can, as a convolution's does. */
function double(tape: Tape, input: Tensor): Tensor {
  const output = launchAffine(tape, input, 2, 0, tape.empty([COUNT]));
  return tape.record('double', output, [input], (outputGradient) => {
    const result = launchAffine(tape, outputGradient, 2, 0, tape.empty([COUNT]));
    for (const tensor of [output, outputGradient]) tape.release(tensor);
    return [result];
  });
}

/** Two outputs of one chain whose gradients read their outputs (exp), their inputs (multiply), or release them, and meet in sums. */
function twoOutputs(tape: Tape): [Tensor, Tensor] {
  let hidden: Tensor = double(tape, x);
  for (let step = 0; step < 4; step++) hidden = multiply(tape, exp(tape, multiply(tape, hidden, x)), hidden);
  return [add(tape, hidden, multiply(tape, hidden, x)), multiply(tape, hidden, exp(tape, hidden))];
}

async function gradientOf(tape: Tape): Promise<Float32Array> {
  const gradient = tape.gradient(x);
  if (gradient === null) throw new Error('no gradient');
  return engine.read(gradient);
}

/** What a tape of its own gives for an output. */
async function alone(which: 0 | 1): Promise<Float32Array> {
  const tape = startTape(engine);
  try {
    tape.backward(twoOutputs(tape)[which], seed);
    return await gradientOf(tape);
  } finally {
    tape.end();
  }
}

describe('a tape that is retained', () => {
  test('is walked back again, from any of its outputs, to the bits of a tape of its own', async () => {
    const wanted = [await alone(0), await alone(1)];
    expect(wanted[0]).not.toEqual(wanted[1]);
    const tape = startTape(engine);
    try {
      const outputs = twoOutputs(tape);
      for (const which of [0, 1, 0] as const) {
        tape.backward(outputs[which], seed, { retain: true });
        expect(await gradientOf(tape)).toEqual(wanted[which]);
      }
      tape.backward(outputs[1], seed);
      expect(await gradientOf(tape)).toEqual(wanted[1]);
      expect(() => tape.backward(outputs[0], seed)).toThrow(/walked back already/);
    } finally {
      tape.end();
    }
  });

  test('gives the gradients of each walk back with the next, and everything with the last', () => {
    const before = engine.memory().usedBuffers;
    const tape = startTape(engine);
    const [output] = twoOutputs(tape);
    const forward = engine.memory().usedBuffers;
    tape.backward(output, seed, { retain: true });
    const once = engine.memory().usedBuffers;
    expect(once).toBeGreaterThanOrEqual(forward);
    for (let walk = 0; walk < 5; walk++) tape.backward(output, seed, { retain: true });
    expect(engine.memory().usedBuffers).toBe(once);
    tape.backward(output, seed);
    // The other output's operations too: nothing but the output, what came after the last operation and the gradient is left.
    expect(engine.memory().usedBuffers).toBeLessThanOrEqual(before + 4);
    tape.end();
    expect(engine.memory().usedBuffers).toBe(before);
  });

  test('leaves alone what its caller makes between the walks', async () => {
    const tape = startTape(engine);
    try {
      const [output] = twoOutputs(tape);
      tape.backward(output, seed, { retain: true });
      const own = tape.empty([COUNT]);
      engine.write(own, new Float32Array(COUNT).fill(1));
      // Its own seed for the next walk, for one.
      tape.backward(output, own, { retain: true });
      expect(await gradientOf(tape)).toEqual(await alone(0));
      expect(await engine.read(own)).toEqual(new Float32Array(COUNT).fill(1));
    } finally {
      tape.end();
    }
  });

  test('adds up in the place of a parameter, as gradients do there', async () => {
    const slot = engine.tensor(new Float32Array(COUNT), [COUNT]);
    const tape = startTape(engine);
    try {
      tape.placeGradient(x, slot);
      const outputs = twoOutputs(tape);
      tape.backward(outputs[0], seed, { retain: true });
      tape.backward(outputs[1], seed);
      const [first, second] = [await alone(0), await alone(1)];
      const sums = await engine.read(slot);
      // The second walk's terms join the first's sum one by one: rounded in another order, by a few ulps of it.
      for (const [i, sum] of sums.entries()) {
        const wanted = (first[i] ?? Number.NaN) + (second[i] ?? Number.NaN);
        expect(Math.abs(sum - wanted)).toBeLessThanOrEqual(1e-6 * Math.abs(wanted));
      }
    } finally {
      tape.end();
      slot.dispose();
    }
  });

  test('cannot have parts that are recomputed', () => {
    const tape = startTape(engine);
    try {
      const output = tape.recompute('part', () => twoOutputs(tape)[0]);
      expect(() => tape.backward(output, seed, { retain: true })).toThrow(
        'backward: a tape with recomputed parts cannot be retained',
      );
      // Nothing was walked: it still can be, once.
      tape.backward(output, seed);
    } finally {
      tape.end();
    }
  });
});

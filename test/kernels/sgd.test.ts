import type { Engine } from '../../src/runtime/engine.ts';
import type { SgdOptions } from '../../src/kernels/sgd/sgd.ts';
import { add } from '../../src/kernels/add/add.ts';
import { addScaled, exponentialMovingAverage } from '../../src/kernels/sgd/flat_update.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseValues } from './case_values.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createSgd } from '../../src/kernels/sgd/sgd.ts';
import { movingAverageReference, sgdReference } from '../../src/kernels/sgd/reference.ts';
import { ParameterStore } from '../../src/runtime/parameters.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { sum } from '../../src/kernels/reduce/reduce.ts';
import { windows } from '../../src/kernels/sgd/windows.ts';

const specifications = [
  { name: 'stem', shape: [7, 3, 5] },
  { name: 'bias', shape: [1] },
  { name: 'trunk', shape: [97, 131] },
  { name: 'unused', shape: [65] },
  { name: 'head', shape: [64] },
] as const;

const normal = (count: number, name: string): Float64Array =>
  Float64Array.from(Float32Array.from(caseValues({ shape: [count], values: { kind: 'normal' } }, name)));

describe('sgd', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ guardMemory: true });
  });
  afterAll(() => engine.destroy());

  const groups = [
    { parameters: ['stem', 'trunk', 'unused'], learningRate: 0.1, weightDecay: 1e-4 },
    { parameters: ['bias', 'head'], learningRate: 1, weightDecay: 0.01 },
  ];
  const variants: readonly (readonly [string, SgdOptions])[] = [
    ['plain', { groups }],
    ['momentum', { groups, momentum: 0.9 }],
    ['nesterov', { groups, momentum: 0.9, nesterov: true }],
    // Room for 4096 elements: the 13,056 of this store take four launches.
    ['nesterov in windows', { groups, momentum: 0.9, nesterov: true, bindingLimit: 20_000 }],
  ];

  test.each(variants)('%s follows torch.optim.SGD over four steps', async (name, options) => {
    const store = new ParameterStore(engine, specifications);
    const sgd = createSgd(engine, store, options);
    try {
      const expected = store.entries.map((entry) => {
        const values = normal(entry.value.size, `${name} ${entry.name}`);
        engine.write(entry.value, Float32Array.from(values));
        return { values, velocities: new Float64Array(entry.value.size) };
      });
      for (let step = 0; step < 4; step++) {
        // `unused` never has a gradient, `head` has none in the second step, and the rate changes in between.
        const reached = new Set(['stem', 'bias', 'trunk', ...(step === 1 ? [] : ['head'])]);
        if (step === 2) sgd.setLearningRate(1, 0.5);
        for (const [index, entry] of store.entries.entries()) {
          const gradients = normal(entry.value.size, `${name} ${entry.name} ${step}`);
          engine.write(entry.gradient, Float32Array.from(gradients));
          const own = expected[index];
          if (own === undefined || !reached.has(entry.name)) continue;
          const group = ['bias', 'head'].includes(entry.name) ? 1 : 0;
          sgdReference(own.values, own.velocities, gradients, {
            learningRate: group === 1 && step >= 2 ? 0.5 : (groups[group]?.learningRate ?? Number.NaN),
            weightDecay: groups[group]?.weightDecay ?? Number.NaN,
            momentum: options.momentum ?? 0,
            nesterov: options.nesterov ?? false,
          });
        }
        sgd.step(reached);
      }
      for (const [index, entry] of store.entries.entries()) {
        const own = expected[index];
        const values = await engine.read(entry.value);
        const velocities = await engine.read(sgd.velocity(entry.name));
        let worst = 0;
        for (const [i, value] of values.entries()) {
          const valueError = Math.abs(value - (own?.values[i] ?? Number.NaN));
          const velocityError = Math.abs((velocities[i] ?? Number.NaN) - (own?.velocities[i] ?? Number.NaN));
          worst = Math.max(worst, valueError, velocityError);
        }
        // Values and velocities stay below 32: four steps of about five roundings of 2^-24 of that each.
        expect(worst, entry.name).toBeLessThanOrEqual(4 * 5 * 32 * 2 ** -24);
      }
      expect(sgd.learningRates).toEqual([0.1, 0.5]);
      await engine.verifyMemory();
    } finally {
      sgd.dispose();
      store.dispose();
    }
  });

  test('a step with a tape updates what backward reached, and only that', async () => {
    const store = new ParameterStore(engine, [
      { name: 'used', shape: [3] },
      { name: 'unused', shape: [3] },
      { name: 'frozen', shape: [3], trainable: false },
    ]);
    const sgd = createSgd(engine, store, {
      groups: [{ parameters: ['used', 'unused', 'frozen'], learningRate: 0.5, weightDecay: 0.5 }],
    });
    const one = engine.tensor(Float32Array.of(1), []);
    const stray = startTape(engine);
    const tape = startTape(engine);
    try {
      for (const { value } of store.entries) engine.write(value, Float32Array.of(2, 2, 2));
      engine.write(store.gradients, new Float32Array(store.gradients.size).fill(Number.NaN));
      stray.backward(sum(stray, store.get('used')), one);
      expect(() => sgd.step(stray)).toThrow(/placeGradients/);
      store.placeGradients(tape);
      tape.backward(sum(tape, add(tape, store.get('used'), store.get('frozen'))), one);
      sgd.step(tape);
      // 2 - 0.5 * (1 + 0.5 * 2) = 1, exactly.
      expect(await engine.read(store.get('used'))).toEqual(Float32Array.of(1, 1, 1));
      expect(await engine.read(store.get('unused'))).toEqual(Float32Array.of(2, 2, 2));
      expect(await engine.read(store.get('frozen'))).toEqual(Float32Array.of(2, 2, 2));
    } finally {
      stray.end();
      tape.end();
      one.dispose();
      sgd.dispose();
      store.dispose();
    }
  });

  test('a write that a capture refuses leaves the optimiser as it was', async () => {
    const own = await createEngine();
    try {
      const store = new ParameterStore(own, [
        { name: 'slow', shape: [1] },
        { name: 'fast', shape: [1] },
        { name: 'none', shape: [1] },
      ]);
      const sgd = createSgd(own, store, {
        groups: [
          { parameters: ['slow'], learningRate: 0.125 },
          { parameters: ['fast'], learningRate: 0.25 },
        ],
      });
      for (const { value, gradient } of store.entries)
        for (const tensor of [value, gradient]) own.write(tensor, Float32Array.of(1));
      expect(() => own.capture(() => sgd.step())).toThrow(/not within a capture/);
      expect(() => own.capture(() => sgd.setLearningRate(1, 9))).toThrow(/not within a capture/);
      expect(sgd.learningRates).toEqual([0.125, 0.25]);
      sgd.step();
      const values = await Promise.all(store.entries.map(({ value }) => own.read(value)));
      expect(values.map(([value]) => value)).toEqual([0.875, 0.75, 1]);
    } finally {
      own.destroy();
    }
  });

  test('misuse is refused at the call', () => {
    const store = new ParameterStore(engine, specifications);
    const make = (options: SgdOptions) => () => createSgd(engine, store, options);
    try {
      expect(make({ groups: [] })).toThrow(/sgd: groups is empty/);
      expect(make({ groups: [{ parameters: ['stam'], learningRate: 1 }] })).toThrow(/names stam/);
      expect(make({ groups: [0, 1].map(() => ({ parameters: ['stem'], learningRate: 1 })) })).toThrow(
        /stem is in two groups/,
      );
      expect(make({ groups: [{ parameters: ['stem'], learningRate: -1 }] })).toThrow(
        /learningRate of group 0 is -1/,
      );
      expect(make({ groups, nesterov: true })).toThrow(/nesterov needs a momentum/);
      const sgd = createSgd(engine, store, { groups });
      expect(() => sgd.setLearningRate(2, 1)).toThrow(/group is 2, wanted one of 0 to 1/);
      expect(() => sgd.velocity('stam')).toThrow(/stam/);
      sgd.dispose();
    } finally {
      store.dispose();
    }
  });
});

describe('flat updates', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ guardMemory: true });
  });
  afterAll(() => engine.destroy());

  test.each([0, 0.25, 0.9, 0.999, 1])('moving average with momentum %f', async (momentum) => {
    const expected = normal(1031, `slow ${momentum}`);
    const current = normal(1031, `current ${momentum}`);
    current[7] = expected[7] ?? 0;
    const slow = engine.tensor(Float32Array.from(expected), [1031]);
    const values = engine.tensor(Float32Array.from(current), [1031]);
    try {
      movingAverageReference(expected, current, momentum);
      exponentialMovingAverage(engine, slow, values, momentum);
      const got = await engine.read(slow);
      // Three roundings of values below 8 (a difference of two normals, and 1 - momentum in f32).
      for (const [i, value] of got.entries())
        expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThanOrEqual(3 * 8 * 2 ** -24);
      expect(got[7], 'equal values stay equal').toBe(current[7]);
      if (momentum === 0) expect(got).toEqual(Float32Array.from(current));
      await engine.verifyMemory();
    } finally {
      slow.dispose();
      values.dispose();
    }
  });

  test('adds scaled', async () => {
    const target = engine.tensor(Float32Array.of(1, 2, 3, 4, 5), [5]);
    const source = engine.tensor(Float32Array.of(2, 4, 6, 8, 10), [5]);
    try {
      addScaled(engine, target, source, 0.5);
      expect(await engine.read(target)).toEqual(Float32Array.of(2, 4, 6, 8, 10));
      await engine.verifyMemory();
      expect(() => addScaled(engine, target, source.slice(0, [4]), 1)).toThrow(/addScaled: shape of source/);
      expect(() => exponentialMovingAverage(engine, target, source, 2)).toThrow(/momentum is 2/);
    } finally {
      target.dispose();
      source.dispose();
    }
  });
});

test('flat updates leave the padding behind a parameter alone', async () => {
  const engine = await createEngine();
  const whole = engine.tensor(new Float32Array(8).fill(1), [8]);
  const source = engine.tensor(new Float32Array(8).fill(5), [8]);
  addScaled(engine, whole.slice(0, [5]), source.slice(0, [5]), 2);
  expect(await engine.read(whole)).toEqual(Float32Array.of(11, 11, 11, 11, 11, 1, 1, 1));
  exponentialMovingAverage(engine, whole.slice(0, [6]), source.slice(0, [6]), 0);
  expect(await engine.read(whole)).toEqual(Float32Array.of(5, 5, 5, 5, 5, 5, 1, 1));
  engine.destroy();
});

describe('windows', () => {
  test('cover everything once, aligned, within the limit', () => {
    expect(windows(10, 1000, 4)).toEqual([{ first: 0, size: 10 }]);
    expect(windows(10, 39, 4)).toEqual([
      { first: 0, size: 8 },
      { first: 8, size: 2 },
    ]);
    expect(windows(8, 32, 4)).toEqual([{ first: 0, size: 8 }]);
    expect(() => windows(8, 15, 4)).toThrow(/do not fit/);
  });
});

import type { Engine } from '../src/runtime/engine.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { add } from '../src/kernels/add/add.wgsl.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../src/runtime/create_engine.ts';
import { prior } from '../src/kernels/joint_head/prior.wgsl.ts';

// Each `@ts-expect-error` is a test by itself: tsc fails where the line below it compiles. The same calls, made from
// JavaScript, must throw.
let engine: Engine;
let a: Tensor;
let labels: Tensor<'u32'>;
let sum: Tensor;
beforeAll(async () => {
  engine = await createEngine();
  a = engine.zeros([4]);
  labels = engine.zeros([4], 'u32');
  sum = engine.zeros([4]);
});
afterAll(() => engine.destroy());

const launch = { params: { count: 1 }, workgroups: 1 } as const;

test('a missing buffer does not compile', () => {
  // @ts-expect-error b is missing
  expect(() => engine.run(add, { ...launch, buffers: { a, sum } })).toThrow(/add\/add: buffer b is missing/);
});

test('a buffer of another element type does not compile', () => {
  // @ts-expect-error b holds u32
  expect(() => engine.run(add, { ...launch, buffers: { a, b: labels, sum } })).toThrow(
    /element type of b is u32/,
  );
});

test('a misspelt buffer does not compile', () => {
  // @ts-expect-error total should be sum
  expect(() => engine.run(add, { ...launch, buffers: { a, b: a, total: sum } })).toThrow(
    /buffer sum is missing/,
  );
});

test('a missing, an unknown or a mistyped param does not compile', () => {
  const buffers = { a, b: a, sum };
  // @ts-expect-error count is missing
  expect(() => engine.run(add, { buffers, workgroups: 1, params: {} })).toThrow(/params\.count is missing/);
  // @ts-expect-error there is no param length
  expect(() => engine.run(add, { buffers, workgroups: 1, params: { count: 1, length: 1 } })).toThrow(
    /params\.length is unknown/,
  );
  // @ts-expect-error a param is a number
  expect(() => engine.run(add, { buffers, workgroups: 1, params: { count: '1' } })).toThrow(
    /params\.count is 1, wanted a u32/,
  );
});

test('an unknown constant does not compile', () => {
  const buffers = { a, b: a, sum };
  // @ts-expect-error add has no constant TILE
  expect(() => engine.run(add, { ...launch, buffers, constants: { TILE: 8 } })).toThrow(
    /constant TILE is unknown/,
  );
});

test('the table of one kernel does not fit another', () => {
  // @ts-expect-error prior wants locationLogits and prior
  expect(() => engine.run(prior, { ...launch, buffers: { a, b: a, sum } })).toThrow(
    /locationLogits is missing/,
  );
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { add } from '../../src/kernels/add/add.ts';
import { add as addKernel } from '../../src/kernels/add/add.wgsl.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { multiply } from '../../src/kernels/elementwise/binary.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const filled = (value: number): Float32Array<ArrayBuffer> => new Float32Array(64).fill(value);

/** x + x + x into `result`, by way of two intermediate tensors on a tape that ends. */
function triple(x: Tensor, result: Tensor): void {
  const tape = startTape(engine, { gradients: false });
  try {
    engine.copy(add(tape, add(tape, x, x), x), result);
  } finally {
    tape.end();
  }
}

test('a capture runs nothing; each replay computes from what is there then', async () => {
  const [x, result] = [engine.tensor(filled(1), [64]), engine.tensor(filled(-1), [64])];
  const capture = engine.capture(() => triple(x, result));
  expect(capture).toHaveLength(3);
  expect(await engine.read(result)).toEqual(filled(-1));
  for (const value of [2, 5]) {
    engine.write(x, filled(value));
    capture.replay();
    // Whatever is recorded behind a replay comes behind it.
    engine.write(x, filled(100));
    expect(await engine.read(result)).toEqual(filled(3 * value));
  }
  capture.dispose();
  expect(() => capture.replay()).toThrow(/replay: the capture has been disposed/);
  capture.dispose();
  x.dispose();
  result.dispose();
});

test('replays in a row see each other in order', async () => {
  const [x, y] = [engine.tensor(filled(1), [64]), engine.empty([64])];
  const capture = engine.capture(() => {
    triple(x, y);
    engine.copy(y, x);
  });
  for (let i = 0; i < 300; i++) {
    if (i % 10 === 0) engine.write(x, filled(1));
    capture.replay();
  }
  expect(await engine.read(x)).toEqual(filled(3 ** 10));
  // Disposed while its commands wait: they run all the same, however much later.
  engine.write(x, filled(1));
  capture.replay();
  capture.dispose();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await engine.read(x)).toEqual(filled(3));
  x.dispose();
  y.dispose();
});

test('nobody else gets a buffer that a capture writes, until it is disposed', async () => {
  const before = engine.memory();
  const [x, result] = [engine.tensor(filled(1), [64]), engine.empty([64])];
  const capture = engine.capture(() => triple(x, result));
  // The tape within has ended; its two tensors would be free but for the capture.
  expect(engine.memory().usedBuffers - before.usedBuffers).toBe(4);
  const others = [7, 8, 9].map((value) => engine.tensor(filled(value), [64]));
  capture.replay();
  expect(await Promise.all(others.map((tensor) => engine.read(tensor)))).toEqual([7, 8, 9].map(filled));
  for (const tensor of [x, result, ...others]) tensor.dispose();
  capture.dispose();
  expect(engine.memory().usedBuffers).toBe(before.usedBuffers);
});

test('a tensor made within lives on after its capture, and then goes back to the pool', async () => {
  const { usedBuffers } = engine.memory();
  const x = engine.tensor(filled(4), [64]);
  const made: Tensor[] = [];
  const capture = engine.capture(() => {
    const result = engine.empty([64]);
    made.push(result);
    triple(x, result);
  });
  capture.replay();
  capture.dispose();
  const [result] = made;
  if (result === undefined) throw new Error('nothing was captured');
  const other = engine.tensor(filled(0), [64]);
  expect(await engine.read(result)).toEqual(filled(12));
  for (const tensor of [x, result, other]) tensor.dispose();
  expect(engine.memory().usedBuffers).toBe(usedBuffers);
});

test('nor a buffer of an older tensor, though that has been disposed', async () => {
  const { usedBuffers } = engine.memory();
  const [x, target] = [engine.tensor(filled(1), [64]), engine.empty([64])];
  const capture = engine.capture(() => engine.copy(x, target));
  x.dispose();
  target.dispose();
  await engine.trim();
  const strangers = [7, 8, 9].map((value) => engine.tensor(filled(value), [64]));
  capture.replay();
  expect(await Promise.all(strangers.map((tensor) => engine.read(tensor)))).toEqual([7, 8, 9].map(filled));
  for (const tensor of strangers) tensor.dispose();
  capture.dispose();
  expect(engine.memory().usedBuffers).toBe(usedBuffers);
});

test('what backward gives back during the capture is still there at every replay', async () => {
  const { usedBuffers } = engine.memory();
  const x = engine.tensor(filled(3), [64], { requiresGradient: true });
  const [seed, result] = [engine.tensor(filled(1), [64]), engine.empty([64])];
  const tape = startTape(engine);
  // Made before the capture, given back by backward within it.
  const square = multiply(tape, x, x);
  const capture = engine.capture(() => {
    const cube = multiply(tape, square, x);
    tape.backward(cube, seed);
    engine.copy(tape.gradient(x) ?? seed, result);
    tape.end();
  });
  for (let i = 0; i < 2; i++) {
    const strangers = Array.from({ length: 8 }, () => engine.tensor(filled(1000), [64]));
    capture.replay();
    // d(x^3)/dx = 27
    expect(await engine.read(result)).toEqual(filled(27));
    for (const tensor of strangers) tensor.dispose();
  }
  capture.dispose();
  for (const tensor of [x, seed, result]) tensor.dispose();
  expect(engine.memory().usedBuffers).toBe(usedBuffers);
});

test('a capture may name a tensor made within another one that is gone', async () => {
  const { usedBuffers } = engine.memory();
  const [x, result] = [engine.tensor(filled(5), [64]), engine.empty([64])];
  const made: Tensor[] = [];
  const first = engine.capture(() => {
    const copied = engine.empty([64]);
    made.push(copied);
    engine.copy(x, copied);
  });
  first.replay();
  const [copied = x] = made;
  const second = engine.capture(() => engine.copy(copied, result));
  copied.dispose();
  first.dispose();
  const stranger = engine.tensor(filled(9), [64]);
  second.replay();
  expect(await engine.read(result)).toEqual(filled(5));
  second.dispose();
  for (const tensor of [x, result, stranger]) tensor.dispose();
  expect(engine.memory().usedBuffers).toBe(usedBuffers);
});

test('disposing of a capture hides no failure of recorded work', async () => {
  const x = engine.tensor(filled(1), [64]);
  const result = engine.empty([64]);
  const capture = engine.capture(() => engine.copy(x, result));
  const broken = {
    ...addKernel,
    name: 'add/broken',
    source: addKernel.source.replace('a[index]', 'c[index]'),
  };
  engine.run(broken, { buffers: { a: x, b: x, sum: result }, params: { count: 16 }, workgroups: 1 });
  capture.dispose();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(engine.sync()).rejects.toThrow(/add\/broken/);
  x.dispose();
  result.dispose();
  await engine.sync();
});

test('an engine that is destroyed replays nothing, and takes its captures along', async () => {
  const own = await createEngine();
  const x = own.zeros([64]);
  const capture = own.capture(() => own.clear(x));
  own.destroy();
  expect(() => capture.replay()).toThrow(/replay: the (capture|engine) has been/);
  capture.dispose();
});

test('what cannot be replayed is refused, and nothing stays behind', async () => {
  const { usedBuffers } = engine.memory();
  const x = engine.tensor(filled(1), [64]);
  const capture = engine.capture(() => triple(x, x.reshape([8, 8]).reshape([64])));
  expect(() => engine.capture(() => engine.write(x, filled(2)))).toThrow(/write: not within a capture/);
  expect(() => engine.capture(() => engine.tensor(filled(2), [64]))).toThrow(/tensor: not within a capture/);
  expect(() => engine.capture(() => void engine.capture(() => undefined))).toThrow(/capture: not within/);
  const asynchronous: () => unknown = () => Promise.resolve();
  expect(() => engine.capture(asynchronous)).toThrow(/capture: work is asynchronous/);
  expect(() => engine.capture(() => capture.replay())).toThrow(/replay: not within another capture/);
  let waiting: Promise<unknown> = Promise.resolve();
  const waits = engine.capture(() => {
    waiting = Promise.all([
      expect(engine.sync()).rejects.toThrow(/sync: not within a capture/),
      expect(engine.read(x)).rejects.toThrow(/read: not within a capture/),
    ]);
  });
  await waiting;
  const failing = (): void => {
    const tape = startTape(engine);
    add(tape, x, x);
    tape.end();
    throw new RangeError('on purpose');
  };
  expect(() => engine.capture(failing)).toThrow(/on purpose/);
  capture.dispose();
  waits.dispose();
  // The engine works on, outside of captures.
  engine.write(x, filled(3));
  expect(await engine.read(x)).toEqual(filled(3));
  x.dispose();
  expect(engine.memory().usedBuffers).toBe(usedBuffers);
  const guarded = await createEngine({ guardMemory: true });
  expect(() => guarded.capture(() => undefined)).toThrow(/capture: not with guardMemory/);
  guarded.destroy();
});

test('the profiler sees the kernels and shapes of a replay', async () => {
  if (!engine.capabilities.timestamps) return;
  const [x, result] = [engine.tensor(filled(1), [64]), engine.empty([64])];
  const capture = engine.capture(() => triple(x, result));
  const { samples } = await engine.profile(() => capture.replay());
  expect(samples.map(({ kernel, shape }) => [kernel, shape])).toEqual([
    ['add/add', '[64] [64] [64]'],
    ['add/add', '[64] [64] [64]'],
  ]);
  capture.dispose();
  x.dispose();
  result.dispose();
});

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { add } from '../../src/kernels/add/add.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { DisposedError, OutOfMemoryError } from '../../src/runtime/errors.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const filled = (value: number, size = 64): Float32Array<ArrayBuffer> => new Float32Array(size).fill(value);
const floats = (bytes: ArrayBuffer): Float32Array => new Float32Array(bytes);
const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, milliseconds));

/** target = x + x. */
function double(x: Tensor, target: Tensor): void {
  const tape = startTape(engine, { gradients: false });
  try {
    engine.copy(add(tape, x, x), target);
  } finally {
    tape.end();
  }
}

test('values leave after what came before, and what follows sees the result', async () => {
  const x = engine.tensor(filled(1), [64]);
  double(x, x);
  const work = engine.hostWorks.start([x], async (bytes) => {
    await later(20);
    return floats(bytes).map((value) => value + 10);
  });
  // Recorded after the values have left, so the work does not see it; and undone by the result.
  engine.write(x, filled(100));
  engine.hostWorks.finish(work, [x]);
  double(x, x);
  expect(await engine.read(x)).toEqual(filled(24));
  x.dispose();
});

test('several tensors leave and come back one behind the other', async () => {
  const [a, b] = [engine.tensor(filled(1, 3), [3]), engine.tensor(filled(2, 5), [5])];
  const work = engine.hostWorks.start([b, a], (bytes) => Promise.resolve(floats(bytes)));
  engine.hostWorks.finish(work, [a, b]);
  expect([...(await engine.read(a))]).toEqual([2, 2, 2]);
  expect([...(await engine.read(b))]).toEqual([2, 2, 1, 1, 1]);
  a.dispose();
  b.dispose();
});

test('works begin in the order of their recording, also where an earlier one is held up', async () => {
  const x = engine.tensor(filled(1), [64]);
  const begun: string[] = [];
  const begin = (name: string) => (bytes: ArrayBuffer) => {
    begun.push(name);
    return Promise.resolve(floats(bytes));
  };
  const first = engine.hostWorks.start([x], begin('first'), later(30));
  const second = engine.hostWorks.start([x], begin('second'));
  await engine.hostWorks.result(second);
  await engine.hostWorks.result(first);
  expect(begun).toEqual(['first', 'second']);
  x.dispose();
});

test('the GPU goes on while the CPU works', async () => {
  const [x, y] = [engine.tensor(filled(1), [64]), engine.tensor(filled(3), [64])];
  const { promise: hold, resolve: letGo } = Promise.withResolvers<undefined>();
  const work = engine.hostWorks.start([x], async (bytes) => {
    await hold;
    return floats(bytes);
  });
  double(y, y);
  const doubled = engine.read(y);
  engine.hostWorks.finish(work, [x]);
  expect(await doubled).toEqual(filled(6));
  letGo(undefined);
  expect(await engine.read(x)).toEqual(filled(1));
  x.dispose();
  y.dispose();
});

test('a capture works anew at every replay', async () => {
  const x = engine.tensor(filled(1), [64]);
  let runs = 0;
  const capture = engine.capture(() => {
    double(x, x);
    const work = engine.hostWorks.start([x], (bytes) => {
      runs += 1;
      return Promise.resolve(floats(bytes).map((value) => value + 1));
    });
    engine.hostWorks.finish(work, [x]);
    double(x, x);
  });
  // A replay makes 4 x + 2 of x: 1 -> 6 -> 26 -> 106.
  for (let replay = 0; replay < 3; replay++) capture.replay();
  expect(await engine.read(x)).toEqual(filled(106));
  expect(runs).toBe(3);
  capture.dispose();
  x.dispose();
});

test('works of one size, one after the other, pass through the same memory; at once, through memory of their own', async () => {
  const own = await createEngine();
  const x = own.tensor(filled(1), [64]);
  const create = vi.spyOn(own.device, 'createBuffer');
  const staged = (): number => create.mock.calls.filter(([{ label }]) => label === 'staging').length;
  const grow = (): void => {
    const work = own.hostWorks.start([x], (bytes, room) => {
      for (const [index, value] of floats(bytes).entries()) room[index] = value + 1;
      return Promise.resolve(room);
    });
    own.hostWorks.finish(work, [x]);
  };
  for (let round = 0; round < 3; round++) {
    grow();
    await own.flush();
  }
  // One to come through, one to go back through.
  expect(staged()).toBe(2);
  const works = [1, 2].map((value) =>
    own.hostWorks.start([x], (bytes) => Promise.resolve(floats(bytes).map((old) => old + value))),
  );
  for (const work of works) own.hostWorks.finish(work, [x]);
  expect(await own.read(x)).toEqual(filled(6));
  // Two of the works before, two for the second of these, one for reading.
  expect(staged()).toBe(5);
  own.destroy();
});

describe('the memory that values pass through', () => {
  const SIZE = 4096;
  /** What one work of a tensor takes: 16 KiB to come through, and as much to go back. */
  const BYTES = 2 * 4 * SIZE;
  const values = (bytes: ArrayBuffer) => Promise.resolve(floats(bytes));
  const failing = () => Promise.reject(new Error('the other side is gone'));

  test.each([
    ['is kept for the next work', values, BYTES],
    ['is given back where a work fails', failing, 0],
    ['is kept where a result does not fit', () => Promise.resolve(new Float32Array(3)), BYTES],
  ])('%s, and told', async (_, work, left) => {
    const own = await createEngine();
    const x = own.tensor(filled(1, SIZE), [SIZE]);
    own.hostWorks.finish(own.hostWorks.start([x], work), [x]);
    await own.sync().catch(() => undefined);
    const { stagingBytes, usedBytes, freeBytes, peakBytes } = own.memory();
    expect(stagingBytes).toBe(left);
    own.empty([1]).dispose();
    expect(own.memory().peakBytes).toBeGreaterThanOrEqual(usedBytes + freeBytes + left);
    expect(peakBytes).toBeLessThanOrEqual(own.memory().peakBytes);
    // Whatever was kept serves.
    own.hostWorks.finish(own.hostWorks.start([x], values), [x]);
    expect(await own.read(x)).toEqual(filled(1, SIZE));
    expect(own.memory().stagingBytes).toBe(BYTES);
    await own.trim();
    expect(own.memory().stagingBytes).toBe(0);
    own.destroy();
  });

  test('counts against memoryLimit: works are refused for want of room, and what they left makes room for tensors', async () => {
    const own = await createEngine({ memoryLimit: 2.5 * BYTES });
    const x = own.tensor(filled(1, SIZE), [SIZE]);
    const large = own.empty([3 * SIZE]);
    expect(() => own.hostWorks.start([x], values)).toThrow(OutOfMemoryError);
    expect(() => own.hostWorks.start([x], values)).toThrow(
      'hostWork: needs 32768 bytes beside the 65536 that the engine holds, but its memoryLimit is 81920;',
    );
    large.dispose();
    own.hostWorks.finish(own.hostWorks.start([x], values), [x]);
    expect(await own.read(x)).toEqual(filled(1, SIZE));
    own.empty([3 * SIZE]).dispose();
    expect(own.memory().stagingBytes).toBe(0);
    own.destroy();
  });
});

test('a failed work fails what waits for it, and no later work', async () => {
  const x = engine.tensor(filled(1), [64]);
  const work = engine.hostWorks.start([x], () => Promise.reject(new Error('the other side is gone')));
  engine.hostWorks.finish(work, [x]);
  await expect(engine.read(x)).rejects.toThrow(/the other side is gone/);
  expect(await engine.read(x)).toEqual(filled(1));
  const short = engine.hostWorks.start([x], () => Promise.resolve(new Float32Array(3)));
  engine.hostWorks.finish(short, [x]);
  await expect(engine.read(x)).rejects.toThrow(
    /length of the result is 3, wanted 64 for its targets, and its sources/,
  );
  x.dispose();
});

test('values that were brought along after a work that fails stay', async () => {
  const x = engine.tensor(filled(1), [64]);
  const work = engine.hostWorks.start([x], () => Promise.reject(new Error('the other side is gone')));
  engine.hostWorks.finish(work, [x]);
  const weights = engine.tensor(filled(7), [64]);
  double(weights, weights);
  await expect(engine.sync()).rejects.toThrow(/the other side is gone/);
  expect(await engine.read(weights)).toEqual(filled(7));
  x.dispose();
  weights.dispose();
});

test('a result that the end of the engine takes away is an error', async () => {
  const own = await createEngine();
  const x = own.tensor(filled(1), [64]);
  const work = own.hostWorks.start([x], (bytes) => Promise.resolve(floats(bytes)));
  const result = own.hostWorks.result(work);
  own.destroy();
  await expect(result).rejects.toThrow(DisposedError);
  await expect(own.hostWorks.result(work)).rejects.toThrow(DisposedError);
});

test('a result that comes after the end of the engine is not written', async () => {
  const own = await createEngine();
  const x = own.tensor(filled(1), [64]);
  const values = Promise.withResolvers<Float32Array>();
  const begun = Promise.withResolvers<void>();
  const work = own.hostWorks.start([x], () => {
    begun.resolve();
    return values.promise;
  });
  own.hostWorks.finish(work, [x]);
  const read = own.read(x);
  await begun.promise;
  own.destroy();
  const submit = vi.spyOn(own.device.queue, 'submit');
  values.resolve(filled(2));
  await expect(read).rejects.toThrow(DisposedError);
  await later(20);
  expect(submit).not.toHaveBeenCalled();
  submit.mockRestore();
});

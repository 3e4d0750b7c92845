import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelModule } from '../../src/runtime/kernel.ts';
import { add } from '../../src/kernels/add/add.ts';
import { add as addKernel } from '../../src/kernels/add/add.wgsl.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { Engine } from '../../src/runtime/engine.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const ramp = (count: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: count }, (_, i) => i);

describe('tensors', () => {
  test('values come back as they went in, for every element type', async () => {
    const arrays = [
      Float32Array.of(1.5, -0, 3e38),
      Uint32Array.of(0, 1, 2 ** 32 - 1),
      Int32Array.of(-(2 ** 31), 0, 7),
    ];
    for (const values of arrays) {
      const tensor = engine.tensor(values, [3]);
      expect(await engine.read(tensor)).toEqual(values);
      tensor.dispose();
    }
  });

  test('an upload keeps its place among recorded work', async () => {
    const tape = startTape(engine, { gradients: false });
    const x = engine.tensor(Float32Array.of(1, 2), [2]);
    try {
      const before = add(tape, x, x);
      engine.write(x, Float32Array.of(10, 20));
      const after = add(tape, x, x);
      expect([await engine.read(before), await engine.read(after)]).toEqual([
        Float32Array.of(2, 4),
        Float32Array.of(20, 40),
      ]);
    } finally {
      tape.end();
      x.dispose();
    }
  });

  test('a buffer at rest serves what takes at least half of it, and what fits better comes first', async () => {
    await engine.trim();
    const { usedBytes } = engine.memory();
    const free = (): number => engine.memory().freeBuffers;
    const [large, middle] = [engine.empty([4096]), engine.empty([3072])];
    for (const made of [large, middle]) made.dispose();
    expect(free()).toBe(2);
    const same = engine.empty([3072]);
    expect(engine.memory().usedBytes - usedBytes).toBe(4 * 3072);
    same.dispose();
    const second = engine.empty([2048]);
    expect(engine.memory().usedBytes - usedBytes).toBe(4 * 3072);
    const third = engine.empty([2048]);
    expect(engine.memory().usedBytes - usedBytes).toBe(4 * (3072 + 4096));
    for (const made of [second, third]) made.dispose();
    const small = engine.empty([1024]);
    expect(free()).toBe(2);
    small.dispose();
    expect(engine.memory().usedBytes).toBe(usedBytes);
    expect(engine.memory().freeBytes).toBe(4 * (1024 + 3072 + 4096));
  });

  test('zeros overwrites what a reused buffer held', async () => {
    const used = engine.tensor(ramp(100), [100]);
    used.dispose();
    const zeros = engine.zeros([100]);
    expect(await engine.read(zeros)).toEqual(new Float32Array(100));
    zeros.dispose();
  });

  test.each([[[0]], [[2, -1]], [[1.5]], [[65_536, 65_536]]])('shape %j is refused', (shape) => {
    expect(() => engine.empty(shape)).toThrow(/empty: shape/);
  });

  test('misuse throws at the call, naming operation and argument', () => {
    const x = engine.tensor(ramp(6), [2, 3]);
    const y = engine.tensor(ramp(6), [3, 2]);
    const tape = startTape(engine);
    expect(() => engine.tensor(ramp(5), [2, 3])).toThrow(
      /tensor: number of values is 5, wanted 6 for \[2,3\]/,
    );
    expect(() => engine.write(x, ramp(7))).toThrow(/write: number of values is 7/);
    expect(() => add(tape, x, y)).toThrow(/add: shape of b is \[3,2\], wanted \[2,3\]/);
    expect(() => x.reshape([4])).toThrow(/reshape/);
    expect(() => engine.copy(x, x.reshape([6]))).toThrow(/copy: source and target share a buffer/);
    x.dispose();
    expect(() => add(tape, x, x)).toThrow(/add\/add: tensor \[2,3\] has been disposed/);
    y.dispose();
    tape.end();
    expect(() => tape.empty([1])).toThrow(/the tape has ended/);
  });

  test('a tensor of another engine is refused', async () => {
    const other = await createEngine();
    const mine = engine.zeros([4]);
    const foreign = other.zeros([4]);
    const tape = startTape(engine, { gradients: false });
    try {
      expect(() => add(tape, mine, foreign)).toThrow(/add\/add: b belongs to another engine/);
    } finally {
      tape.end();
      mine.dispose();
      other.destroy();
    }
  });

  test('a buffer beyond the limit of the device is refused with what to do', () => {
    const elements = Math.floor(engine.device.limits.maxBufferSize / 4) + 64;
    if (elements >= 2 ** 32) return expect(() => engine.empty([elements])).toThrow(/2\^32/);
    return expect(() => engine.empty([elements])).toThrow(/the adapter allows .* smaller batch/);
  });
});

describe('launches', () => {
  const launch = (overrides: object): void => {
    const [a, sum] = [engine.zeros([4]), engine.empty([4])];
    try {
      const call = { buffers: { a, b: a, sum }, params: { count: 1 }, workgroups: 1, ...overrides };
      engine.run<typeof addKernel>(addKernel, call);
    } finally {
      a.dispose();
      sum.dispose();
    }
  };

  test('wrong buffers, params, constants and grids are refused by name', () => {
    const a = engine.zeros([4]);
    const labels = engine.zeros([4], 'u32');
    expect(() => launch({ buffers: { a, b: a } })).toThrow(/add\/add: buffer sum is missing/);
    expect(() => launch({ buffers: { a, b: labels, sum: a } })).toThrow(/element type of b is u32/);
    expect(() => launch({ buffers: { a, b: a, sum: a } })).toThrow(/a and sum share a buffer/);
    expect(() => launch({ params: {} })).toThrow(/params.count is missing/);
    expect(() => launch({ params: { count: -1 } })).toThrow(/params.count is -1/);
    expect(() => launch({ params: { count: 1, size: 2 } })).toThrow(/params.size is unknown/);
    expect(() => launch({ constants: { TILE: 8 } })).toThrow(/constant TILE is unknown/);
    expect(() => launch({ constants: { WORKGROUP: 0.5 } })).toThrow(/constant WORKGROUP is 0.5/);
    expect(() => launch({ workgroups: [1, 1, 70_000] })).toThrow(/grid \[1,1,70000\]/);
    a.dispose();
    labels.dispose();
  });

  test('a kernel that does not compile rejects with its name, place and message', async () => {
    const broken = {
      ...addKernel,
      name: 'add/broken',
      source: addKernel.source.replace('a[index]', 'c[index]'),
    };
    const [a, sum] = [engine.zeros([4]), engine.zeros([4])];
    const before = engine.tensor(ramp(4), [4]);
    engine.run(addKernel, { buffers: { a: before, b: before, sum: a }, params: { count: 1 }, workgroups: 1 });
    engine.run(broken, { buffers: { a, b: a, sum }, params: { count: 1 }, workgroups: 1 });
    const after = engine.tensor(ramp(4), [4]);
    engine.copy(sum, before);
    await expect(engine.sync()).rejects.toThrow(
      /add\/broken: the kernel does not compile\n.*add\/broken.wgsl:\d+:\d+/,
    );
    // What came before it ran; of what follows it only the upload did.
    expect(await engine.read(a)).toEqual(ramp(4).map((value) => 2 * value));
    expect(await engine.read(after)).toEqual(ramp(4));
    expect(await engine.read(before)).toEqual(ramp(4));
    for (const tensor of [a, sum, before, after]) tensor.dispose();
  });

  test('a WebGPU validation error rejects the next read, once', async () => {
    const module: KernelModule = { ...addKernel, params: null };
    const [a, sum] = [engine.zeros([4]), engine.empty([4])];
    // The batch that holds the error is dropped by WebGPU: what must stay is sent before.
    await engine.sync();
    engine.run(module, { buffers: { a, b: a, sum }, params: {}, workgroups: 1 });
    await expect(engine.sync()).rejects.toThrow(/add\/add/);
    expect(await engine.read(a)).toEqual(new Float32Array(4));
    a.dispose();
    sum.dispose();
  });

  test('many launches take few submits', async () => {
    const x = engine.zeros([4]);
    const tape = startTape(engine, { gradients: false });
    add(tape, x, x);
    await engine.sync();
    const before = engine.submits;
    for (let i = 0; i < 500; i++) tape.release(add(tape, x, x));
    await engine.sync();
    expect(engine.submits - before).toBeLessThanOrEqual(4);
    tape.end();
    x.dispose();
  });
});

test('trim spares what others recorded while it waited', async () => {
  const x = engine.tensor(ramp(64), [64]);
  const trimming = engine.trim();
  const tape = startTape(engine, { gradients: false });
  const sum = engine.empty([64]);
  engine.copy(add(tape, x, x), sum);
  tape.end();
  await trimming;
  expect(await engine.read(sum)).toEqual(ramp(64).map((value) => 2 * value));
  x.dispose();
  sum.dispose();
});

test('bind groups are bounded when no shape ever repeats', async () => {
  const x = engine.zeros([64 * 2500]);
  const target = engine.empty([64 * 2500]);
  for (let i = 0; i < 2500; i++) {
    const b = x.slice(64 * i, [4]);
    engine.run(addKernel, {
      buffers: { a: b, b, sum: target.slice(64 * i, [4]) },
      params: { count: 1 },
      workgroups: 1,
    });
    if (i % 500 === 0) await engine.flush();
  }
  await engine.sync();
  expect(engine.bindGroups).toBeLessThan(2300);
  x.dispose();
  target.dispose();
});

test.each([{ memoryLimit: NaN }, { memoryLimit: -1 }, { dispatchWork: 0 }, { dispatchWork: NaN }])(
  'a limit that is none is refused: %o',
  async (options) => {
    await expect(createEngine(options)).rejects.toThrow(/createEngine: \w+ is \S+, wanted a number above 0/);
  },
);

test('a subgroup size that the platform does not tell is unknown', () => {
  const { device, adapter } = engine;
  const silent = new Engine(device, { ...adapter, subgroupMinSize: 0, subgroupMaxSize: 0 });
  expect(silent.capabilities.subgroupSize).toBeNull();
  silent.destroy();
});

test('a profile counts launches, work and time', async () => {
  if (!engine.capabilities.timestamps) {
    await expect(engine.profile(() => undefined)).rejects.toThrow(/timestamp-query/);
    return;
  }
  const x = engine.zeros([1 << 16]);
  const tape = startTape(engine, { gradients: false });
  const profile = await engine.profile(() => {
    for (let i = 0; i < 3; i++) add(tape, x, x);
  });
  tape.end();
  x.dispose();
  const [row] = profile.rows();
  expect(row).toMatchObject({ kernel: 'add/add', calls: 3, shape: '[65536] [65536] [65536]' });
  expect(row?.milliseconds).toBeGreaterThan(0);
  expect(row?.gigabytesPerSecond).toBeCloseTo((3 * 12 * 65_536) / ((row?.milliseconds ?? 0) * 1e6), 6);
  expect(String(profile)).toMatch(/kernel +shape +calls +ms/);
});

test('a lost device ends pending and later calls with one typed error', async () => {
  const doomed = await createEngine();
  const x = doomed.zeros([4]);
  const pending = Promise.allSettled([doomed.read(x), doomed.sync()]);
  doomed.device.destroy();
  for (const outcome of await pending)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'DeviceLostError' } });
  await doomed.device.lost;
  await expect(doomed.sync()).rejects.toThrow(/the GPU device was lost .* make a new engine/);
  expect(() => doomed.empty([1])).toThrow(/the GPU device was lost/);
  doomed.destroy();
  expect(() => doomed.empty([1])).toThrow(/destroyed/);
});

import { afterEach, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { add } from '../../src/kernels/add/add.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { DisposedError } from '../../src/runtime/errors.ts';
import { collectGarbage } from '../../tools/soak/garbage.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { TensorTracker } from '../../src/runtime/tensor_tracker.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function forgetTensor(engine: Engine): void {
  engine.zeros([3, 5]);
}

function forgetTape(engine: Engine): void {
  const x = engine.zeros([7, 9]);
  add(startTape(engine), x, x);
  x.dispose();
}

test('a tracker names what holds memory, and where it was made', async () => {
  const tensorTracker = new TensorTracker();
  const engine = await createEngine({ tensorTracker });
  const kept = engine.tensor(Float32Array.of(1, 2), [2]);
  const tape = startTape(engine, { gradients: false });
  add(tape, kept, kept);
  expect(tensorTracker.live()).toMatchObject([
    { shape: [2], dtype: 'f32', bytes: 256 },
    { shape: [2], dtype: 'f32', bytes: 256 },
  ]);
  expect(tensorTracker.live()[0]?.madeAt).toContain('tensor_tracking.test.ts');
  expect(tensorTracker.live()[1]?.madeAt).toMatch(/add\.ts[\s\S]*tensor_tracking\.test\.ts/);
  tape.end();
  expect(tensorTracker.live()).toHaveLength(1);
  kept.dispose();
  expect(tensorTracker.live()).toEqual([]);
  engine.destroy();
});

test('what is collected as garbage without having been given back is warned of, with where it was made', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const tensorTracker = new TensorTracker();
  const engine = await createEngine({ tensorTracker });
  engine.zeros([2]).dispose();
  const tape = startTape(engine);
  tape.empty([4]);
  tape.end();
  forgetTensor(engine);
  forgetTape(engine);
  await engine.sync();
  await collectGarbage(() => warn.mock.calls.length >= 2);
  const warnings = warn.mock.calls.map(([text]) => String(text)).toSorted();
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/tensor \[3,5\] was collected without dispose\(\)[\s\S]*forgetTensor/);
  expect(warnings[1]).toMatch(/tensor \[7,9\] was collected[\s\S]*forgetTape/);
  expect(tensorTracker.live().map(({ shape }) => shape)).toEqual([
    [3, 5],
    [7, 9],
  ]);
  engine.destroy();
});

test('what an engine takes along when it is destroyed is not a leak', async () => {
  const tensorTracker = new TensorTracker();
  const [engine, other] = [await createEngine({ tensorTracker }), await createEngine({ tensorTracker })];
  engine.zeros([2]);
  other.zeros([3]);
  engine.destroy();
  expect(tensorTracker.live().map(({ shape }) => shape)).toEqual([[3]]);
  other.destroy();
  expect(tensorTracker.live()).toEqual([]);
});

test('a view is disposed with the tensor whose memory it looks at', async () => {
  const engine = await createEngine();
  const tensor = engine.zeros([2, 64]);
  const view = tensor.slice(64, [64]).reshape([8, 8]);
  expect(view.disposed).toBe(false);
  tensor.dispose();
  expect(view.disposed).toBe(true);
  expect(() => view.reshape([64])).toThrow(DisposedError);
  await expect(engine.read(view)).rejects.toThrow(/read: tensor \[8,8\] has been disposed/);
  engine.destroy();
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attribution } from '../../src/attribution/attribute.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { add } from '../../src/kernels/add/add.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { execFile } from 'node:child_process';
import { fakeDevice } from './fake_device.ts';
import { join } from 'node:path';
import { OutOfMemoryError, UnsupportedError } from '../../src/runtime/errors.ts';
import { patchBatch, smallModel } from '../train/patches.ts';
import { promisify } from 'node:util';
import { startTape } from '../../src/kernels/tape.ts';

let unlimited: Engine;
beforeAll(async () => {
  unlimited = await createEngine();
});
afterAll(() => unlimited.destroy());

const MIB = 2 ** 20;
const elements = (mebibytes: number): number => (mebibytes * MIB) / 4;

describe('memoryLimit', () => {
  test('is kept, and the error says what to do', async () => {
    const engine = await createEngine({ memoryLimit: 3 * MIB });
    const first = engine.zeros([elements(2)]);
    expect(() => engine.empty([elements(2)])).toThrow(OutOfMemoryError);
    expect(() => engine.empty([elements(2)])).toThrow(
      /tensor \[524288\]: needs 2097152 bytes beside the 2097152 that the engine holds, but its memoryLimit is 3145728; use a smaller batch/,
    );
    expect(engine.memory().usedBytes).toBe(2 * MIB);
    first.dispose();
    engine.empty([elements(2)]).dispose();
    engine.destroy();
  });

  test('gives what is at rest back before it refuses', async () => {
    const engine = await createEngine({ memoryLimit: 3 * MIB });
    engine.zeros([elements(2)]).dispose();
    expect(engine.memory().freeBytes).toBe(2 * MIB);
    // Too large for the buffer at rest, and both together too large for the limit.
    const large = engine.tensor(new Float32Array(elements(2.5)).fill(7), [elements(2.5)]);
    expect(engine.memory()).toMatchObject({ usedBytes: 2.5 * MIB, freeBytes: 0 });
    expect((await engine.read(large)).every((value) => value === 7)).toBe(true);
    engine.destroy();
  });
});

describe('a lack of memory that the device tells of', () => {
  test('rejects what waits, and its buffer is not used again', async () => {
    // Of its own: engines on one device hear of each other's errors.
    const real = await createEngine();
    const fake = fakeDevice(real.device);
    const engine = await createEngine({ device: fake.device });
    const small = engine.tensor(Float32Array.of(1, 2), [2]);
    await engine.sync();
    fake.allow(MIB);
    const refused = engine.empty([elements(2)]);
    await expect(engine.read(small)).rejects.toThrow(
      /tensor \[524288\]: no memory for 2097152 bytes beside the 256 bytes in use; use a smaller batch/,
    );
    fake.allow(Infinity);
    refused.dispose();
    expect(engine.memory()).toMatchObject({ usedBytes: 256, freeBytes: 0 });
    const again = engine.tensor(new Float32Array(elements(2)).fill(3), [elements(2)]);
    expect((await engine.read(again))[5]).toBe(3);
    engine.destroy();
    real.destroy();
  });

  test('is noticed of a buffer that was given back before', async () => {
    const real = await createEngine();
    const fake = fakeDevice(real.device);
    const engine = await createEngine({ device: fake.device });
    fake.allow(MIB);
    engine.empty([elements(2)]).dispose();
    await expect(engine.sync()).rejects.toThrow(OutOfMemoryError);
    expect(engine.memory()).toMatchObject({ usedBytes: 0, freeBytes: 0, freeBuffers: 0 });
    engine.destroy();
    real.destroy();
  });
});

describe('less at a time', () => {
  /** Twelve images, of which each batch has fewer from limit to limit. */
  const batch = patchBatch(3, 12);
  async function* batches(): AsyncGenerator<typeof batch> {
    yield await Promise.resolve(batch);
    yield await Promise.resolve(patchBatch(4, 5));
  }

  /** Peak bytes that evaluating whole batches takes beyond the model. */
  async function evaluated(
    engine: Engine,
  ): Promise<{ probabilities: Float32Array; images: number; bytes: number }> {
    const model = smallModel(engine);
    await engine.trim();
    const { usedBytes } = engine.memory();
    const { probabilities, images } = await evaluate(model, batches());
    const bytes = engine.memory().peakBytes - usedBytes;
    expect(engine.memory().usedBytes).toBe(usedBytes);
    model.dispose();
    return { probabilities, images, bytes };
  }

  const close = (got: Float32Array, wanted: Float32Array): void => {
    expect(got.length).toBe(wanted.length);
    // Kernels may be tiled otherwise for fewer images: rounding of float32 sums over some hundred terms.
    for (const [index, value] of got.entries()) expect(value).toBeCloseTo(wanted[index] ?? Number.NaN, 5);
  };

  test('evaluates batches in parts where they do not fit, to the same numbers', async () => {
    const fresh = await createEngine();
    const whole = await evaluated(fresh);
    fresh.destroy();
    const model = await createEngine();
    const modelBytes = ((): number => {
      const made = smallModel(model);
      return made.engine.memory().usedBytes;
    })();
    model.destroy();
    const engine = await createEngine({ memoryLimit: modelBytes + whole.bytes / 3 });
    const parts = await evaluated(engine);
    engine.destroy();
    expect(parts.images).toBe(17);
    expect(parts.bytes).toBeLessThan(whole.bytes / 2);
    close(parts.probabilities, whole.probabilities);
  });

  test('evaluates in parts when the device tells of it late, too', async () => {
    const whole = await evaluated(unlimited);
    const real = await createEngine();
    const fake = fakeDevice(real.device);
    const engine = await createEngine({ device: fake.device });
    // A batch of 12 has an activation [12,10,10,8]: 38,400 bytes; six images fit.
    let refused = 0;
    fake.allow(30_000, () => refused++);
    const parts = await evaluated(engine);
    expect(refused).toBeGreaterThan(0);
    engine.destroy();
    real.destroy();
    close(parts.probabilities, whole.probabilities);
  });

  test('explains in parts, each image by its own classes', async () => {
    const explain = async (engine: Engine, onModel: () => void = () => undefined): Promise<Attribution> => {
      const model = smallModel(engine);
      await engine.sync();
      onModel();
      const pixels = Float32Array.from({ length: 7 * 20 * 20 * 3 }, (_, i) => Math.sin(i));
      return attribute(model, engine.tensor(pixels, [7, 20, 20, 3]), {
        methods: ['joint', 'saliency', 'grad-cam', 'gradient', 'counterfactual'],
        classes: (_, image) => [image % 3],
        versus: Array.from({ length: 7 }, (_, image) => [(image + 1) % 3]),
      });
    };
    const wanted = await explain(unlimited);
    const real = await createEngine();
    const fake = fakeDevice(real.device);
    const engine = await createEngine({ device: fake.device });
    let refused = 0;
    // The images take a buffer of 36,864 bytes, what the first convolution packs of them more.
    const got = await explain(engine, () => fake.allow(36_864, () => refused++));
    expect(refused).toBeGreaterThan(0);
    engine.destroy();
    real.destroy();
    expect(got.classes).toEqual([[0], [1], [2], [0], [1], [2], [0]]);
    for (const [index, values] of got.probabilities.entries())
      close(values, wanted.probabilities[index] ?? new Float32Array());
    expect([...got.maps.keys()]).toEqual([...wanted.maps.keys()]);
    for (const [method, maps] of wanted.maps)
      for (const [image, ofImage] of maps.entries())
        close(
          got.maps.get(method)?.[image]?.[0]?.data ?? new Float32Array(),
          ofImage[0]?.data ?? new Float32Array(),
        );
  });

  test('training is not cut silently: batch norms would see parts. It says what to do', async () => {
    const size = await createEngine();
    smallModel(size);
    const engine = await createEngine({ memoryLimit: size.memory().usedBytes + 100_000 });
    size.destroy();
    const model = smallModel(engine);
    const one = async function* (): AsyncGenerator<typeof batch> {
      yield await Promise.resolve(batch);
    };
    const options = { epoch: 1, stepsPerEpoch: 1 };
    const trainer = createTrainer(model, { learningRate: 0.01 });
    await expect(trainer.trainEpoch(one(), options)).rejects.toThrow(/memoryLimit.*microBatchSize/);
    trainer.dispose();
    await engine.sync();
    engine.destroy();
  });
});

test('a tensor beyond what a binding takes is refused by name, whatever its buffer', async () => {
  const engine = await createEngine({ limits: {} });
  const { maxStorageBufferBindingSize } = engine.device.limits;
  const x = engine.empty([maxStorageBufferBindingSize / 4 + 64]);
  const tape = startTape(engine, { gradients: false });
  expect(() => add(tape, x, x)).toThrow(OutOfMemoryError);
  expect(() => add(tape, x, x)).toThrow(
    /add\/add: a \[33554496\] takes 134217984 bytes, but the adapter binds at most 134217728; use a smaller batch/,
  );
  tape.end();
  engine.destroy();
});

test('limits that the adapter does not have are refused with what it says', async () => {
  const asked = createEngine({ limits: { maxBufferSize: 2 ** 52 } });
  await expect(asked).rejects.toThrow(UnsupportedError);
  await expect(asked).rejects.toThrow(/createEngine: WebGPU gives no device.*maxBufferSize/s);
});

describe.skipIf(process.platform !== 'linux')('a process whose memory is used up', () => {
  const child = join(import.meta.dirname, 'out_of_memory_child.ts');

  /** What it prints under a limit of addresses that is little more than Node needs for itself. */
  async function underLimit(mode: string): Promise<string> {
    const command = `ulimit -v 4000000; exec "${process.execPath}" --max-old-space-size=300 "${child}" ${mode}`;
    const { stdout } = await promisify(execFile)('bash', ['-c', command], {
      // SwiftShader takes the memory of a buffer when it is made; lavapipe when it is first touched, and then dies.
      env: { ...process.env, CALM_ADAPTER: 'swiftshader' },
      timeout: 120_000,
    });
    return stdout;
  }

  test("gets the device's own error, and goes on", async () => {
    const output = await underLimit('unlimited');
    expect(output).toContain('OutOfMemoryError: tensor [134217728]: no memory for 536870912 bytes');
    expect(output).toContain('then 1,2,3,4');
  });

  // Nine tenths of what the system gives the process, or its part of that.
  test.each([
    ['default', 3_686_400_000],
    ['shared', 1_843_200_000],
  ])('is held back by the %s limit of a software adapter before that', async (mode, limit) => {
    const output = await underLimit(mode);
    expect(output).toContain('OutOfMemoryError: tensor [134217728]: ');
    expect(output).toContain(` but its memoryLimit is ${limit};`);
    expect(output).toContain('then 1,2,3,4');
  });
});

test.each([0, NaN, -1])('createEngine refuses %s processes', async (processes) => {
  await expect(createEngine({ processes })).rejects.toThrow(
    /createEngine: processes is .*, wanted a number >= 1/,
  );
});

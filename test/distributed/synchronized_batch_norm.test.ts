import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { batchNorm } from '../../src/kernels/batch_norm/batch_norm.ts';
import { connectInProcess } from './in_process.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { DataParallel } from '../../src/distributed/data_parallel.ts';
import { mergeMoments } from '../../src/distributed/batch_statistics.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { startTape } from '../../src/kernels/tape.ts';

/** A device for each rank: a queue that waits for the other rank must not be that one's too. */
let engines: Engine[] = [];
beforeAll(async () => {
  engines = [await createEngine(), await createEngine()];
});
afterAll(() => {
  for (const engine of engines) engine.destroy();
});

const [HEIGHT, CHANNELS] = [5, 6];
const ROW = HEIGHT * CHANNELS;

/** Values around means that differ between images, so that a rank's own statistics are far from the batch's. */
function numbers(seed: number, images: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from(
    { length: images * ROW },
    (_, index) => random.normal() + 3 * Math.floor(index / ROW) + (index % CHANNELS),
  );
}

interface Result {
  readonly output: number[];
  readonly inputGradient: number[];
  readonly scaleGradient: number[];
  readonly shiftGradient: number[];
  readonly running: number[];
}

/** Forward and backward of images `first` to `end` of a batch; `parallel` where others have the rest. */
async function run(
  engine: Engine,
  [first, end]: readonly [number, number],
  images: number,
  parallel: DataParallel | null,
): Promise<Result> {
  const own = end - first;
  const slice = (values: Float32Array): Float32Array => values.subarray(first * ROW, end * ROW);
  const shape = [own, HEIGHT, CHANNELS];
  const input = engine.tensor(slice(numbers(1, images)), shape, { requiresGradient: true });
  const outputGradient = engine.tensor(slice(numbers(2, images)), shape);
  const parameter = (value: number) =>
    engine.tensor(
      new Float32Array(CHANNELS).map((_, c) => value + 0.1 * c),
      [CHANNELS],
      { requiresGradient: true },
    );
  const [scale, shift] = [parameter(1), parameter(-2)];
  const runningMean = engine.zeros([CHANNELS]);
  const runningVariance = engine.tensor(new Float32Array(CHANNELS).fill(1), [CHANNELS]);
  const tape = startTape(engine);
  const synchronization = parallel?.synchronization(own, images);
  const output = batchNorm(
    tape,
    input,
    { scale, shift, runningMean, runningVariance },
    { mode: 'train', activation: 'relu', ...(synchronization === undefined ? {} : { synchronization }) },
  );
  const values = await engine.read(output);
  tape.backward(output, outputGradient);
  const read = async (tensor: ReturnType<typeof tape.gradient>): Promise<number[]> =>
    tensor === null ? [] : [...(await engine.read(tensor))];
  const result = {
    output: [...values],
    inputGradient: await read(tape.gradient(input)),
    scaleGradient: await read(tape.gradient(scale)),
    shiftGradient: await read(tape.gradient(shift)),
    running: [...(await read(runningMean)), ...(await read(runningVariance))],
  };
  tape.end();
  for (const tensor of [input, outputGradient, scale, shift, runningMean, runningVariance]) tensor.dispose();
  return result;
}

test('two ranks with four and two images normalise as one process with six', async () => {
  const [engine, other] = engines;
  if (engine === undefined || other === undefined) throw new Error('two engines were made');
  const whole = await run(engine, [0, 6], 6, null);
  const ranks = connectInProcess(2).map(
    (communicator) => new DataParallel(communicator, { synchronizeBatchNorm: true }),
  );
  const parts = await Promise.all([
    run(engine, [0, 4], 6, ranks[0] ?? null),
    run(other, [4, 6], 6, ranks[1] ?? null),
  ]);
  // float32 with values up to 20 and sums over 30 rows; 1e-5 of the largest is what the order of such sums makes.
  const close = (got: readonly number[], wanted: readonly number[]): void => {
    expect(got).toHaveLength(wanted.length);
    const scale = Math.max(...wanted.map(Math.abs));
    for (const [index, value] of wanted.entries())
      expect(Math.abs((got[index] ?? Number.NaN) - value)).toBeLessThan(1e-5 * scale);
  };
  const joined = (of: (result: Result) => number[]): number[] => parts.flatMap(of);
  close(
    joined(({ output }) => output),
    whole.output,
  );
  close(
    joined(({ inputGradient }) => inputGradient),
    whole.inputGradient,
  );
  for (const part of parts) close(part.running, whole.running);
  // Each rank's share of the parameters' gradients: the buckets add them up.
  const added = (of: (result: Result) => number[]): number[] =>
    of(whole).map((_, c) => parts.reduce((sum, part) => sum + (of(part)[c] ?? Number.NaN), 0));
  close(
    added(({ scaleGradient }) => scaleGradient),
    whole.scaleGradient,
  );
  close(
    added(({ shiftGradient }) => shiftGradient),
    whole.shiftGradient,
  );
  // Without synchronisation the ranks' statistics are others by far: the test can fail.
  const own = await run(engine, [0, 4], 6, null);
  expect(Math.abs((own.running[0] ?? 0) - (whole.running[0] ?? 0))).toBeGreaterThan(0.1);
});

test('moments of a few large values far from zero merge without cancellation', () => {
  // Two ranks of 2 rows: 1000, 1001 and 1002, 1003: mean 1001.5, squared deviations 2.25 + 0.25 + 0.25 + 2.25.
  const merged = mergeMoments(Float32Array.of(1000.5, 0.25, 2, 1002.5, 0.25, 2), 1);
  expect([...merged]).toEqual([1001.5, 5]);
});

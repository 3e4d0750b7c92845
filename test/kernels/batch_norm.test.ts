import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Shape } from '../../src/runtime/shape.ts';
import { array64 } from '../../src/kernels/reference.ts';
import { batchNorm } from '../../src/kernels/batch_norm/batch_norm.ts';
import { batchNormCases } from '../../src/kernels/batch_norm/cases.ts';
import { batchStatisticsReference } from '../../src/kernels/batch_norm/reference.ts';
import { caseValues } from './case_values.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { sliceRows } from '../../src/kernels/batch_norm/slices.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { tunings } from '../../src/kernels/tuning.ts';

describeOp(batchNormCases);

describe('batchNorm', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ guardMemory: true });
  });
  afterAll(() => engine.destroy());

  const tensors = (channels: number) => ({
    scale: engine.tensor(new Float32Array(channels).fill(1), [channels]),
    shift: engine.zeros([channels]),
    runningMean: engine.tensor(new Float32Array(channels).fill(0.5), [channels]),
    runningVariance: engine.tensor(new Float32Array(channels).fill(2), [channels]),
  });

  async function runningAfter(shape: Shape, mode: 'train' | 'eval', momentum: number, mean: number) {
    const channels = shape.at(-1) ?? 1;
    const values = Float32Array.from(
      caseValues({ shape, values: { kind: 'normal', mean, scale: 3 } }, 'running'),
    );
    const given = tensors(channels);
    const tape = startTape(engine, { gradients: false });
    try {
      batchNorm(tape, engine.tensor(values, shape), given, { mode, momentum });
      return {
        mean: [...(await engine.read(given.runningMean))],
        variance: [...(await engine.read(given.runningVariance))],
        reference: batchStatisticsReference(array64(shape, values), channels),
      };
    } finally {
      tape.end();
    }
  }

  test.each([
    { shape: [2, 5, 3, 7], momentum: 0.1, mean: 1 },
    { shape: [64, 8], momentum: 0.25, mean: -200 },
    { shape: [3, 4], momentum: 1, mean: 0 },
  ])('training moves the running statistics of $shape as PyTorch does', async ({ shape, momentum, mean }) => {
    const got = await runningAfter(shape, 'train', momentum, mean);
    const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    for (const [c, batchMean] of got.reference.mean.data.entries()) {
      const unbiased = ((got.reference.variance.data[c] ?? Number.NaN) * rows) / (rows - 1);
      const wantedMean = (1 - momentum) * 0.5 + momentum * batchMean;
      const wantedVariance = (1 - momentum) * 2 + momentum * unbiased;
      // A few roundings of f32 at the values' scale, mean and deviation 3.
      expect(Math.abs((got.mean[c] ?? Number.NaN) - wantedMean)).toBeLessThanOrEqual(
        2 ** -22 * (3 + Math.abs(mean)),
      );
      expect(Math.abs((got.variance[c] ?? Number.NaN) - wantedVariance)).toBeLessThanOrEqual(
        2 ** -20 * wantedVariance,
      );
    }
  });

  test('evaluation leaves the running statistics alone', async () => {
    const { mean, variance } = await runningAfter([4, 6], 'eval', 0.1, 3);
    expect(mean).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(variance).toEqual([2, 2, 2, 2, 2, 2]);
  });

  test('training refuses one value a channel, as PyTorch does', () => {
    const tape = startTape(engine);
    const input = engine.zeros([1, 1, 1, 4]);
    expect(() => batchNorm(tape, input, tensors(4), { mode: 'train' })).toThrow(
      /batchNorm: input \[1,1,1,4\] has one value a channel/,
    );
    expect(batchNorm(tape, input, tensors(4), { mode: 'eval' }).shape).toEqual([1, 1, 1, 4]);
    tape.end();
  });

  test('misuse names the argument', () => {
    const tape = startTape(engine);
    const input = engine.zeros([2, 3, 4]);
    const fitting = tensors(4);
    expect(() => batchNorm(tape, input, { ...fitting, scale: engine.zeros([3]) }, { mode: 'eval' })).toThrow(
      /batchNorm: shape of scale is \[3\], wanted \[4\]/,
    );
    expect(() =>
      batchNorm(tape, input, { ...fitting, runningVariance: engine.zeros([4, 1]) }, { mode: 'eval' }),
    ).toThrow(/batchNorm: shape of runningVariance/);
    expect(() =>
      batchNorm(tape, input, fitting, { mode: 'eval', residual: engine.zeros([2, 4, 3]) }),
    ).toThrow(/batchNorm: shape of residual is \[2,4,3\], wanted \[2,3,4\]/);
    expect(() => batchNorm(tape, input, fitting, { mode: 'eval', epsilon: 0 })).toThrow(/batchNorm: epsilon/);
    expect(() => batchNorm(tape, input, fitting, { mode: 'train', momentum: 2 })).toThrow(
      /batchNorm: momentum/,
    );
    expect(() => batchNorm(tape, engine.zeros([]), fitting, { mode: 'eval' })).toThrow(/shape of input/);
    tape.end();
  });
});

describe('sliceRows', () => {
  test.each([
    [1, 1],
    [5, 3],
    [131, 6],
    [49, 2048],
    [100_352, 64],
    [401_408, 3],
  ])('covers %i rows of %i channels once, for both kinds of adapter', (rows, channels) => {
    const passes = ['reduction', 'elementwise'] as const;
    for (const [pass, tuning] of passes.flatMap((pass) => tunings.map((tuning) => [pass, tuning] as const))) {
      const dealt = sliceRows(rows, channels, pass, tuning);
      const { bandRows, columns, bands, phases, steps, slices } = dealt;
      expect(columns * 4).toBe(bandRows * channels);
      const seen = new Uint8Array(bands);
      for (let slice = 0; slice < slices; slice++) {
        const first = Math.floor(slice / phases) * phases * steps + (slice % phases);
        for (let step = 0; step < steps; step++) {
          const band = first + step * phases;
          if (band < bands) seen[band] = (seen[band] ?? 0) + 1;
        }
      }
      expect(bands * bandRows).toBeGreaterThanOrEqual(rows);
      expect(seen.every((times) => times === 1)).toBe(true);
    }
  });
});

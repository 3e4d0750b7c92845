import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { EngineOptions } from '../../src/runtime/create_engine.ts';
import { allOperations } from './kernel_cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { patchBatches, smallModel } from '../train/patches.ts';
import { readLimits } from '../../src/runtime/open.ts';
import { recordCases } from '../browser/recorded_cases.ts';

/** Limits that every WebGPU has, and dispatches cut after so little work that all are that can be. */
const LEAST: EngineOptions = { limits: {} };
const CUT: EngineOptions = { dispatchWork: 1000 };

/** The bits of every operation's cases and gradients, by engine. */
interface Recorded {
  readonly usual: Record<string, string>;
  readonly least: Record<string, string>;
  readonly cut: Record<string, string>;
}

let engine: Engine;
let recorded: Recorded;
beforeAll(async () => {
  engine = await createEngine();
  const operations = await allOperations();
  const cases = (on: Engine): Promise<Record<string, string>> => recordCases(on, operations);
  // At the same time: nearly all of it is spent on compiling kernels, one after another for each device.
  const [usual, least, cut] = await Promise.all([cases(engine), on(LEAST, cases), on(CUT, cases)]);
  recorded = { usual, least, cut };
});
afterAll(() => engine.destroy());

/** What work gives on an engine of other options. */
async function on<Result>(options: EngineOptions, work: (other: Engine) => Promise<Result>): Promise<Result> {
  const other = await createEngine(options);
  try {
    return await work(other);
  } finally {
    other.destroy();
  }
}

/** Parameters after some steps of training. */
async function trained(other: Engine): Promise<Float32Array> {
  const model = smallModel(other);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  try {
    await trainer.trainEpoch(patchBatches(1, 5), { epoch: 1, stepsPerEpoch: 5 });
    return await other.read(model.parameters.values);
  } finally {
    trainer.dispose();
    model.dispose();
  }
}

describe('every operation gives the same bits', () => {
  test('on a device with no more than what every WebGPU has', async () => {
    const least = await createEngine(LEAST);
    // The specification's defaults, which no adapter may undercut.
    expect(readLimits(least.device.limits)).toMatchObject({
      maxStorageBuffersPerShaderStage: 8,
      maxComputeWorkgroupStorageSize: 16_384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxStorageBufferBindingSize: 128 * 2 ** 20,
      maxBufferSize: 256 * 2 ** 20,
    });
    least.destroy();
    expect(recorded.least).toEqual(recorded.usual);
  });

  test('when every dispatch that can be is cut into its workgroups', () => {
    expect(recorded.cut).toEqual(recorded.usual);
  });
});

test('training gives the same bits on least limits, and with every dispatch cut, captured or not', async () => {
  const bits = await trained(engine);
  expect(await on(LEAST, trained)).toEqual(bits);
  expect(await on({ dispatchWork: 10_000 }, trained)).toEqual(bits);
});

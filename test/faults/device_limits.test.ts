import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { EngineOptions } from '../../src/runtime/create_engine.ts';
import { allOperations } from './kernel_cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { patchBatches, smallModel } from '../train/patches.ts';
import { readLimits } from '../../src/runtime/open.ts';
import { recordCases } from '../browser/recorded_cases.ts';

const operations = await allOperations();
let engine: Engine;
let wanted: Record<string, string>;
beforeAll(async () => {
  engine = await createEngine();
  wanted = await recordCases(engine, operations);
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

/** The bits of every operation's cases and gradients. */
const cases = (other: Engine): Promise<Record<string, string>> => recordCases(other, operations);

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
    const least = await createEngine({ limits: {} });
    // The specification's defaults, which no adapter may undercut.
    expect(readLimits(least.device.limits)).toMatchObject({
      maxStorageBuffersPerShaderStage: 8,
      maxComputeWorkgroupStorageSize: 16_384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxStorageBufferBindingSize: 128 * 2 ** 20,
      maxBufferSize: 256 * 2 ** 20,
    });
    least.destroy();
    expect(await on({ limits: {} }, cases)).toEqual(wanted);
  });

  test('when every dispatch that can be is cut into its workgroups', async () => {
    expect(await on({ dispatchWork: 1000 }, cases)).toEqual(wanted);
  });
});

test('training gives the same bits on least limits, and with every dispatch cut, captured or not', async () => {
  const bits = await trained(engine);
  expect(await on({ limits: {} }, trained)).toEqual(bits);
  expect(await on({ dispatchWork: 10_000 }, trained)).toEqual(bits);
});

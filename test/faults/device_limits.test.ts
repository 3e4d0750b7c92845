import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { EngineOptions } from '../../src/runtime/create_engine.ts';
import type { KernelModule } from '../../src/runtime/kernel.ts';
import type { Launch } from '../../src/runtime/launch.ts';
import type { OpCases } from '../../src/kernels/cases.ts';
import { allOperations } from './kernel_cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { fold } from '../../src/runtime/grid.ts';
import { partsOf } from '../../src/runtime/group_range.ts';
import { patchBatches, smallModel } from '../train/patches.ts';
import { readLimits } from '../../src/runtime/open.ts';
import { recordCases } from '../browser/recorded_cases.ts';

/** Limits that every WebGPU has, and dispatches cut after so little work that all are that can be. */
const LEAST: EngineOptions = { limits: {} };
const CUT = { dispatchWork: 1000 } as const satisfies EngineOptions;

/** The bits of every operation's cases and gradients, by engine. */
interface Recorded {
  readonly usual: Record<string, string>;
  readonly least: Record<string, string>;
  /** Of those cases that between them cut every kernel that can be, over grids of each of its forms. */
  readonly cut: Record<string, string>;
  readonly kernels: ReadonlySet<string>;
}

let engine: Engine;
let recorded: Recorded;
beforeAll(async () => {
  engine = await createEngine();
  const run = vi.spyOn(engine, 'run');
  const usual: Record<string, string> = {};
  const [kernels, forms] = [new Set<string>(), new Set<string>()];
  const operations = await allOperations();
  const chosen: typeof operations = [];
  for (const alone of operations.flatMap(casesAlone)) {
    run.mockClear();
    Object.assign(usual, await recordCases(engine, [alone]));
    const before = forms.size;
    for (const [kernel, launch] of run.mock.calls) {
      const axes = cutAxes(kernel, launch);
      if (axes === null) continue;
      kernels.add(kernel.name);
      forms.add(`${kernel.name} ${axes}`);
    }
    // What is cut is a kernel's text, into which its constants come later: once is enough, and each of those costs compiling it.
    if (forms.size > before) chosen.push(alone);
  }
  run.mockRestore();
  // One after the other: a driver that keeps what it has compiled gives the second engine the kernels of the first.
  const least = await on(LEAST, (other) => recordCases(other, operations));
  const cut = await on(CUT, (other) => recordCases(other, chosen));
  recorded = { usual, least, cut, kernels };
});
afterAll(() => engine.destroy());

/** Each case of each variant as an operation of its own. */
function casesAlone(operation: OpCases<unknown>): OpCases<unknown>[] {
  const { cases, variants = ['default'] } = operation;
  return variants.flatMap((variant) => cases.map((c) => ({ ...operation, variants: [variant], cases: [c] })));
}

/** The axes along which a launch has several workgroups, where an engine that cuts would cut it; else null. */
function cutAxes(kernel: KernelModule, launch: Launch<KernelModule>): string | null {
  const { workgroups } = launch;
  const grid = typeof workgroups === 'number' ? fold(workgroups) : workgroups;
  if (partsOf(kernel, launch, grid, CUT.dispatchWork).length === 1) return null;
  return ['x', 'y', 'z'].filter((_, axis) => (grid[axis] ?? 1) > 1).join('');
}

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
    const names = Object.keys(recorded.cut);
    expect(recorded.cut).toEqual(Object.fromEntries(names.map((name) => [name, recorded.usual[name]])));
    // All but those whose every case is less work, or without a count of it.
    expect(recorded.kernels.size).toBeGreaterThan(50);
  });
});

test('training gives the same bits on least limits, and with every dispatch cut, captured or not', async () => {
  const bits = await trained(engine);
  expect(await on(LEAST, trained)).toEqual(bits);
  expect(await on({ dispatchWork: 10_000 }, trained)).toEqual(bits);
});

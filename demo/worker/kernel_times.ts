/** Times of single kernels, by the adapter's timestamps, at the largest case that the tests have of their operation. */
import type { CaseInput, OpCase, OpCases } from '../../src/kernels/cases.ts';
import type { DType, HostArray, Tensor } from '../../src/runtime/tensor.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { FolderCases } from './kernel_cases.ts';
import type { KernelTime } from '../protocol.ts';
import type { ProfileSample } from '../../src/runtime/profile.ts';
import type { Progress } from './scope.ts';
import { ALL_CASES } from './kernel_cases.ts';
import { caseValues } from '../../test/kernels/case_values.ts';
import { elementCount } from '../../src/runtime/shape.ts';
import { InputError } from './failure.ts';
import { startTape } from '../../src/kernels/tape.ts';

/** Browsers round a timestamp to 100 microseconds: the mean over so many launches is finer than that. */
const LAUNCHES = { hardware: 40, software: 8 };

/** Rejects with InputError where the adapter has no timestamps. */
export async function measureKernels(
  engine: Engine,
  folders: readonly string[],
  progress: Progress,
): Promise<readonly KernelTime[]> {
  if (!engine.capabilities.timestamps)
    throw new InputError(
      'This adapter gives the page no timestamps, so kernels cannot be told apart. The Bench page times whole operations.',
    );
  const samples: ProfileSample[] = [];
  const wanted = casesOf(folders);
  for (const [index, { op }] of wanted.entries()) {
    progress(`Measuring ${op.name}`, index / wanted.length);
    for (const variant of op.variants ?? ['default']) {
      if (op.supports?.(variant, engine.capabilities.subgroupSize) === false) continue;
      samples.push(...(await launches(engine, op, variant)));
    }
    await engine.trim();
  }
  return timesOf(samples);
}

/** A folder without cases of its own (matmul) is launched by those of others: then all are run. */
function casesOf(folders: readonly string[]): readonly FolderCases[] {
  const haveCases = folders.every((wanted) => ALL_CASES.some(({ folder }) => folder === wanted));
  return haveCases ? ALL_CASES.filter(({ folder }) => folders.includes(folder)) : ALL_CASES;
}

const size = ({ inputs }: OpCase<unknown>): number =>
  inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);

function tensorOf(engine: Engine, input: CaseInput, name: string): Tensor<DType> {
  const values = caseValues(input, name);
  const dtype = input.dtype ?? 'f32';
  const requiresGradient = dtype === 'f32' && (input.gradient ?? true);
  const host: HostArray<DType> =
    dtype === 'f32'
      ? Float32Array.from(values)
      : dtype === 'u32'
        ? Uint32Array.from(values)
        : Int32Array.from(values);
  return engine.tensor(host, input.shape, { requiresGradient });
}

/** Forward and, where there is a gradient, backward, several times. */
async function launches(
  engine: Engine,
  op: OpCases<unknown>,
  variant: string,
): Promise<readonly ProfileSample[]> {
  const largest = op.cases.reduce<OpCase<unknown> | undefined>(
    (most, next) => (most === undefined || size(next) > size(most) ? next : most),
    undefined,
  );
  if (largest === undefined) return [];
  const inputs = largest.inputs.map((input, index) => tensorOf(engine, input, `${op.name} ${index}`));
  const hasGradient = op.referenceGradient !== undefined;
  let seed: Tensor | null = null;
  const once = (): void => {
    const tape = startTape(engine, { gradients: hasGradient });
    try {
      const output = op.run(tape, inputs, largest.options, variant);
      if (!hasGradient || output.dtype !== 'f32') return;
      seed ??= engine.tensor(new Float32Array(output.size).fill(1), output.shape);
      tape.backward(output as Tensor, seed);
    } finally {
      tape.end();
    }
  };
  try {
    // Pipelines are compiled first.
    once();
    await engine.sync();
    const count = engine.capabilities.software ? LAUNCHES.software : LAUNCHES.hardware;
    const profile = await engine.profile(() => {
      for (let launch = 0; launch < count; launch++) once();
    });
    return profile.samples;
  } finally {
    for (const tensor of inputs) tensor.dispose();
    (seed as Tensor | null)?.dispose();
  }
}

/** Of every kernel its mean at the shape that took longest. */
function timesOf(samples: readonly ProfileSample[]): KernelTime[] {
  const times: KernelTime[] = [];
  for (const [kernel, own] of Map.groupBy(samples, (sample) => sample.kernel)) {
    const means = [...Map.groupBy(own, ({ shape }) => shape)].map(([shape, ofShape]) => ({
      kernel,
      shape,
      milliseconds: ofShape.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / ofShape.length,
    }));
    const slowest = means.toSorted((a, b) => b.milliseconds - a.milliseconds)[0];
    if (slowest !== undefined) times.push(slowest);
  }
  return times;
}

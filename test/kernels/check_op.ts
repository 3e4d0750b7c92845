import type { Array64 } from '../../src/kernels/reference.ts';
import type { CaseInput, OpCase, OpCases, Tolerance } from '../../src/kernels/cases.ts';
import type { DType, HostArray, Tensor } from '../../src/runtime/tensor.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { array64, at } from '../../src/kernels/reference.ts';
import { caseValues, seedOf } from './case_values.ts';
import { expect } from 'vitest';
import { startTape } from '../../src/kernels/tape.ts';

/** Coordinates tried by finite differences per input: enough to meet every border of a small case, and quick. */
const FINITE_DIFFERENCE_SAMPLES = 24;

interface Outcome {
  readonly output: HostArray<DType>;
  readonly shape: readonly number[];
  readonly gradients: readonly (Float32Array | null)[];
}

/** The dtype's array with the values of a float64 input; what the kernel and the reference both start from. */
function hostInput(input: CaseInput, values: Float64Array): HostArray<DType> {
  if (input.dtype === 'u32') return Uint32Array.from(values);
  return input.dtype === 'i32' ? Int32Array.from(values) : Float32Array.from(values);
}

const wantsGradient = (input: CaseInput): boolean =>
  (input.dtype ?? 'f32') === 'f32' && (input.gradient ?? true);

async function launch<Options>(
  engine: Engine,
  op: OpCases<Options>,
  c: OpCase<Options>,
  host: readonly HostArray<DType>[],
  outputGradient: Float32Array<ArrayBuffer> | null,
  variant: string,
): Promise<Outcome> {
  const tape = startTape(engine, { gradients: outputGradient !== null });
  const tensors: Tensor<DType>[] = [];
  try {
    for (const [index, input] of c.inputs.entries()) {
      const values = host[index];
      if (values === undefined) throw new RangeError('a case input has no values');
      tensors.push(engine.tensor(values, input.shape, { requiresGradient: wantsGradient(input) }));
    }
    const output = op.run(tape, tensors, c.options, variant);
    const read = engine.read(output);
    const gradients: (Float32Array | null)[] = [];
    if (outputGradient !== null && output.dtype === 'f32') {
      const seed = engine.tensor(outputGradient, output.shape);
      tensors.push(seed);
      tape.backward(output as Tensor, seed);
      for (const [index, input] of c.inputs.entries()) {
        const tensor = tensors[index];
        const gradient =
          tensor !== undefined && wantsGradient(input) ? tape.gradient(tensor as Tensor) : null;
        gradients.push(gradient === null ? null : await engine.read(gradient));
      }
    }
    return { output: await read, shape: output.shape, gradients };
  } finally {
    tape.end();
    for (const tensor of tensors) tensor.dispose();
  }
}

function bits({ output, gradients }: Outcome): string[] {
  return [output, ...gradients].map((values) =>
    values === null ? '' : Buffer.from(values.buffer).toString('base64'),
  );
}

function checkClose(
  what: string,
  got: HostArray<DType> | Float32Array,
  wanted: Array64,
  tolerance: Tolerance,
): void {
  expect(got.length, `${what}: number of elements`).toBe(wanted.data.length);
  let scale = 0;
  for (const value of wanted.data) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
  const allowed = tolerance.absolute + tolerance.relative * scale;
  let worst = 0;
  let place = -1;
  for (let i = 0; i < got.length; i++) {
    const value = got[i] ?? Number.NaN;
    const expected = at(wanted, i);
    if (Object.is(value, expected) || value === expected || (Number.isNaN(value) && Number.isNaN(expected)))
      continue;
    const error = Math.abs(value - expected);
    // A NaN error (an unwritten cell, say) is worse than any number.
    if (!(error <= worst)) {
      worst = Number.isNaN(error) ? Infinity : error;
      place = i;
      if (worst === Infinity) break;
    }
  }
  if (worst > allowed) {
    const value = got[place];
    expect.fail(
      `${what}: element ${place} of [${wanted.shape.join(',')}] is ${value}, wanted ${at(wanted, place)}; ` +
        `error ${worst.toExponential(2)}, allowed ${allowed.toExponential(2)}`,
    );
  }
}

function checkFiniteDifferences<Options>(
  op: OpCases<Options>,
  c: OpCase<Options>,
  inputs: readonly Array64[],
  outputGradient: Array64,
  gradients: readonly (Array64 | null)[],
): void {
  const objective = (): number => {
    const output = op.reference(inputs, c.options);
    return output.data.reduce((sum, value, i) => sum + value * at(outputGradient, i), 0);
  };
  for (const [index, gradient] of gradients.entries()) {
    const input = inputs[index];
    if (gradient === null || input === undefined) continue;
    const stride = Math.max(1, Math.floor(input.data.length / FINITE_DIFFERENCE_SAMPLES));
    let scale = 0;
    for (const value of gradient.data) scale = Math.max(scale, Math.abs(value));
    for (let i = seedOf(c.name) % stride; i < input.data.length; i += stride) {
      const value = at(input, i);
      const step = 1e-5 * Math.max(1, Math.abs(value));
      input.data[i] = value + step;
      const above = objective();
      input.data[i] = value - step;
      const below = objective();
      input.data[i] = value;
      const numerical = (above - below) / (2 * step);
      const error = Math.abs(numerical - at(gradient, i));
      // Central differences err by step^2 times the third derivative and by the rounding of a sum divided by the step.
      expect(
        error,
        `reference gradient of input ${index} at ${i}: ${at(gradient, i)}, finite difference ${numerical}`,
      ).toBeLessThanOrEqual(1e-6 * Math.max(1, scale) + 1e-10 * Math.abs(above));
    }
  }
}

/**
 * Holds one case of an operation to its specification: forward and gradients against float64, the reference's gradient
 * against finite differences, memory guards, a bit-equal second run, and a ledger that goes back to what it was.
 * The engine must have been made with guardMemory.
 */
export async function checkOp<Options>(
  engine: Engine,
  op: OpCases<Options>,
  c: OpCase<Options>,
  variant = 'default',
): Promise<void> {
  const before = engine.memory();
  const host = c.inputs.map((input, index) =>
    hostInput(input, caseValues(input, `${op.name} ${c.name} ${index}`)),
  );
  const inputs = c.inputs.map((input, index) => array64(input.shape, host[index]));
  const wanted = op.reference(inputs, c.options);
  const differentiable = op.referenceGradient !== undefined && c.inputs.some(wantsGradient);
  const seed = differentiable
    ? Float32Array.from(
        caseValues({ shape: wanted.shape, values: { kind: 'normal' } }, `${op.name} ${c.name} gradient`),
      )
    : null;

  const first = await launch(engine, op, c, host, seed, variant);
  expect(first.shape, 'shape of the output').toEqual(wanted.shape);
  checkClose('output', first.output, wanted, c.tolerance ?? op.tolerance);
  if (seed !== null && op.referenceGradient !== undefined) {
    const outputGradient = array64(wanted.shape, seed);
    const gradients = op.referenceGradient(inputs, outputGradient, c.options);
    for (const [index, gradient] of gradients.entries()) {
      const input = c.inputs[index];
      const got = first.gradients[index] ?? null;
      if (gradient === null || input === undefined || !wantsGradient(input)) continue;
      if (got === null) expect.fail(`gradient of input ${index} was not computed`);
      else {
        const tolerance = c.gradientTolerance ?? op.gradientTolerance ?? c.tolerance ?? op.tolerance;
        checkClose(`gradient of input ${index}`, got, gradient, tolerance);
      }
    }
    if (c.finiteDifferences ?? true) {
      const checked = gradients.map((gradient, index) => {
        const input = c.inputs[index];
        return input !== undefined && wantsGradient(input) ? gradient : null;
      });
      checkFiniteDifferences(op, c, inputs, outputGradient, checked);
    }
  }

  await engine.verifyMemory();
  const second = await launch(engine, op, c, host, seed, variant);
  expect(bits(second), 'a second run must give the same bits').toEqual(bits(first));
  await engine.verifyMemory();
  const after = engine.memory();
  expect([after.usedBuffers, after.usedBytes], 'ledger: buffers and bytes in use').toEqual([
    before.usedBuffers,
    before.usedBytes,
  ]);
}

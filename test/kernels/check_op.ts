import type { Array64 } from '../../src/kernels/reference.ts';
import type { OpCase, OpCases, Tolerance } from '../../src/kernels/cases.ts';
import type { DType, HostArray } from '../../src/runtime/tensor.ts';
import type { Outcome } from './launch_case.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { array64, at } from '../../src/kernels/reference.ts';
import { caseValues, seedOf } from './case_values.ts';
import { expect } from 'vitest';
import { hostInput, launchCase, wantsGradient } from './launch_case.ts';
import { sameBytes } from '../same_bytes.ts';

/** Coordinates tried by finite differences per input: enough to meet every border of a small case, and quick. */
const FINITE_DIFFERENCE_SAMPLES = 24;

/** Whether output and gradients agree to the bit; a gradient that is null must be null in both. */
function sameBits(first: Outcome, second: Outcome): boolean {
  const seconds = [second.output, ...second.gradients];
  return [first.output, ...first.gradients].every((values, i) =>
    values === null ? seconds[i] === null : sameBytes(values, seconds[i] ?? undefined),
  );
}

function checkClose(
  what: string,
  got: HostArray<DType> | Float32Array,
  wanted: Array64,
  tolerance: Tolerance,
  rounding?: Array64 | null,
): void {
  expect(got.length, `${what}: number of elements`).toBe(wanted.data.length);
  let scale = 0;
  for (const value of wanted.data) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
  const allowedAt = (i: number): number =>
    tolerance.absolute + tolerance.relative * scale + (rounding?.data[i] ?? 0);
  // The error that goes furthest beyond what is allowed.
  let worst = 0;
  let place = -1;
  for (let i = 0; i < got.length; i++) {
    const value = got[i] ?? Number.NaN;
    const expected = at(wanted, i);
    if (Object.is(value, expected) || value === expected || (Number.isNaN(value) && Number.isNaN(expected)))
      continue;
    const beyond = Math.abs(value - expected) - allowedAt(i);
    // A NaN error (an unwritten cell, say) is worse than any number.
    if (!(beyond <= worst)) {
      worst = Number.isNaN(beyond) ? Infinity : beyond;
      place = i;
      if (worst === Infinity) break;
    }
  }
  if (place >= 0) {
    const value = got[place] ?? Number.NaN;
    expect.fail(
      `${what}: element ${place} of [${wanted.shape.join(',')}] is ${value}, wanted ${at(wanted, place)}; ` +
        `error ${Math.abs(value - at(wanted, place)).toExponential(2)}, allowed ${allowedAt(place).toExponential(2)}`,
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
  try {
    await checkCase(engine, op, c, variant);
  } catch (error) {
    // Guarded memory is held back until it is verified: what this case used must not be counted to the next one.
    await engine.verifyMemory().catch(() => undefined);
    throw error;
  }
}

async function checkCase<Options>(
  engine: Engine,
  op: OpCases<Options>,
  c: OpCase<Options>,
  variant: string,
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

  const first = await launchCase(engine, op, c, host, seed, variant);
  expect(first.shape, 'shape of the output').toEqual(wanted.shape);
  checkClose('output', first.output, wanted, c.tolerance ?? op.tolerance);
  if (seed !== null && op.referenceGradient !== undefined) {
    const outputGradient = array64(wanted.shape, seed);
    const gradients = op.referenceGradient(inputs, outputGradient, c.options);
    const rounding = op.gradientRounding?.(inputs, outputGradient, c.options);
    for (const [index, gradient] of gradients.entries()) {
      const input = c.inputs[index];
      const got = first.gradients[index] ?? null;
      if (gradient === null || input === undefined || !wantsGradient(input)) continue;
      if (got === null) expect.fail(`gradient of input ${index} was not computed`);
      else {
        const tolerance = c.gradientTolerance ?? op.gradientTolerance ?? c.tolerance ?? op.tolerance;
        checkClose(`gradient of input ${index}`, got, gradient, tolerance, rounding?.[index]);
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
  const second = await launchCase(engine, op, c, host, seed, variant);
  expect(sameBits(first, second), 'a second run gives the same bits').toBe(true);
  await engine.verifyMemory();
  const after = engine.memory();
  expect([after.usedBuffers, after.usedBytes], 'ledger: buffers and bytes in use').toEqual([
    before.usedBuffers,
    before.usedBytes,
  ]);
}

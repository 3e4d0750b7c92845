import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { launchAffine } from './launch.ts';
import { reject } from '../../runtime/errors.ts';
import { unary as unaryKernel } from './unary.wgsl.ts';
import { unaryGradient as gradientKernel } from './unary_gradient.wgsl.ts';
import { spread } from './workgroups.ts';

/** As unary.wgsl and unary_gradient.wgsl number them. */
const OPERATIONS = { exp: 1, log: 2, softplus: 3, abs: 4, square: 5, sqrt: 6, clamp: 7 } as const;

function unary(tape: Tape, name: keyof typeof OPERATIONS, x: Tensor, first = 0, second = 0): Tensor {
  const output = tape.empty(x.shape);
  const count = ceilDivide(x.size, 4);
  const params = { count, first, second };
  const OPERATION = OPERATIONS[name];
  const dealt = spread(tape.engine, unaryKernel, count);
  tape.run(unaryKernel, {
    params,
    buffers: { input: x, output },
    workgroups: dealt.workgroups,
    constants: { ...dealt.constants, OPERATION },
    work: { bytes: 8 * x.size, flops: x.size },
  });
  return tape.record(name, output, [x], (outputGradient) => {
    const inputGradient = tape.emptyGradient(x);
    const saved = name === 'exp' || name === 'sqrt' ? output : x;
    const dealtGradient = spread(tape.engine, gradientKernel, count);
    tape.run(gradientKernel, {
      params,
      buffers: { saved, outputGradient, inputGradient },
      workgroups: dealtGradient.workgroups,
      constants: { ...dealtGradient.constants, OPERATION },
      work: { bytes: 12 * x.size, flops: x.size },
    });
    return [inputGradient];
  });
}

function checkFinite(operation: string, argument: string, value: number): void {
  if (!Number.isFinite(value)) reject(operation, argument, String(value), 'a finite number');
}

/** factor * x, elementwise. Throws ArgumentError unless the factor is finite. */
export function scale(tape: Tape, x: Tensor, factor: number): Tensor {
  checkFinite('scale', 'factor', factor);
  const output = launchAffine(tape, x, factor, 0, tape.empty(x.shape));
  return tape.record('scale', output, [x], (outputGradient) => [
    launchAffine(tape, outputGradient, factor, 0, tape.emptyGradient(x)),
  ]);
}

/** x + offset, elementwise. The gradient passes through. Throws ArgumentError unless the offset is finite. */
export function addScalar(tape: Tape, x: Tensor, offset: number): Tensor {
  checkFinite('addScalar', 'offset', offset);
  const output = launchAffine(tape, x, 1, offset, tape.empty(x.shape));
  return tape.record('addScalar', output, [x], (outputGradient) => [outputGradient]);
}

/** exp(x), elementwise; beyond 88.7 it overflows to infinity. */
export function exp(tape: Tape, x: Tensor): Tensor {
  return unary(tape, 'exp', x);
}

/** Natural logarithm, elementwise, of x > 0; WGSL leaves log(0) and negative arguments open. */
export function log(tape: Tape, x: Tensor): Tensor {
  return unary(tape, 'log', x);
}

/** log(1 + exp(x)), elementwise (torch.nn.functional.softplus, beta 1), accurate and finite everywhere. */
export function softplus(tape: Tape, x: Tensor): Tensor {
  return unary(tape, 'softplus', x);
}

/** |x|, elementwise; its gradient at 0 is 0 (torch.abs). */
export function abs(tape: Tape, x: Tensor): Tensor {
  return unary(tape, 'abs', x);
}

/** x * x, elementwise. */
export function square(tape: Tape, x: Tensor): Tensor {
  return unary(tape, 'square', x);
}

/** Square root, elementwise, of x >= 0; its gradient at 0 is infinite. */
export function sqrt(tape: Tape, x: Tensor): Tensor {
  return unary(tape, 'sqrt', x);
}

/**
 * x limited to [low, high], elementwise; the gradient passes where x lies in the closed interval (torch.clamp). Throws
 * ArgumentError unless low <= high and both are finite.
 */
export function clamp(tape: Tape, x: Tensor, low: number, high: number): Tensor {
  checkFinite('clamp', 'low', low);
  checkFinite('clamp', 'high', high);
  if (low > high) reject('clamp', 'low', String(low), `a number up to high, ${high}`);
  return unary(tape, 'clamp', x, low, high);
}

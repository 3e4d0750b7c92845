import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { binary as binaryKernel } from './binary.wgsl.ts';
import { binaryRows as binaryRowsKernel } from './binary_rows.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { cutRow, launchReduce } from '../reduce/launch.ts';
import { rowsGradient as rowsGradientKernel } from './rows_gradient.wgsl.ts';
import { unary as unaryKernel } from './unary.wgsl.ts';
import { rowsOfQuad, spread } from './workgroups.ts';

/** As binary.wgsl and binary_rows.wgsl number them. */
const BINARY = { subtract: 0, multiply: 1, divide: 2, negatedProduct: 3, equal: 4 } as const;

/** output = f(a, b), unrecorded. `b` has as many elements as `a`, or one for each row of `a` (neighbouring elements). */
export function launchBinary(
  tape: Tape,
  operation: keyof typeof BINARY,
  a: Tensor,
  b: Tensor,
  output: Tensor,
): Tensor {
  const count = ceilDivide(a.size, 4);
  const OPERATION = BINARY[operation];
  const work = { bytes: 4 * (2 * a.size + b.size), flops: a.size };
  if (a.size === b.size) {
    const { workgroups, constants } = spread(tape.engine, binaryKernel, count);
    tape.run(binaryKernel, {
      buffers: { a, b, output },
      params: { count },
      workgroups,
      constants: { ...constants, OPERATION },
      work,
    });
  } else {
    const inner = a.size / b.size;
    const { workgroups, constants } = spread(tape.engine, binaryRowsKernel, count);
    const stride = 4 * constants.BLOCK;
    tape.run(binaryRowsKernel, {
      buffers: { a, b, output },
      params: {
        count,
        inner,
        lastRow: b.size - 1,
        strideRows: Math.floor(stride / inner),
        strideColumns: stride % inner,
      },
      workgroups,
      constants: { ...constants, OPERATION, ROWS: rowsOfQuad(inner) },
      work,
    });
  }
  return output;
}

/** Rows of fewer vec4s are one invocation's. */
const SHORTEST_SPLIT = 32;

/** A product or quotient of `a` and a value for each of its rows, whose gradients are wanted. */
interface RowsGradient {
  readonly operation: 'multiply' | 'divide';
  readonly outputGradient: Tensor;
  /** a of a product, the output of a quotient. */
  readonly saved: Tensor;
  readonly b: Tensor;
  /** Null where nobody asks for it. */
  readonly aGradient: Tensor | null;
  readonly bGradient: Tensor;
}

/** Whether `launchRowsGradient` can be used: for rows that are a multiple of 4 long. */
export function canFuseRowsGradient(a: Tensor, b: Tensor): boolean {
  return (a.size / b.size) % 4 === 0;
}

/** The gradients of both operands in one pass over the rows, unrecorded. */
export function launchRowsGradient(tape: Tape, gradient: RowsGradient): void {
  const { operation, outputGradient, saved, b, aGradient, bGradient } = gradient;
  const inner = saved.size / b.size / 4;
  // Neighbouring invocations walk whole cache lines side by side, unless a row is so short that it is not worth their sums.
  const block = inner < SHORTEST_SPLIT ? 1 : 8;
  const { chunks, steps } = cutRow(inner, block);
  const sums = chunks === 1 ? bGradient : tape.empty([b.size, chunks]);
  const count = b.size * chunks;
  tape.run(rowsGradientKernel, {
    // Where a's gradient is not written, something must be bound all the same.
    buffers: { outputGradient, saved, b, aGradient: aGradient ?? tape.empty([4]), sums },
    params: { count, inner, chunks, block, steps },
    workgroups: ceilDivide(count, rowsGradientKernel.constants.WORKGROUP.value),
    constants: { OPERATION: BINARY[operation], WRITTEN: aGradient === null ? 0 : 1 },
    work: { bytes: 4 * (aGradient === null ? 2 : 3) * saved.size, flops: 3 * saved.size },
  });
  if (chunks > 1) launchReduce(tape, sums, { outer: b.size, length: chunks, inner: 1 }, 'sum', 1, bGradient);
}

/** output = factor * input + offset, unrecorded. */
export function launchAffine(
  tape: Tape,
  input: Tensor,
  factor: number,
  offset: number,
  output: Tensor,
): Tensor {
  const count = ceilDivide(input.size, 4);
  const { workgroups, constants } = spread(tape.engine, unaryKernel, count);
  tape.run(unaryKernel, {
    buffers: { input, output },
    params: { count, first: factor, second: offset },
    workgroups,
    constants: { ...constants, OPERATION: 0 },
    work: { bytes: 8 * input.size, flops: 2 * input.size },
  });
  return output;
}

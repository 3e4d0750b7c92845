import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { binary as binaryKernel } from './binary.wgsl.ts';
import { binaryRows as binaryRowsKernel } from './binary_rows.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
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

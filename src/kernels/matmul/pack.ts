import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { pack as packKernel } from './pack.wgsl.ts';

/** A number of channels or columns rounded up to whole vec4s. */
export function padded(columns: number): number {
  return ceilDivide(columns, 4) * 4;
}

/** Matrices [matrices, rows, columns] with their rows padded to whole vec4s: a copy, or the tensor itself where nothing is to be done. */
export function padMatrix(tape: Tape, matrix: Tensor, rows: number, columns: number): Tensor {
  return padded(columns) === columns
    ? matrix
    : pack(tape, matrix, [1, rows, columns], [rows, padded(columns)], 0);
}

/** Transposes matrices [matrices, rows, columns] into [matrices, packedRows, packedColumns], at least as large, zeros around. */
export function transposeMatrices(
  tape: Tape,
  matrix: Tensor,
  sizes: readonly [number, number, number],
  packedSizes: readonly [number, number],
): Tensor {
  return pack(tape, matrix, sizes, packedSizes, 1);
}

function pack(
  tape: Tape,
  matrix: Tensor,
  [matrices, rows, columns]: readonly [number, number, number],
  [packedRows, packedColumns]: readonly [number, number],
  transposed: 0 | 1,
): Tensor {
  const width = ceilDivide(packedColumns, 4);
  const { STRIP, WORKGROUP } = packKernel.constants;
  const packed = tape.empty([matrices, packedRows, 4 * width]);
  tape.run(packKernel, {
    buffers: { matrix, packed },
    params: { matrices, rows, columns, packedRows, packedWidth: width, transposed },
    workgroups: ceilDivide(matrices * packedRows * ceilDivide(width, STRIP.value), WORKGROUP.value),
    work: { bytes: 4 * (matrix.size + packed.size), flops: 0 },
  });
  return packed;
}

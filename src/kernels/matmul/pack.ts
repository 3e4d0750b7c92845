import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { pack as packKernel } from './pack.wgsl.ts';

/** Columns of a matrix whose rows are padded to whole vec4s. */
export function paddedColumns(columns: number): number {
  return ceilDivide(columns, 4) * 4;
}

/**
 * The matrices [matrices, rows, columns] with rows padded to whole vec4s, as a fresh tensor [matrices, rows, padded columns];
 * transposed, they are read as [matrices, columns, rows]. Returns the tensor itself where nothing is to be done.
 */
export function packMatrices(
  tape: Tape,
  matrix: Tensor,
  matrices: number,
  rows: number,
  columns: number,
  transposed: boolean,
): Tensor {
  const padded = paddedColumns(columns);
  if (!transposed && padded === columns) return matrix;
  const packed = tape.empty([matrices, rows, padded]);
  tape.run(packKernel, {
    buffers: { matrix, packed },
    params: { matrices, rows, columns, transposed: transposed ? 1 : 0 },
    workgroups: ceilDivide(packed.size / 4, packKernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (matrix.size + packed.size), flops: 0 },
  });
  return packed;
}

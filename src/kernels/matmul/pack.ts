import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { pack as packKernel } from './pack.wgsl.ts';

/** Sizes of equally large matrices, [matrices, rows, columns]. */
export type MatrixSizes = readonly [number, number, number];

/**
 * Copies matrices, padded with zeros or cut off to the target's rows and columns, and transposed first if wanted (`from` are the
 * sizes before). The result is a fresh tensor, or `into`; it is the source itself where nothing is to be done.
 */
export function packMatrices(
  tape: Tape,
  source: Tensor,
  from: MatrixSizes,
  to: readonly [number, number],
  options: { readonly transposed?: boolean; readonly into?: Tensor } = {},
): Tensor {
  const { transposed = false, into } = options;
  const [matrices, sourceRows, sourceColumns] = from;
  const [targetRows, targetColumns] = to;
  if (!transposed && into === undefined && sourceRows === targetRows && sourceColumns === targetColumns)
    return source;
  const result = into ?? tape.empty([matrices, targetRows, targetColumns]);
  tape.run(packKernel, {
    buffers: { source, result },
    params: {
      matrices,
      sourceRows,
      sourceColumns,
      targetRows,
      targetColumns,
      transposed: transposed ? 1 : 0,
    },
    workgroups: ceilDivide(result.size, packKernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (source.size + result.size), flops: 0 },
  });
  return result;
}

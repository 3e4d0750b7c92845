import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { columnSums as columnSumsKernel } from './column_sums.wgsl.ts';
import { sumParts as sumPartsKernel } from './sum_parts.wgsl.ts';

/**
 * Adds up parts [parts, rows, partColumns] in their order into `sum` [rows, columns], leaving padding columns out. A single part is
 * copied without its padding.
 */
export function sumParts(tape: Tape, parts: Tensor, sum: Tensor, columns: number, partColumns: number): void {
  const rows = sum.size / columns;
  tape.run(sumPartsKernel, {
    buffers: { parts, sum },
    params: { rows, columns, partColumns, parts: parts.size / rows / partColumns },
    workgroups: ceilDivide(sum.size, sumPartsKernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (parts.size + sum.size), flops: parts.size },
  });
}

/** Fewest rows of a part, and most parts: enough work per invocation, and enough invocations for a large GPU. */
const PART_ROWS = 64;
const MOST_PARTS = 256;

/** Sums a matrix [rows, columns] over its rows into `sum` [columns], in a fixed order: the gradient of a bias. */
export function columnSums(tape: Tape, matrix: Tensor, sum: Tensor): void {
  const columns = sum.size;
  const rows = matrix.size / columns;
  const partRows = Math.max(PART_ROWS, ceilDivide(rows, MOST_PARTS));
  const parts = ceilDivide(rows, partRows);
  const output = parts === 1 ? sum : tape.empty([parts, columns]);
  tape.run(columnSumsKernel, {
    buffers: { matrix, output },
    params: { rows, columns, partRows, parts },
    workgroups: ceilDivide(parts * columns, columnSumsKernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (matrix.size + output.size), flops: matrix.size },
  });
  if (parts > 1) sumParts(tape, output, sum, columns, columns);
}

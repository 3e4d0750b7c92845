import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { columnSums as columnSumsKernel } from './column_sums.wgsl.ts';
import { sumParts as sumPartsKernel } from './sum_parts.wgsl.ts';
import { sumPartsVec4 as sumVectorsKernel } from './sum_parts_vec4.wgsl.ts';

/** What is done to a product's elements, the bias included, before they are written. */
export type Activation = 'none' | 'relu';

/** What becomes of a sum of parts before it is written; where rows have no padding. */
interface Finish {
  /** Added to every row, [columns]. */
  readonly bias: Tensor | null;
  readonly activation: Activation;
}

/** Invocations that share the parts of a vec4 on a GPU, from so many parts on: one would wait for memory again and again. */
const SLOTS = [
  { parts: 64, slots: 16 },
  { parts: 16, slots: 4 },
] as const;

/**
 * Adds up parts [parts, rows, partColumns] in a fixed order into `sum` [rows, columns], leaving padding columns out. A single part is
 * copied without its padding. Without padding, `finish` comes last.
 */
export function sumParts(
  tape: Tape,
  parts: Tensor,
  sum: Tensor,
  columns: number,
  partColumns: number,
  finish?: Finish,
): void {
  const rows = sum.size / columns;
  const count = parts.size / rows / partColumns;
  const work = { bytes: 4 * (parts.size + sum.size), flops: parts.size };
  if (columns === partColumns && columns % 4 === 0) {
    const shared = SLOTS.find((choice) => !tape.engine.capabilities.software && count >= choice.parts);
    const slots = shared?.slots ?? 1;
    const bias = finish?.bias ?? null;
    tape.run(sumVectorsKernel, {
      // A sum without bias reads none, but something must be bound.
      buffers: { parts, bias: bias ?? parts, sum },
      params: {
        vectors: sum.size / 4,
        width: columns / 4,
        parts: count,
        hasBias: bias === null ? 0 : 1,
      },
      workgroups: ceilDivide((slots * sum.size) / 4, sumVectorsKernel.constants.WORKGROUP.value),
      constants: { RELU: finish?.activation === 'relu' ? 1 : 0, SLOTS: slots },
      work,
    });
    return;
  }
  if (finish !== undefined) throw new RangeError('sumParts: padded rows cannot be finished');
  tape.run(sumPartsKernel, {
    buffers: { parts, sum },
    params: { rows, columns, partColumns, parts: count },
    workgroups: ceilDivide(sum.size, sumPartsKernel.constants.WORKGROUP.value),
    work,
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

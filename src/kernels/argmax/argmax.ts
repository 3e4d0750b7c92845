import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { argmax as argmaxKernel } from './argmax.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape, matrixShape } from '../../runtime/shape.ts';
import { countEqual as countEqualKernel } from './count_equal.wgsl.ts';
import { reject } from '../../runtime/errors.ts';

/**
 * Index of the largest element along the last axis, the first of equals (torch.argmax, dim -1): [...,C] -> u32 [...]. A NaN is
 * never larger than what stands before it. Without gradient.
 * @throws ArgumentError for a scalar.
 */
export function argmax(tape: Tape, input: Tensor): Tensor<'u32'> {
  const columns = input.shape.at(-1) ?? reject('argmax', 'shape of input', '[]', '[...,classes]');
  const rows = input.size / columns;
  const output = tape.empty(input.shape.slice(0, -1), 'u32');
  tape.run(argmaxKernel, {
    buffers: { input, output },
    params: { rows, columns },
    workgroups: ceilDivide(rows, argmaxKernel.constants.WORKGROUP.value),
    work: { bytes: 4 * input.size + 4 * rows, flops: input.size },
  });
  return output;
}

/** How many rows of scores [N,C] (logits or probabilities) are largest at their label: u32 [1]. Without gradient. */
export function accuracyCount(tape: Tape, scores: Tensor, labels: Tensor<'u32'>): Tensor<'u32'> {
  const [rows] = matrixShape('accuracyCount', 'scores', scores);
  checkShape('accuracyCount', 'labels', labels, [rows]);
  const count = tape.empty([1], 'u32');
  tape.run(countEqualKernel, {
    buffers: { a: argmax(tape, scores), b: labels, count },
    params: { size: rows },
    workgroups: 1,
    work: { bytes: 8 * rows + 4, flops: rows },
  });
  return count;
}

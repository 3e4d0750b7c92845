import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { copy as copyKernel } from './copy.wgsl.ts';
import { spread } from '../elementwise/workgroups.ts';

/**
 * A copy of a tensor made by a kernel (`engine.copy` uses the adapter's own copy instead): what a kernel that only moves
 * memory reaches is the bound that benchmarks hold the others against.
 */
export function copyByKernel(tape: Tape, input: Tensor): Tensor {
  const output = tape.empty(input.shape);
  const count = ceilDivide(input.size, 4);
  tape.run(copyKernel, {
    buffers: { input, output },
    params: { count },
    ...spread(tape.engine, copyKernel, count),
    work: { bytes: 8 * input.size, flops: 0 },
  });
  return tape.record('copyByKernel', output, [input], (outputGradient) => [outputGradient]);
}

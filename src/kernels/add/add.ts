import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { add as addKernel } from './add.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { formatShape, sameShape } from '../../runtime/shape.ts';
import { reject } from '../../runtime/errors.ts';
import { spread } from '../elementwise/workgroups.ts';

/**
 * Elementwise sum of two tensors of one shape: a + b, [...] (torch.add without broadcasting). Both inputs share the output's
 * gradient tensor: nothing is launched on the way back. Throws ArgumentError when the shapes differ.
 */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  if (!sameShape(a.shape, b.shape)) reject('add', 'shape of b', formatShape(b.shape), formatShape(a.shape));
  const sum = tape.empty(a.shape);
  const count = ceilDivide(a.size, 4);
  tape.run(addKernel, {
    buffers: { a, b, sum },
    params: { count },
    ...spread(tape.engine, addKernel, count),
    work: { bytes: 12 * a.size, flops: a.size },
  });
  return tape.record('add', sum, [a, b], (outputGradient) => [outputGradient, outputGradient]);
}

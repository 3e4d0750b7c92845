import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { relu as reluKernel } from './relu.wgsl.ts';
import { reluGradient as gradientKernel } from './relu_gradient.wgsl.ts';
import { spread } from '../elementwise/workgroups.ts';

/**
 * Rectified linear unit: max(x, 0) elementwise, [...] (torch.nn.functional.relu). The gradient is derived from the output: where
 * that is not positive it is zero.
 */
export function relu(tape: Tape, input: Tensor): Tensor {
  const output = tape.empty(input.shape);
  const count = ceilDivide(input.size, 4);
  tape.run(reluKernel, {
    buffers: { input, output },
    params: { count },
    ...spread(tape.engine, reluKernel, count),
    work: { bytes: 8 * input.size, flops: input.size },
  });
  return tape.record('relu', output, [input], (outputGradient) => [
    reluGradient(tape, output, outputGradient),
  ]);
}

/** The gradient with respect to relu's input, given relu's output (of the same shape) and the gradient of that; a new tensor. */
export function reluGradient(tape: Tape, output: Tensor, outputGradient: Tensor): Tensor {
  const inputGradient = tape.empty(output.shape);
  const count = ceilDivide(output.size, 4);
  tape.run(gradientKernel, {
    buffers: { output, outputGradient, inputGradient },
    params: { count },
    ...spread(tape.engine, gradientKernel, count),
    work: { bytes: 12 * output.size, flops: 0 },
  });
  return inputGradient;
}

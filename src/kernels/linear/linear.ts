import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { checkShape, matrixShape } from '../../runtime/shape.ts';
import { chooseVariant } from '../matmul/variant.ts';
import { convolutionGeometry } from '../conv2d/geometry.ts';
import { convolve } from '../conv2d/conv2d.ts';

/** Bias and kernels of a linear layer. */
export interface LinearOptions {
  /** Added to every row, [C]. */
  readonly bias?: Tensor;
  /** Which kernels to use (see `VARIANTS` in matmul/variant.ts). Default: the best for the adapter. */
  readonly variant?: string;
}

/**
 * Linear layer: input [N,D] x weight [D,C] + bias [C] -> [N,C] (torch.nn.functional.linear, whose weight is transposed: [C,D]).
 * It is a 1x1 convolution over a row of N pixels, and runs as one. Throws ArgumentError when shapes do not fit.
 */
export function linear(tape: Tape, input: Tensor, weight: Tensor, options: LinearOptions = {}): Tensor {
  const [batch, depth] = matrixShape('linear', 'input', input);
  checkShape('linear', 'weight', weight, [depth, 'C']);
  const [, columns] = matrixShape('linear', 'weight', weight);
  const bias = options.bias ?? null;
  if (bias !== null) checkShape('linear', 'bias', bias, [columns]);
  const variant = chooseVariant('linear', tape.engine.capabilities, options.variant);
  const image = { shape: [1, 1, batch, depth] };
  const geometry = convolutionGeometry('linear', image, { shape: [1, 1, depth, columns] }, {});
  return convolve(
    tape,
    'linear',
    { input, weight, bias, output: tape.empty([batch, columns]), activation: 'none' },
    geometry,
    variant,
  );
}

import type { ActivatedConvolution } from '../conv2d/reference.ts';
import type { OpCases } from '../cases.ts';
import { conv2d } from '../conv2d/conv2d.ts';
import { conv2dCases, convolution } from '../conv2d/cases.ts';
import { floatInput } from '../cases.ts';

/** conv2d by Winograd's algorithm: the same specification, over the shapes that it can compute. */
export const winogradCases: OpCases<ActivatedConvolution> = {
  ...conv2dCases,
  name: 'conv2d by winograd',
  cases: [
    convolution('one tile', [1, 4, 4, 4], [3, 3, 4, 4], { padding: 1 }),
    convolution('one output pixel', [1, 3, 3, 4], [3, 3, 4, 8], { bias: true }),
    convolution('one pixel, padded', [1, 1, 1, 4], [3, 3, 4, 4], { padding: 1 }),
    convolution('tiles beyond the edge', [2, 7, 5, 8], [3, 3, 8, 12], { padding: 1, bias: true }),
    convolution('an odd number of tiles, more than a tile of rows', [3, 13, 17, 4], [3, 3, 4, 4], {
      padding: 1,
    }),
    convolution('channels beyond a tile of columns', [1, 2, 3, 20], [3, 3, 20, 68], {
      padding: 1,
      bias: true,
    }),
    convolution('ReLU', [2, 7, 6, 8], [3, 3, 8, 12], { padding: 1, bias: true, activation: 'relu' }),
    convolution('no padding', [1, 9, 11, 4], [3, 3, 4, 8]),
    convolution('asymmetric padding', [1, 6, 5, 4], [3, 3, 4, 8], { padding: [0, 1, 2, 1] }),
    convolution('padding wider than the kernel', [1, 3, 2, 4], [3, 3, 4, 4], { padding: 5 }),
    convolution('outliers', [1, 6, 5, 8], [3, 3, 8, 8], {
      padding: 1,
      bias: true,
      values: { kind: 'outliers', scale: 100 },
    }),
    convolution('constant', [1, 8, 8, 4], [3, 3, 4, 4], {
      padding: 1,
      values: { kind: 'constant', value: 1000 },
    }),
  ],
  run: (tape, inputs, options, variant) =>
    conv2d(tape, floatInput(inputs, 0), floatInput(inputs, 1), {
      ...options,
      variant,
      algorithm: 'winograd',
      ...(inputs.length > 2 ? { bias: floatInput(inputs, 2) } : {}),
    }),
  // As conv2d's, times 4: the transforms multiply by up to 10 x 10 and 8 x 8 and cancel again, so that the numbers summed are
  // larger than the result, and so are their roundings. Observed: up to 3e-6 of the largest value over these cases, 1.1e-5 over
  // ResNet-50's layers.
  tolerance: { absolute: 0, relative: 2 ** -16 },
};

import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape, imageShape } from '../../runtime/shape.ts';
import { NAN_BITS } from '../nan.ts';
import { selectClass as selectClassKernel } from './select_class.wgsl.ts';

/**
 * The map of one class an image: input [N,H,W,C], labels [N] in [0, C), result [N,H,W] = input[n,y,x,labels[n]]. Without
 * gradient. A label outside the classes gives NaN for its image.
 * @throws ArgumentError when shapes disagree.
 */
export function selectClass(tape: Tape, input: Tensor, labels: Tensor<'u32'>): Tensor {
  const [images, height, width, classes] = imageShape('selectClass', 'input', input);
  checkShape('selectClass', 'labels', labels, [images]);
  const output = tape.empty([images, height, width]);
  const locations = output.size;
  tape.run(selectClassKernel, {
    buffers: { input, labels, output },
    params: { locations, locationsPerImage: height * width, classes, nanBits: NAN_BITS },
    workgroups: ceilDivide(locations, selectClassKernel.constants.WORKGROUP.value),
    work: { bytes: 8 * locations, flops: 0 },
  });
  return output;
}

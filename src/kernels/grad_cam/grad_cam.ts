import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { channelWeights as weightsKernel } from './channel_weights.wgsl.ts';
import { checkShape, imageShape } from '../../runtime/shape.ts';
import { weightedMap as mapKernel } from './weighted_map.wgsl.ts';

/**
 * Grad-CAM (Selvaraju et al. 2017, equations 1 and 2), or with `plus` Grad-CAM++ (Chattopadhay et al. 2018, equations 5 to 7 and
 * 19): the positive part of the feature maps [N,H,W,D], each weighted by what the gradients [N,H,W,D] of a class's score say of it:
 * [N,H,W]. Grad-CAM++ takes the class's exponential as its score, whose higher derivatives are powers of the gradient where the
 * logarithm is linear in the features; its factor, the same for all locations, is left out. Wants features that are nowhere
 * negative then. Without gradient.
 * @throws ArgumentError when shapes disagree
 */
export function gradCam(
  tape: Tape,
  features: Tensor,
  gradients: Tensor,
  { plus = false }: { readonly plus?: boolean } = {},
): Tensor {
  const [images, height, width, channels] = imageShape('gradCam', 'features', features);
  checkShape('gradCam', 'gradients', gradients, features.shape);
  const locations = height * width;
  const weights = tape.empty([images, channels]);
  tape.run(weightsKernel, {
    buffers: { features, gradients, weights },
    params: { count: weights.size, locations, channels },
    workgroups: ceilDivide(weights.size, weightsKernel.constants.WORKGROUP.value),
    constants: { PLUS: plus ? 1 : 0 },
    work: { bytes: (plus ? 8 : 4) * features.size, flops: (plus ? 5 : 1) * features.size },
  });
  const map = tape.empty([images, height, width]);
  tape.run(mapKernel, {
    buffers: { features, weights, map },
    params: { count: map.size, locations, channels },
    workgroups: ceilDivide(map.size, mapKernel.constants.WORKGROUP.value),
    work: { bytes: 4 * features.size, flops: 2 * features.size },
  });
  tape.release(weights);
  return map;
}

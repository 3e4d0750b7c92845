import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape, imageShape, matrixShape } from '../../runtime/shape.ts';
import { gradient as gradientKernel } from './gradient.wgsl.ts';
import { loss as lossKernel } from './loss.wgsl.ts';
import { NAN_BITS } from '../nan.ts';
import { spread } from '../elementwise/workgroups.ts';

interface Launch {
  readonly images: number;
  readonly locationsPerImage: number;
  readonly classes: number;
  readonly weights: Tensor | null;
}

function launch(
  name: string,
  tape: Tape,
  logProbabilities: Tensor,
  labels: Tensor<'u32'>,
  { images, locationsPerImage, classes, weights }: Launch,
): Tensor {
  const loss = tape.empty([images]);
  const WEIGHTED = weights === null ? 0 : 1;
  const locations = images * locationsPerImage;
  tape.run(lossKernel, {
    buffers: { logProbabilities, weights: weights ?? logProbabilities, labels, loss },
    params: { images, locationsPerImage, classes, nanBits: NAN_BITS },
    workgroups: images,
    constants: { WEIGHTED },
    work: { bytes: 8 * locations, flops: 2 * locations },
  });
  return tape.record(name, loss, [logProbabilities, labels], (lossGradient) => {
    const gradient = tape.emptyGradient(logProbabilities);
    const count = ceilDivide(logProbabilities.size, 4);
    const { workgroups, constants } = spread(tape.engine, gradientKernel, count);
    tape.run(gradientKernel, {
      buffers: { weights: weights ?? lossGradient, labels, lossGradient, gradient },
      params: { count, locations, locationsPerImage, classes },
      workgroups,
      constants: { ...constants, WEIGHTED, ALIGNED: classes % 4 === 0 ? 1 : 0 },
      work: { bytes: 4 * logProbabilities.size + 4 * locations, flops: logProbabilities.size },
    });
    return [gradient, null];
  });
}

/**
 * Negative log-likelihood of every sample: -logProbabilities[n, label] (torch.nn.functional.nll_loss, reduction 'none').
 * logProbabilities [N,C], labels [N] in [0, C), result [N]. A label outside the classes gives NaN for its sample.
 * @throws ArgumentError when shapes disagree.
 */
export function nllLoss(tape: Tape, logProbabilities: Tensor, labels: Tensor<'u32'>): Tensor {
  const [images, classes] = matrixShape('nllLoss', 'logProbabilities', logProbabilities);
  checkShape('nllLoss', 'labels', labels, [images]);
  return launch('nllLoss', tape, logProbabilities, labels, {
    images,
    locationsPerImage: 1,
    classes,
    weights: null,
  });
}

/**
 * Pixelwise negative log-likelihood, the loss of CALM-EM (equation 6 of the paper) once log joint and posterior exist as tensors:
 * -sum_z weights[n,z] logProbabilities[n,z,label], result [N]. logProbabilities [N,H,W,C], weights [N,H,W] (held still: they
 * get no gradient), labels [N]. `jointHead` gives the same without those tensors.
 * @throws ArgumentError when shapes disagree.
 */
export function pixelwiseNll(
  tape: Tape,
  logProbabilities: Tensor,
  weights: Tensor,
  labels: Tensor<'u32'>,
): Tensor {
  const [images, height, width, classes] = imageShape('pixelwiseNll', 'logProbabilities', logProbabilities);
  checkShape('pixelwiseNll', 'weights', weights, [images, height, width]);
  checkShape('pixelwiseNll', 'labels', labels, [images]);
  const locationsPerImage = height * width;
  return launch('pixelwiseNll', tape, logProbabilities, labels, {
    images,
    locationsPerImage,
    classes,
    weights,
  });
}

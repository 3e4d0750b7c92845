import type { JointHeadOptions } from './options.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { divide, multiply, subtract } from '../elementwise/binary.ts';
import { exp, log, scale, softplus } from '../elementwise/unary.ts';
import { headSizes } from './launch.ts';
import { logSoftmax, softmax } from '../softmax/softmax.ts';
import { nllLoss, pixelwiseNll } from '../nll/nll.ts';
import { selectClass } from '../nll/select_class.ts';
import { sumPerSample, sumSpatial } from '../reduce/reduce.ts';

/**
 * `jointHead`'s per-sample loss [N] in the paper's form (softplus, no epsilons), chained from single ops as a framework would:
 * every intermediate is a tensor. A second oracle for the fused kernels and their rival in benchmarks; not for training: the
 * prior and, with 'ml', the likelihood are not in log space here and may underflow. Shapes and errors as `jointHead`.
 */
export function unfusedJointHead(
  tape: Tape,
  classLogits: Tensor,
  locationLogits: Tensor,
  labels: Tensor<'u32'>,
  { objective }: Pick<JointHeadOptions, 'objective'>,
): Tensor {
  headSizes('unfusedJointHead', classLogits, locationLogits);
  const activation = softplus(tape, locationLogits);
  const prior = divide(tape, activation, sumPerSample(tape, activation));
  if (objective === 'ml') {
    const joint = multiply(tape, softmax(tape, classLogits), prior);
    return nllLoss(tape, log(tape, sumSpatial(tape, joint)), labels);
  }
  const logJoint = subtract(tape, logSoftmax(tape, classLogits), scale(tape, log(tape, prior), -1));
  // The posterior is held still: selectClass and pixelwiseNll's weights let no gradient through.
  const joint = exp(tape, selectClass(tape, logJoint, labels));
  const posterior = divide(tape, joint, sumPerSample(tape, joint));
  return pixelwiseNll(tape, logJoint, posterior, labels);
}

import type { HeadConfiguration, HeadLogits } from '../model/head.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { crossEntropy } from '../kernels/cross_entropy/cross_entropy.ts';
import { exp, scale } from '../kernels/elementwise/unary.ts';
import { globalAveragePool } from '../kernels/global_average_pool/global_average_pool.ts';
import { jointHead } from '../kernels/joint_head/joint_head.ts';
import { nllLoss } from '../kernels/nll/nll.ts';
import { reject } from '../runtime/errors.ts';

/**
 * The number whose gradient is taken: CAM's mean class logit, p(y|x), its logarithm, or what CALM-EM maximises, the posterior's
 * expectation of log p(y,z|x) with the posterior held still (same gradient as the logarithm but for the released code's epsilons).
 */
export type Target = 'logit' | 'probability' | 'log-probability' | 'em-objective';

export const TARGETS: readonly Target[] = ['logit', 'probability', 'log-probability', 'em-objective'];

/** What to differentiate, and how. */
export interface TargetOptions {
  /** Default: `logit` for CAM, as the baselines' papers have it; `log-probability` for CALM, which has no logit of the image. */
  readonly target?: Target;
  /**
   * Leave out the gradient through the sum that normalises the prior, as the released code's graph does. It is then no longer the
   * gradient of the target. Default: false.
   */
  readonly detachNormalizer?: boolean;
}

/**
 * The target of every image and its class, [N], recorded on the tape. `classes` [N] in [0, C).
 * @throws ArgumentError for a target that the head does not have
 */
export function attributionTarget(
  tape: Tape,
  { classLogits, locationLogits }: HeadLogits,
  classes: Tensor<'u32'>,
  head: HeadConfiguration,
  options: TargetOptions = {},
): Tensor {
  const isCam = head.kind === 'cam';
  const { target = isCam ? 'logit' : 'log-probability', detachNormalizer = false } = options;
  const negative = (loss: Tensor): Tensor => scale(tape, loss, -1);
  if (isCam) {
    if (target === 'em-objective')
      reject('attribute', 'target', target, 'logit, probability or log-probability for a cam head');
    const scores = globalAveragePool(tape, classLogits);
    // The negative likelihood of "log probabilities" is the score of the class, negated.
    if (target === 'logit') return negative(nllLoss(tape, scores, classes));
    const logProbability = negative(crossEntropy(tape, scores, classes));
    return target === 'probability' ? exp(tape, logProbability) : logProbability;
  }
  if (target === 'logit')
    reject('attribute', 'target', target, 'probability, log-probability or em-objective for a CALM head');
  const { prior, officialEpsilons } = head;
  const form = { prior, officialEpsilons, detachNormalizer };
  const objective = target === 'em-objective' ? 'em' : 'ml';
  const { loss } = jointHead(tape, classLogits, locationLogits, classes, { ...form, objective });
  const value = negative(loss);
  return target === 'probability' ? exp(tape, value) : value;
}

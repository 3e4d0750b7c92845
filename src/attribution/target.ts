import type { HeadConfiguration, HeadLogits } from '../model/head.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { crossEntropy } from '../kernels/cross_entropy/cross_entropy.ts';
import { add } from '../kernels/add/add.ts';
import { divide, multiply, subtract } from '../kernels/elementwise/binary.ts';
import { clamp, exp, log, scale, softplus } from '../kernels/elementwise/unary.ts';
import { globalAveragePool } from '../kernels/global_average_pool/global_average_pool.ts';
import { jointHead } from '../kernels/joint_head/joint_head.ts';
import { nllLoss } from '../kernels/nll/nll.ts';
import { reject } from '../runtime/errors.ts';
import { relu } from '../kernels/relu/relu.ts';
import { maxPerSample, sumPerSample, sumSpatial } from '../kernels/reduce/reduce.ts';

/**
 * The number whose gradient is taken: the class's score before any softmax, sum over z of p(z|x) f_y(z), where CAM weighs all locations
 * alike (its mean logit); p(y|x); its logarithm; or what CALM-EM maximises, the posterior's expectation of log p(y,z|x) with the
 * posterior held still (same gradient as the logarithm but for the released code's epsilons).
 */
export type Target = 'logit' | 'probability' | 'log-probability' | 'em-objective';

export const TARGETS: readonly Target[] = ['logit', 'probability', 'log-probability', 'em-objective'];

/** What to differentiate, and how. */
export interface TargetOptions {
  /**
   * Default: `logit`, as the methods' papers have it. The gradient of a probability near 1 is nearly zero, and what is left of it does
   * not speak of the class: under Grad-CAM such maps find no cue (docs/results.md).
   */
  readonly target?: Target;
  /**
   * Leave out the gradient through the sum that normalises the prior, as the released code's graph does. It is then no longer the
   * gradient of the target. Default: false.
   */
  readonly detachNormalizer?: boolean;
}

const LARGEST = 3.4028234663852886e38;
/** Below it softplus(a) is exp(a) but for 1e-9 of itself. */
const EXPONENTIAL = -20;

/**
 * softplus(a) over its largest of the image, [N,H,W,1]: by its logarithm, since softplus underflows below -104. That is log softplus of
 * max(a, -20), plus what a lies below -20. The largest stands still: no gradient goes through it.
 */
function relativeSoftplus(tape: Tape, a: Tensor): Tensor {
  const upper = clamp(tape, a, EXPONENTIAL, LARGEST);
  const logarithm = add(tape, log(tape, softplus(tape, upper)), subtract(tape, a, upper));
  const largest = maxPerSample(tape, logarithm);
  // A view requires no gradient.
  return exp(tape, subtract(tape, logarithm, largest.reshape(largest.shape)));
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
  const { target = 'logit', detachNormalizer = false } = options;
  const negative = (loss: Tensor): Tensor => scale(tape, loss, -1);
  // The negative likelihood of "log probabilities" is the score of the class, negated.
  const scoreOf = (scores: Tensor): Tensor => negative(nllLoss(tape, scores, classes));
  if (head.kind === 'cam') {
    if (target === 'em-objective')
      reject('attribute', 'target', target, 'logit, probability or log-probability for a cam head');
    const scores = globalAveragePool(tape, classLogits);
    if (target === 'logit') return scoreOf(scores);
    const logProbability = negative(crossEntropy(tape, scores, classes));
    return target === 'probability' ? exp(tape, logProbability) : logProbability;
  }
  const { prior, officialEpsilons } = head;
  if (target === 'logit') {
    const weights = (prior === 'relu' ? relu : relativeSoftplus)(tape, locationLogits);
    const sums = sumPerSample(tape, weights);
    const divisor = detachNormalizer ? sums.reshape(sums.shape) : sums;
    const weighted = sumSpatial(tape, multiply(tape, classLogits, weights));
    return scoreOf(divide(tape, weighted, divisor));
  }
  const form = { prior, officialEpsilons, detachNormalizer };
  const objective = target === 'em-objective' ? 'em' : 'ml';
  const { loss } = jointHead(tape, classLogits, locationLogits, classes, { ...form, objective });
  const value = negative(loss);
  return target === 'probability' ? exp(tape, value) : value;
}

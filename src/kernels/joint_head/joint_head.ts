import type { JointHeadOptions } from './options.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { backward as backwardKernel } from './backward.wgsl.ts';
import { backwardSubgroup as backwardSubgroupKernel } from './backward_subgroup.wgsl.ts';
import { backwardLanes as backwardLanesKernel } from './backward_lanes.wgsl.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape } from '../../runtime/shape.ts';
import { headSizes, launchLikelihood, launchStatistics } from './launch.ts';
import { rowVariant } from '../softmax/row_statistics.ts';
import { reject } from '../../runtime/errors.ts';

export type { JointHeadOptions, PosteriorOptions, PriorOptions } from './options.ts';

/**
 * Lanes of the narrowest and widest subgroup that deals with a location a lane: a CPU's vector. With SwiftShader's four lanes it is
 * slower than without subgroups (1.4 ms against 1.25 for [8,14,14,200]).
 */
const FEWEST_LANES = 8;
const MOST_LANES = 16;

/** What the head gives for every sample of a batch. */
export interface JointHeadResult {
  /** Loss of each sample [N], in nats; recorded: its gradient reaches both logits. */
  readonly loss: Tensor;
  /** Probability p(y|x) of each sample's label [N]; for monitoring: not recorded, and kept until the tape ends. */
  readonly probability: Tensor;
}

/**
 * CALM's head and its loss in one (Kim et al., "Keep CALM and Improve Visual Feature Attribution", ICCV 2021, section 4):
 *
 *     p(y|x,z) = softmax over classes of classLogits, p(z|x) = softplus(locationLogits) / its sum over the image
 *     'ml': -log sum_z p(y,z|x)    'em': -sum_z q_z log p(y,z|x),  q = p(z|x,y), without gradient
 *
 * classLogits [N,H,W,C], locationLogits [N,H,W,1], labels [N] in [0, C). Softmax, prior and posterior never exist as whole
 * tensors: forward reads the class logits once and writes 4 numbers a location, backward reads them once and writes their
 * gradient once: 12 bytes an element for a training step. Everything is in log space: logits of +-1000 give finite values.
 *
 * Where the official code's `officialEpsilons` form divides by an underflowed likelihood (ML: infinite loss, NaN gradients),
 * the log-space value and gradient stand here instead. An image whose ReLU prior is zero everywhere gives NaN in both.
 * A label outside the classes gives NaN for its sample.
 * @throws ArgumentError when shapes disagree, or when a posterior is given for 'ml'.
 */
export function jointHead(
  tape: Tape,
  classLogits: Tensor,
  locationLogits: Tensor,
  labels: Tensor<'u32'>,
  options: JointHeadOptions,
): JointHeadResult {
  const sizes = headSizes('jointHead', classLogits, locationLogits);
  const { images, height, width, locations, locationsPerImage, classes } = sizes;
  checkShape('jointHead', 'labels', labels, [images]);
  if (options.posterior !== undefined) {
    checkShape('jointHead', 'posterior', options.posterior, [images, height, width]);
    if (options.objective === 'ml') reject('jointHead', 'posterior', 'given', "none with objective 'ml'");
  }
  const statistics = launchStatistics(tape, classLogits, sizes, options.variant);
  const inputs = { classLogits, labels, statistics, locationLogits };
  const { weights, loss, probability } = launchLikelihood(tape, inputs, sizes, options);
  tape.record('jointHead', loss, [classLogits, locationLogits], (lossGradient) => {
    const logitGradient = tape.emptyGradient(classLogits);
    const locationGradient = tape.emptyGradient(locationLogits);
    const buffers = {
      logits: classLogits,
      labels,
      statistics,
      weights,
      lossGradient,
      logitGradient,
      locationGradient,
    };
    const work = { bytes: locations * (8 * classes + 20), flops: 5 * locations * classes };
    const ALIGNED = classes % 4 === 0 ? 1 : 0;
    const count = ceilDivide(locations * classes, 4);
    // Only software adapters are known to number the lanes of a subgroup like those of its workgroup.
    const { software, subgroupSize } = tape.engine.capabilities;
    const LANES = software ? (subgroupSize ?? 0) : 0;
    // A location of fewer than four classes has no vec4 of its own.
    if (rowVariant(tape, options.variant) === 'lanes' || classes < 4) {
      tape.run(backwardLanesKernel, {
        buffers,
        params: { locations, locationsPerImage, classes, count },
        workgroups: ceilDivide(count, backwardLanesKernel.constants.WORKGROUP.value),
        constants: { ALIGNED },
        work,
      });
    } else if (LANES >= FEWEST_LANES && LANES <= MOST_LANES && classes >= 4 * LANES) {
      tape.run(backwardSubgroupKernel, {
        buffers,
        params: { locations, locationsPerImage, classes, quads: count },
        workgroups: ceilDivide(locations, backwardSubgroupKernel.constants.WORKGROUP.value),
        constants: { ALIGNED, LANES },
        work,
      });
    } else {
      tape.run(backwardKernel, {
        buffers,
        params: { locations, locationsPerImage, classes },
        workgroups: ceilDivide(locations, backwardKernel.constants.WORKGROUP.value),
        constants: { ALIGNED },
        work,
      });
    }
    return [logitGradient, locationGradient];
  });
  return { loss, probability: tape.keep(probability) };
}

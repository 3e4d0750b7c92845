import type { JointHeadOptions, PosteriorOptions, PriorOptions } from './options.ts';
import type { RowVariant } from '../softmax/row_statistics.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { checkShape, imageShape } from '../../runtime/shape.ts';
import { launchRowStatistics, rowVariant } from '../softmax/row_statistics.ts';
import { likelihood as likelihoodKernel } from './likelihood.wgsl.ts';
import { NAN_BITS } from '../nan.ts';
import { prior as priorKernel } from './prior.wgsl.ts';

/** Sizes of the head's inputs. */
export interface HeadSizes {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly locationsPerImage: number;
  /** images * locationsPerImage. */
  readonly locations: number;
  readonly classes: number;
}

/** The sizes of class logits [N,H,W,C], once the location logits are [N,H,W,1] of the same places. */
export function headSizes(operation: string, classLogits: Tensor, locationLogits: Tensor): HeadSizes {
  const [images, height, width, classes] = imageShape(operation, 'classLogits', classLogits);
  checkShape(operation, 'locationLogits', locationLogits, [images, height, width, 1]);
  const locationsPerImage = height * width;
  return { images, height, width, locationsPerImage, locations: images * locationsPerImage, classes };
}

/** (max, log sum of exp) over the classes of every location, [N*H*W,2]; reads the class logits once. */
export function launchStatistics(
  tape: Tape,
  classLogits: Tensor,
  sizes: HeadSizes,
  variant: RowVariant | undefined,
): Tensor {
  return launchRowStatistics(tape, classLogits, {
    rows: sizes.locations,
    columns: sizes.classes,
    variant: rowVariant(tape, variant),
  });
}

/** Lanes that share an image: barriers cost software adapters more than parallelism brings. */
export function imageWorkgroup(tape: Tape, variant: RowVariant | undefined): number {
  return rowVariant(tape, variant) === 'invocation' ? 8 : 256;
}

/** The same for the likelihood kernel, whose invocations take four locations a step. */
function likelihoodWorkgroup(tape: Tape, variant: RowVariant | undefined): number {
  return rowVariant(tape, variant) === 'invocation' ? 8 : 128;
}

/** (log p(z|x), act'/act) of every location, [N,H,W,2]. */
export function launchPrior(
  tape: Tape,
  locationLogits: Tensor,
  sizes: HeadSizes,
  { prior = 'softplus', variant }: PriorOptions,
): Tensor {
  const { images, height, width, locations, locationsPerImage } = sizes;
  const output = tape.empty([images, height, width, 2]);
  tape.run(priorKernel, {
    buffers: { locationLogits, prior: output },
    params: { images, locationsPerImage },
    workgroups: images,
    constants: { WORKGROUP: imageWorkgroup(tape, variant), RELU: prior === 'relu' ? 1 : 0 },
    work: { bytes: 16 * locations, flops: 60 * locations },
  });
  return output;
}

/** What the likelihood kernel reads. */
export interface LikelihoodInputs {
  readonly classLogits: Tensor;
  readonly labels: Tensor<'u32'>;
  /** From `launchStatistics`. */
  readonly statistics: Tensor;
  readonly locationLogits: Tensor;
}

/** What the likelihood kernel makes of one class an image. */
export interface Likelihood {
  /** Posterior and slope of the loss with respect to the location logit, [N,H,W,2]. */
  readonly weights: Tensor;
  /** Per-sample loss [N]. */
  readonly loss: Tensor;
  /** p(y|x) of the labels [N]. */
  readonly probability: Tensor;
}

/** Loss, probability and posterior of the labelled class of every image. */
export function launchLikelihood(
  tape: Tape,
  inputs: LikelihoodInputs,
  sizes: HeadSizes,
  options: JointHeadOptions & PosteriorOptions,
): Likelihood {
  const { images, height, width, locations, locationsPerImage, classes } = sizes;
  const weights = tape.empty([images, height, width, 2]);
  const loss = tape.empty([images]);
  const probability = tape.empty([images]);
  const { classLogits, labels, statistics, locationLogits } = inputs;
  const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);
  tape.run(likelihoodKernel, {
    buffers: {
      logits: classLogits,
      labels,
      statistics,
      locationLogits,
      posterior: options.posterior ?? statistics,
      weights,
      loss,
      probability,
    },
    params: { images, locationsPerImage, classes, infinity: Number.POSITIVE_INFINITY, nanBits: NAN_BITS },
    workgroups: images,
    constants: {
      WORKGROUP: likelihoodWorkgroup(tape, options.variant),
      RELU: flag(options.prior === 'relu'),
      ML: flag(options.objective === 'ml'),
      GIVEN: flag(options.posterior !== undefined),
      OFFICIAL: flag(options.officialEpsilons),
      DETACH: flag(options.detachNormalizer),
    },
    work: { bytes: 40 * locations, flops: 150 * locations },
  });
  return { weights, loss, probability };
}

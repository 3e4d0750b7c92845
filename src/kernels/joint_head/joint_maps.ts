import type { PosteriorOptions } from './options.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape, formatShape } from '../../runtime/shape.ts';
import { classMaps as classMapsKernel } from './class_maps.wgsl.ts';
import { headSizes, imageWorkgroup, launchPrior, launchStatistics } from './launch.ts';
import { NAN_BITS } from '../nan.ts';
import { priorMap as priorMapKernel } from './prior_map.wgsl.ts';
import { probabilities as probabilitiesKernel } from './probabilities.wgsl.ts';
import { reject } from '../../runtime/errors.ts';

/** Maps of one class, or of a set of classes Y, an image. A set's maps are the sums over its classes (paper, section 4.1.3). */
export interface ClassMaps {
  /** Joint p(Y,z|x), the attribution map [N,H,W]; it sums to `probability`. */
  readonly joint: Tensor;
  /** Conditional p(Y|x,z) [N,H,W]. */
  readonly conditional: Tensor;
  /** Posterior p(z|x,Y) [N,H,W]. */
  readonly posterior: Tensor;
  /** p(Y|x) [N]. */
  readonly probability: Tensor;
}

/** The joint distribution p(y,z|x) of a batch; each function launches what it returns, and nothing else. */
export interface JointMaps {
  /** Location prior (saliency) p(z|x) [N,H,W]. */
  prior(): Tensor;
  /** Class probabilities p(y|x) [N,C]. */
  probabilities(): Tensor;
  /** Maps of one class an image, `classes` [N], or of a set of distinct classes an image, `classes` [N,K]. */
  classMaps(classes: Tensor<'u32'>): ClassMaps;
}

/**
 * What a trained head says of images, for inference (without gradients): classLogits [N,H,W,C] and locationLogits [N,H,W,1] as
 * in `jointHead`. The class logits are read once for the softmax statistics of all locations, and again by what is asked for.
 * The counterfactual map of two classes is the difference of their joint maps. A class outside [0, C), or an image whose ReLU
 * prior is zero everywhere, gives NaN.
 * @throws ArgumentError when shapes disagree.
 */
export function jointMaps(
  tape: Tape,
  classLogits: Tensor,
  locationLogits: Tensor,
  options: PosteriorOptions = {},
): JointMaps {
  const sizes = headSizes('jointMaps', classLogits, locationLogits);
  const { images, height, width, locationsPerImage, locations, classes } = sizes;
  const prior = launchPrior(tape, locationLogits, sizes, options);
  let known: Tensor | null = null;
  const statistics = (): Tensor => (known ??= launchStatistics(tape, classLogits, sizes, options.variant));
  return {
    prior() {
      const priorMap = tape.empty([images, height, width]);
      tape.run(priorMapKernel, {
        buffers: { prior, priorMap },
        params: { locations, nanBits: NAN_BITS },
        workgroups: ceilDivide(locations, priorMapKernel.constants.WORKGROUP.value),
        work: { bytes: 12 * locations, flops: locations },
      });
      return priorMap;
    },
    probabilities() {
      const probabilities = tape.empty([images, classes]);
      tape.run(probabilitiesKernel, {
        buffers: { logits: classLogits, statistics: statistics(), prior, probabilities },
        params: { images, locationsPerImage, classes, nanBits: NAN_BITS },
        workgroups: ceilDivide(images * classes, probabilitiesKernel.constants.WORKGROUP.value),
        work: {
          bytes: locations * (4 * classes + 16) + 4 * images * classes,
          flops: 5 * locations * classes,
        },
      });
      return probabilities;
    },
    classMaps(chosen) {
      const setSize = chosen.shape[1] ?? 1;
      if (chosen.shape.length > 2 || chosen.shape[0] !== images)
        reject('classMaps', 'shape of classes', formatShape(chosen.shape), `[${images}] or [${images},set]`);
      const joint = tape.empty([images, height, width]);
      const conditional = tape.empty([images, height, width]);
      const posterior = tape.empty([images, height, width]);
      const probability = tape.empty([images]);
      tape.run(classMapsKernel, {
        buffers: {
          logits: classLogits,
          classes: chosen,
          statistics: statistics(),
          prior,
          joint,
          conditional,
          posterior,
          probability,
        },
        params: { images, locationsPerImage, classes, setSize, nanBits: NAN_BITS },
        workgroups: images,
        constants: {
          WORKGROUP: imageWorkgroup(tape, options.variant),
          OFFICIAL: options.officialEpsilons === true ? 1 : 0,
        },
        work: { bytes: locations * (4 * setSize + 28), flops: locations * (8 * setSize + 20) },
      });
      return { joint, conditional, posterior, probability };
    },
  };
}

/**
 * Posterior p(z|x,y) of each image's label under these logits, [N,H,W]: with the logits of a slow copy theta' of the
 * parameters, it is what `jointHead` takes as `posterior`. Without gradient. Shapes and errors as `jointHead`.
 */
export function jointPosterior(
  tape: Tape,
  classLogits: Tensor,
  locationLogits: Tensor,
  labels: Tensor<'u32'>,
  options: PosteriorOptions = {},
): Tensor {
  const { images } = headSizes('jointPosterior', classLogits, locationLogits);
  checkShape('jointPosterior', 'labels', labels, [images]);
  return jointMaps(tape, classLogits, locationLogits, options).classMaps(labels).posterior;
}

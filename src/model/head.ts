import type { Conv2dLayer, Pass } from './layers.ts';
import type { PosteriorOptions } from '../kernels/joint_head/options.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { crossEntropy } from '../kernels/cross_entropy/cross_entropy.ts';
import { globalAveragePool } from '../kernels/global_average_pool/global_average_pool.ts';
import { jointHead } from '../kernels/joint_head/joint_head.ts';
import { jointMaps } from '../kernels/joint_head/joint_maps.ts';
import { pointwiseConv2d, runConv2d } from './layers.ts';
import { reject } from '../runtime/errors.ts';
import { softmax } from '../kernels/softmax/softmax.ts';

/** CAM (class logits averaged over space), or CALM trained by its EM or ML loss. */
export type HeadKind = 'cam' | 'calm-em' | 'calm-ml';

const KINDS: readonly HeadKind[] = ['cam', 'calm-em', 'calm-ml'];

/** A head and its form. */
export interface HeadOptions {
  readonly kind: HeadKind;
  /** The released code's form: ReLU prior, normaliser without gradient, epsilons. Default: false, the paper's form. */
  readonly official?: boolean;
  /** Activation of the location logits. Default: softplus (paper); ReLU with `official`. */
  readonly prior?: 'softplus' | 'relu';
  /** No gradient through the sum that normalises the prior. Default: the value of `official`. */
  readonly detachNormalizer?: boolean;
  /** The released code's epsilons in log prior and posterior. Default: the value of `official`. */
  readonly officialEpsilons?: boolean;
}

/** Head options with all defaults filled in. */
export interface HeadConfiguration {
  readonly kind: HeadKind;
  readonly prior: 'softplus' | 'relu';
  readonly detachNormalizer: boolean;
  readonly officialEpsilons: boolean;
}

/** Fills in the defaults. Throws ArgumentError for an unknown kind. */
export function headConfiguration(head: HeadKind | HeadOptions): HeadConfiguration {
  const options: HeadOptions = typeof head === 'object' ? head : { kind: head };
  const { kind, official = false } = options;
  if (!KINDS.includes(kind)) reject('createModel', 'head', String(kind), KINDS.join(' | '));
  const prior = options.prior ?? (official ? 'relu' : 'softplus');
  if (prior !== 'softplus' && prior !== 'relu')
    reject('createModel', 'head.prior', String(prior), 'softplus | relu');
  return {
    kind,
    prior,
    detachNormalizer: options.detachNormalizer ?? official,
    officialEpsilons: options.officialEpsilons ?? official,
  };
}

/** What the two 1x1 convolutions of a head give. */
export interface HeadLogits {
  /** f, [N,H,W,C] */
  readonly classLogits: Tensor;
  /** a, [N,H,W,1]. CAM has it too, untrained, because its checkpoints do. */
  readonly locationLogits: Tensor;
}

/** Per-sample losses, and what is left of the classification on the way. */
export interface HeadLoss {
  /** [N], in nats; recorded. */
  readonly perSample: Tensor;
  /** Scores [N,C] whose largest is the predicted class: p(y|x), or CAM's mean logits. */
  readonly scores: Tensor;
}

/** What a model says of a batch. */
export interface Prediction extends HeadLogits {
  /** p(y|x), [N,C] */
  readonly probabilities: Tensor;
  /** p(z|x), [N,H,W]; CAM weighs all locations alike and has none. */
  readonly prior: Tensor | null;
}

/** The layers of a head, named as in the released code: `conv_last` (class logits) and `attention.0` (location logits). */
export class Head {
  readonly configuration: HeadConfiguration;
  readonly layers: readonly [Conv2dLayer, Conv2dLayer];

  constructor(configuration: HeadConfiguration, channels: number, classes: number) {
    this.configuration = configuration;
    this.layers = [
      pointwiseConv2d('conv_last', [channels, classes]),
      pointwiseConv2d('attention.0', [channels, 1]),
    ];
  }

  /** Class and location logits of features [N,H,W,D]. */
  logits(pass: Pass, features: Tensor): HeadLogits {
    const [classes, attention] = this.layers;
    return {
      classLogits: runConv2d(pass, classes, features),
      locationLogits: runConv2d(pass, attention, features),
    };
  }

  /** The head's loss for labels [N]. `posterior` [N,H,W] stands in for EM's own (see `jointHead`). */
  loss(tape: Tape, logits: HeadLogits, labels: Tensor<'u32'>, posterior?: Tensor): HeadLoss {
    const { kind, ...form } = this.configuration;
    const { classLogits, locationLogits } = logits;
    if (posterior !== undefined && kind !== 'calm-em')
      reject('loss', 'posterior', `given for head ${kind}`, 'none: only calm-em has a posterior in its loss');
    if (kind === 'cam') {
      const scores = globalAveragePool(tape, classLogits);
      return { perSample: crossEntropy(tape, scores, labels), scores };
    }
    const { loss } = jointHead(tape, classLogits, locationLogits, labels, {
      ...form,
      objective: kind === 'calm-em' ? 'em' : 'ml',
      ...(posterior === undefined ? {} : { posterior }),
    });
    const maps = jointMaps(tape, classLogits, locationLogits, this.posteriorOptions);
    return { perSample: loss, scores: maps.probabilities() };
  }

  /** Probabilities and prior that follow from the logits. */
  predict(tape: Tape, logits: HeadLogits): Prediction {
    const { classLogits, locationLogits } = logits;
    if (this.configuration.kind === 'cam') {
      const means = globalAveragePool(tape, classLogits);
      const probabilities = softmax(tape, means);
      tape.release(means);
      return { ...logits, probabilities, prior: null };
    }
    const maps = jointMaps(tape, classLogits, locationLogits, this.posteriorOptions);
    return { ...logits, probabilities: maps.probabilities(), prior: maps.prior() };
  }

  /** How `jointMaps` and `jointPosterior` must be asked for this head's maps. */
  get posteriorOptions(): PosteriorOptions {
    const { prior, officialEpsilons } = this.configuration;
    return { prior, officialEpsilons };
  }
}

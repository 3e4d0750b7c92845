import type { RowVariant } from '../softmax/row_statistics.ts';
import type { Tensor } from '../../runtime/tensor.ts';

/** How the location prior p(z|x) follows from the location logits. */
export interface PriorOptions {
  /** Activation before the L1 normalisation: the paper's softplus (default) or the official code's ReLU. */
  readonly prior?: 'softplus' | 'relu';
  /** Kernels to use; by default those that suit the adapter. */
  readonly variant?: RowVariant;
}

/** Which posterior and epsilons a joint likelihood is taken with. */
export interface PosteriorOptions extends PriorOptions {
  /**
   * The released code's epsilons, which the paper does not have: + 1e-8 within the log of a prior below 1e-8, and + 1e-10 in
   * the posterior's denominator. They concern EM alone. Default: false.
   */
  readonly officialEpsilons?: boolean;
}

export interface JointHeadOptions extends PosteriorOptions {
  /** CALM-EM (equations 5-6 of the paper) or CALM-ML (equations 3-4): other values, the same gradient. */
  readonly objective: 'em' | 'ml';
  /** No gradient through the sum that normalises the prior, as in the official code. Default: false. */
  readonly detachNormalizer?: boolean;
  /**
   * EM's posterior [N,H,W], from a slow copy of the parameters (see `jointPosterior`). It need not sum to 1. Default: the
   * posterior under the current parameters. Only with `objective: 'em'`.
   */
  readonly posterior?: Tensor;
}

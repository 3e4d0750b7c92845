/** What is compared, as plain JSON: every peer, also one in another process, builds the same computation from it. */
import type { Shape } from '../../src/runtime/shape.ts';

/** Which part of a convolution is computed. */
export type Direction = 'forward' | 'input gradient' | 'weight gradient';

/** A square convolution that keeps the size at stride 1. */
export interface ConvolutionWork {
  readonly kind: 'convolution';
  readonly direction: Direction;
  readonly batch: number;
  readonly size: number;
  readonly channels: readonly [input: number, output: number];
  readonly kernel: number;
  readonly stride: number;
}

/** Forward and backward pass of CALM-EM's loss from both logits. */
export interface HeadWork {
  readonly kind: 'head';
  readonly batch: number;
  readonly classes: number;
  readonly side: number;
  readonly labels: readonly number[];
}

interface NetworkWorkOf<Kind extends string> {
  readonly kind: Kind;
  readonly batch: number;
  readonly side: number;
  readonly classes: number;
  /** Image pixels per location of the map. */
  readonly outputStride: 8 | 16 | 32;
  readonly labels: readonly number[];
}

/** A pass of ResNet-50 with CALM-EM's head over square images. */
export type NetworkWork = NetworkWorkOf<'training step'> | NetworkWorkOf<'inference'>;

/** One computation. Shapes are [N,H,W,C]; gradients are those of `sum(output * outputGradient)`. */
export type Work =
  | { readonly kind: 'matmul'; readonly size: number }
  | ConvolutionWork
  /** In training, forward and backward. */
  | { readonly kind: 'batch norm'; readonly shape: Shape }
  /** 3x3 of stride 2 with a border of 1, forward and backward. */
  | { readonly kind: 'max pool'; readonly shape: Shape }
  /** Forward and backward. */
  | { readonly kind: 'global average pool'; readonly shape: Shape }
  | { readonly kind: 'relu'; readonly shape: Shape }
  | { readonly kind: 'add'; readonly shape: Shape }
  /** One step with momentum over all of ResNet-50; each parameter is its own gradient. */
  | { readonly kind: 'sgd'; readonly classes: number }
  | HeadWork
  | NetworkWork;

/** What the optimiser of every peer is set to. Without weight decay, which TensorFlow.js does not have. */
export const SGD = { learningRate: 0.01, momentum: 0.9 } as const;

/** Parameters whose first update is compared: the gradients that a training step reaches first and last. */
export const WATCHED_PARAMETERS = ['conv_last.weight', 'conv1.weight'] as const;

/** Name of a training step's result for such a parameter. */
export function changeName(parameter: string): string {
  return `change of ${parameter}`;
}

/** Of every batch norm. */
export const BATCH_NORM_EPSILON = 1e-5;

/** Side of a convolution's output. */
export function outputSize({ size, stride }: Pick<ConvolutionWork, 'size' | 'stride'>): number {
  return Math.ceil(size / stride);
}

/** Border of a convolution on every side. */
export function padding(kernel: number): number {
  return Math.floor(kernel / 2);
}

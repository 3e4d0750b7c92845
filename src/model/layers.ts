import type { BatchSynchronization } from '../kernels/batch_norm/synchronization.ts';
import type { Shape } from '../runtime/shape.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { Weights } from './weights.ts';
import { batchNorm } from '../kernels/batch_norm/batch_norm.ts';
import { conv2d } from '../kernels/conv2d/conv2d.ts';

/** A convolution of a network: parameters `NAME.weight` [KH,KW,Cin,Cout] and, with a bias, `NAME.bias` [Cout]. */
export interface Conv2dLayer {
  readonly kind: 'conv2d';
  readonly name: string;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: number;
  readonly padding: readonly [height: number, width: number];
  readonly bias: boolean;
  readonly initialisation: ConvolutionInitialisation;
}

/**
 * How torchvision starts a convolution: pytorch as torch.nn.Conv2d does by itself; kaiming normal by fan out for ReLU, biases 0;
 * narrow normal with deviation 0.1, biases 0 (Inception's truncated normal, whose bounds lie 20 deviations out).
 */
export type ConvolutionInitialisation = 'pytorch' | 'kaiming' | 'narrow';

/** A batch normalisation: parameters `NAME.weight` and `NAME.bias`, statistics `NAME.running_mean` and `NAME.running_var`, [C] each. */
export interface BatchNorm2dLayer {
  readonly kind: 'batchNorm2d';
  readonly name: string;
  readonly channels: number;
  readonly epsilon: number;
}

/** A layer that has parameters. Names are those of the PyTorch module. */
export type Layer = Conv2dLayer | BatchNorm2dLayer;

/** Batch statistics, or the running ones. */
export type Mode = 'train' | 'eval';

/** One run of images through a network. */
export interface Pass {
  readonly tape: Tape;
  readonly weights: Weights;
  readonly mode: Mode;
  /** Parts of the trunk (the stem, every block) are computed again in backward: see `runPart`. */
  readonly recompute: boolean;
  /** For batch norms in training: other processes that have the rest of the batch. */
  readonly synchronization?: BatchSynchronization;
  /** Is handed every named activation when it has been launched, before its memory is reused: read or `tape.keep` it here. */
  readonly observe?: (name: string, activation: Tensor) => void;
}

/** What `conv2dLayer` may be told beside the channels. */
export type Conv2dLayerOptions = Partial<Pick<Conv2dLayer, 'stride' | 'padding' | 'bias' | 'initialisation'>>;

/** A convolution of an odd kernel; unless told otherwise it keeps the size at stride 1, has no bias, and starts as Kaiming's. */
export function conv2dLayer(
  name: string,
  channels: readonly [input: number, output: number],
  kernel: readonly [height: number, width: number],
  options: Conv2dLayerOptions = {},
): Conv2dLayer {
  const [inputChannels, outputChannels] = channels;
  const [height, width] = kernel;
  const { stride = 1, padding = [(height - 1) / 2, (width - 1) / 2] } = options;
  const { bias = false, initialisation = 'kaiming' } = options;
  return {
    kind: 'conv2d',
    name,
    inputChannels,
    outputChannels,
    kernel,
    stride,
    padding,
    bias,
    initialisation,
  };
}

/** A square convolution: see `conv2dLayer`. */
export function squareConv2d(
  name: string,
  channels: readonly [input: number, output: number],
  kernel: number,
  options: Conv2dLayerOptions = {},
): Conv2dLayer {
  return conv2dLayer(name, channels, [kernel, kernel], options);
}

/** A 1x1 convolution with bias, as the heads use it. */
export function pointwiseConv2d(
  name: string,
  channels: readonly [input: number, output: number],
): Conv2dLayer {
  return squareConv2d(name, channels, 1, { bias: true, initialisation: 'pytorch' });
}

export function batchNorm2d(name: string, channels: number, epsilon = 1e-5): BatchNorm2dLayer {
  return { kind: 'batchNorm2d', name, channels, epsilon };
}

/** Names and shapes of a layer's parameters, in PyTorch's order. */
export function parametersOf(layer: Layer): { readonly name: string; readonly shape: Shape }[] {
  if (layer.kind === 'batchNorm2d') {
    const shape = [layer.channels];
    return [
      { name: `${layer.name}.weight`, shape },
      { name: `${layer.name}.bias`, shape },
    ];
  }
  const { name, kernel, inputChannels, outputChannels, bias } = layer;
  const weight = { name: `${name}.weight`, shape: [...kernel, inputChannels, outputChannels] };
  return bias ? [weight, { name: `${name}.bias`, shape: [outputChannels] }] : [weight];
}

/**
 * Runs a part of a trunk: what comes out stays for backward, and what is made within does unless the pass recomputes. The part must
 * depend on nothing but its input and the weights.
 */
export function runPart({ tape, recompute }: Pass, name: string, compute: () => Tensor): Tensor {
  return recompute ? tape.recompute(name, compute) : compute();
}

/** Runs a convolution, and ReLU where asked for, in one launch: [N,H,W,Cin] -> [N,OH,OW,Cout]. */
export function runConv2d(
  { tape, weights, observe }: Pass,
  layer: Conv2dLayer,
  input: Tensor,
  options: { readonly relu?: boolean } = {},
): Tensor {
  const output = conv2d(tape, input, weights.parameter(`${layer.name}.weight`), {
    ...(layer.bias ? { bias: weights.parameter(`${layer.name}.bias`) } : {}),
    stride: layer.stride,
    padding: layer.padding,
    activation: options.relu === true ? 'relu' : 'none',
  });
  observe?.(layer.name, output);
  return output;
}

/**
 * Runs a batch normalisation in the pass's mode, then adds the residual and applies ReLU where asked for, in one launch.
 * Training updates the running statistics; a frozen layer normalises by them always and keeps them.
 */
export function runBatchNorm2d(
  { tape, weights, mode, observe, synchronization }: Pass,
  { name, epsilon }: BatchNorm2dLayer,
  input: Tensor,
  options: { readonly relu?: boolean; readonly residual?: Tensor } = {},
): Tensor {
  const running = weights.running(name);
  const frozen = mode === 'train' && running.frozen;
  if (mode === 'train' && !frozen) tape.once(() => running.batches++);
  const tensors = {
    scale: weights.parameter(`${name}.weight`),
    shift: weights.parameter(`${name}.bias`),
    runningMean: running.mean,
    runningVariance: running.variance,
  };
  const output = batchNorm(tape, input, tensors, {
    mode: frozen ? 'frozen' : mode,
    epsilon,
    activation: options.relu === true ? 'relu' : 'none',
    ...(options.residual === undefined ? {} : { residual: options.residual }),
    ...(synchronization === undefined ? {} : { synchronization }),
  });
  observe?.(name, output);
  return output;
}

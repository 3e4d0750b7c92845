import type { BatchNorm2dLayer, Conv2dLayer, Layer, Pass } from './layers.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { Trunk } from './trunk.ts';
import { batchNorm2d, runBatchNorm2d, runConv2d, runPart, squareConv2d } from './layers.ts';
import { maxPool2d } from '../kernels/max_pool/max_pool.ts';

/** Depths and blocks of the ResNets, as torchvision names them. */
export const RESNETS = {
  resnet18: { block: 'basic', layers: [2, 2, 2, 2] },
  resnet34: { block: 'basic', layers: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', layers: [3, 4, 6, 3] },
  resnet101: { block: 'bottleneck', layers: [3, 4, 23, 3] },
  resnet152: { block: 'bottleneck', layers: [3, 8, 36, 3] },
} as const;

/** How the first layers take the image in. */
export interface StemConfiguration {
  readonly width: number;
  /** Side of the first convolution's kernel, odd. */
  readonly kernel: number;
  readonly stride: number;
  /** Whether a 3x3 max pool of stride 2 follows. */
  readonly pool: boolean;
}

/** Everything that makes a ResNet's trunk. */
export interface ResNetConfiguration {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of each stage. */
  readonly layers: readonly number[];
  /** Width of each stage's 3x3 convolutions; a bottleneck's output has four times as many channels. */
  readonly widths: readonly number[];
  /** Stride of each stage. */
  readonly strides: readonly number[];
  readonly stem: StemConfiguration;
}

/** One residual block: convolutions with their normalisations in order, and the shortcut's where the shape changes. */
interface Block {
  readonly name: string;
  readonly body: readonly (readonly [Conv2dLayer, BatchNorm2dLayer])[];
  readonly shortcut: readonly [Conv2dLayer, BatchNorm2dLayer] | null;
}

interface Stage {
  readonly name: string;
  readonly blocks: readonly Block[];
}

/**
 * The fully convolutional part of a ResNet (He et al., CVPR 2016), names and arithmetic as torchvision.models.resnet: a
 * bottleneck strides in its 3x3 convolution.
 */
export class ResNetTrunk implements Trunk {
  readonly channels: number;
  readonly smallestSide = 1;
  readonly layers: readonly Layer[];
  readonly #stem: readonly [Conv2dLayer, BatchNorm2dLayer];
  readonly #pool: boolean;
  readonly #stages: readonly Stage[];

  constructor({ block, layers, widths, strides, stem }: ResNetConfiguration) {
    const expansion = block === 'bottleneck' ? 4 : 1;
    this.#stem = [
      squareConv2d('conv1', [3, stem.width], stem.kernel, { stride: stem.stride }),
      batchNorm2d('bn1', stem.width),
    ];
    this.#pool = stem.pool;
    let channels = stem.width;
    this.#stages = layers.map((count, stage) => {
      const width = widths[stage] ?? 0;
      const stageName = `layer${stage + 1}`;
      const blocks = Array.from({ length: count }, (_, index) => {
        const input = channels;
        channels = width * expansion;
        const stride = index === 0 ? (strides[stage] ?? 1) : 1;
        return makeBlock(`${stageName}.${index}`, block, input, width, channels, stride);
      });
      return { name: stageName, blocks };
    });
    this.channels = channels;
    this.layers = [
      ...this.#stem,
      ...this.#stages.flatMap(({ blocks }) =>
        blocks.flatMap(({ body, shortcut }) => [...body.flat(), ...(shortcut ?? [])]),
      ),
    ];
  }

  /** [N,H,W,3] -> [N,h,w,channels]. Observed: every layer by its name, `relu`, `maxpool`, every block and every stage. */
  run(pass: Pass, images: Tensor): Tensor {
    const { tape, observe } = pass;
    let features = runPart(pass, 'stem', () => this.#runStem(pass, images));
    for (const { name, blocks } of this.#stages) {
      for (const block of blocks) {
        const input = features;
        features = runPart(pass, block.name, () => runBlock(pass, block, input));
        tape.release(input);
        observe?.(block.name, features);
      }
      observe?.(name, features);
    }
    return features;
  }

  #runStem(pass: Pass, images: Tensor): Tensor {
    const { tape, observe } = pass;
    const [convolution, normalisation] = this.#stem;
    const convolved = runConv2d(pass, convolution, images);
    const activated = runBatchNorm2d(pass, normalisation, convolved, { relu: true });
    tape.release(convolved);
    observe?.('relu', activated);
    if (!this.#pool) return activated;
    const pooled = maxPool2d(tape, activated, { kernel: 3, stride: 2, padding: 1 });
    tape.release(activated);
    observe?.('maxpool', pooled);
    return pooled;
  }
}

function makeBlock(
  name: string,
  kind: 'basic' | 'bottleneck',
  input: number,
  width: number,
  output: number,
  stride: number,
): Block {
  const unit = (index: number, channels: readonly [number, number], kernel: number, unitStride = 1) =>
    [
      squareConv2d(`${name}.conv${index}`, channels, kernel, { stride: unitStride }),
      batchNorm2d(`${name}.bn${index}`, channels[1]),
    ] as const;
  const body =
    kind === 'basic'
      ? [unit(1, [input, width], 3, stride), unit(2, [width, width], 3)]
      : [unit(1, [input, width], 1), unit(2, [width, width], 3, stride), unit(3, [width, output], 1)];
  const shortcut =
    stride === 1 && input === output
      ? null
      : ([
          squareConv2d(`${name}.downsample.0`, [input, output], 1, { stride }),
          batchNorm2d(`${name}.downsample.1`, output),
        ] as const);
  return { name, body, shortcut };
}

/** relu(body(input) + shortcut(input)); the sum and both activations ride on the batch normalisations. */
function runBlock(pass: Pass, { body, shortcut }: Block, input: Tensor): Tensor {
  const { tape } = pass;
  let residual = input;
  if (shortcut !== null) {
    const projected = runConv2d(pass, shortcut[0], input);
    residual = runBatchNorm2d(pass, shortcut[1], projected);
    tape.release(projected);
  }
  let hidden = input;
  for (const [index, [convolution, normalisation]] of body.entries()) {
    const convolved = runConv2d(pass, convolution, hidden);
    if (hidden !== input) tape.release(hidden);
    const last = index === body.length - 1;
    hidden = runBatchNorm2d(pass, normalisation, convolved, last ? { relu: true, residual } : { relu: true });
    tape.release(convolved);
  }
  if (residual !== input) tape.release(residual);
  return hidden;
}

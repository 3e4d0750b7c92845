import type { BatchNorm2dLayer, Conv2dLayer, Layer, Pass } from './layers.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { Trunk, TrunkFamily } from './trunk.ts';
import { batchNorm2d, runBatchNorm2d, runConv2d, runPart, squareConv2d } from './layers.ts';
import { maxPool2d } from '../kernels/max_pool/max_pool.ts';
import { reject } from '../runtime/errors.ts';
import { stateNames } from './state_dict.ts';
import { vggFromTorchvision } from './torchvision/vgg.ts';

/** How to build a VGG's trunk. */
export interface VggOptions {
  readonly architecture: 'vgg16';
  /** Image pixels per location: 16 (14x14 locations at 224) or 8 (28x28, the released code's `large_feature_map`). Default: 16. */
  readonly outputStride?: 8 | 16;
  /** A batch norm behind every convolution, as torchvision's vgg16_bn. Default: true (the released code's: false). */
  readonly useBatchNorm?: boolean;
}

/** VGG options with all defaults filled in. */
export type VggChoice = Required<VggOptions>;

/** Channels of the 3x3 convolutions between the pools of VGG16: torchvision's but for the last pool, and the last but one. */
const STAGES = {
  16: [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
  ],
  8: [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512, 512, 512, 512],
  ],
} as const;

const CHANNELS = 1024;

/** A 3x3 convolution with bias and ReLU, and what normalises in between. */
interface Unit {
  readonly convolution: Conv2dLayer;
  readonly normalisation: BatchNorm2dLayer | null;
}

/** Convolutions that are computed as one part, and the 2x2 max pool behind them. */
interface Stage {
  readonly units: readonly Unit[];
  /** Name of the pool, where there is one. */
  readonly pool: string | null;
}

/**
 * VGG16 as the released CALM code has it (Simonyan and Zisserman, ICLR 2015; torchvision.models.vgg16 and vgg16_bn without their last
 * pool): 13 convolutions in `features`, then `conv6` (512 to 1024 channels) with `bn6`. The released code itself stops where it makes the
 * attention layer, with an AttributeError; ours is the 1x1 convolution of 1024 channels of the paper, as in its ResNet.
 */
export class VggTrunk implements Trunk {
  readonly channels = CHANNELS;
  readonly layers: readonly Layer[];
  readonly smallestSide: number;
  readonly #stages: readonly Stage[];

  constructor({ outputStride, useBatchNorm }: Pick<VggChoice, 'outputStride' | 'useBatchNorm'>) {
    // PyTorch numbers all modules of `features`: convolutions, batch norms, ReLUs and pools.
    let position = 0;
    let channels = 3;
    const unit = (name: string, width: number, normaliser: string): Unit => {
      const convolution = squareConv2d(name, [channels, width], 3, { bias: true });
      channels = width;
      return { convolution, normalisation: useBatchNorm ? batchNorm2d(normaliser, width) : null };
    };
    const widths: readonly (readonly number[])[] = STAGES[outputStride];
    const features = widths.map((stage, index) => {
      const units = stage.map((width) => {
        const made = unit(`features.${position}`, width, `features.${position + 1}`);
        position += useBatchNorm ? 3 : 2;
        return made;
      });
      return { units, pool: index === widths.length - 1 ? null : `features.${position++}` };
    });
    this.#stages = [...features, { units: [unit('conv6', CHANNELS, 'bn6')], pool: null }];
    this.layers = this.#stages.flatMap(({ units }) =>
      units.flatMap(({ convolution, normalisation }) =>
        normalisation === null ? [convolution] : [convolution, normalisation],
      ),
    );
    this.smallestSide = outputStride;
  }

  /** [N,H,W,3] -> [N,h,w,1024]. Observed: every layer (the last before a ReLU with that), every pool, and `relu`, the features. */
  run(pass: Pass, images: Tensor): Tensor {
    let features = images;
    for (const stage of this.#stages) {
      const input = features;
      const name = stage.units[0]?.convolution.name ?? '';
      features = runPart(pass, name, () => runStage(pass, stage, input));
      if (input !== images) pass.tape.release(input);
    }
    pass.observe?.('relu', features);
    return features;
  }
}

function runUnit(pass: Pass, { convolution, normalisation }: Unit, input: Tensor): Tensor {
  if (normalisation === null) return runConv2d(pass, convolution, input, { relu: true });
  const convolved = runConv2d(pass, convolution, input);
  const activated = runBatchNorm2d(pass, normalisation, convolved, { relu: true });
  pass.tape.release(convolved);
  return activated;
}

function runStage(pass: Pass, { units, pool }: Stage, input: Tensor): Tensor {
  const { tape, observe } = pass;
  let hidden = input;
  for (const unit of units) {
    const before = hidden;
    hidden = runUnit(pass, unit, before);
    if (before !== input) tape.release(before);
  }
  if (pool === null) return hidden;
  const pooled = maxPool2d(tape, hidden, { kernel: 2 });
  tape.release(hidden);
  observe?.(pool, pooled);
  return pooled;
}

function configure({ architecture, outputStride = 16, useBatchNorm = true }: VggOptions): VggChoice {
  if (!Object.hasOwn(STAGES, outputStride))
    reject('createModel', 'outputStride', String(outputStride), `8 | 16 for ${architecture}`);
  return { architecture, outputStride, useBatchNorm };
}

/** VGG16. */
export const vggFamily: TrunkFamily<VggOptions, VggChoice> = {
  architectures: ['vgg16'],
  options: ['outputStride', 'useBatchNorm'],
  officialInitialisation: 'he',
  configure,
  build: (choice) => new VggTrunk(choice),
  fromTorchvision: (state, choice, options) =>
    vggFromTorchvision(state, stateNames(new VggTrunk(choice).layers), options),
};

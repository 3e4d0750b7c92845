import type { StemConfiguration } from './resnet.ts';
import type { TrunkFamily } from './trunk.ts';
import { reject } from '../runtime/errors.ts';
import { ResNetTrunk, RESNETS } from './resnet.ts';
import { resnetFromTorchvision } from './torchvision/resnet.ts';

type ResNetName = keyof typeof RESNETS;

/** How to build a ResNet's trunk. */
export interface ResNetOptions {
  readonly architecture: ResNetName;
  /**
   * Image pixels per location: 32 as torchvision (7x7 locations at 224), 16 as the released CALM code (14x14; stage 4 does not
   * stride), 8 as its `large_feature_map` (28x28; stages 3 and 4 do not stride). Default: 16. With a stem of less stride than
   * the standard 4, locations are as many times finer.
   */
  readonly outputStride?: 8 | 16 | 32;
  /** Instead of `outputStride`: the stride of each stage. */
  readonly strides?: readonly number[];
  /** Blocks of each stage. Default: the architecture's. */
  readonly layers?: readonly number[];
  /** Width of each stage. Default: 64, 128, 256, 512. */
  readonly widths?: readonly number[];
  /** Default: 64 channels, 7x7 of stride 2, then the max pool. For small images: `{ kernel: 3, stride: 1, pool: false }`. */
  readonly stem?: Partial<StemConfiguration>;
  /** There is no ResNet without: false is refused. (The released code takes it and builds the batch norms all the same.) */
  readonly useBatchNorm?: boolean;
}

/** ResNet options with all defaults filled in. */
export interface ResNetChoice {
  readonly architecture: ResNetName;
  readonly strides: readonly number[];
  readonly layers: readonly number[];
  readonly widths: readonly number[];
  readonly stem: StemConfiguration;
}

const STRIDES = { 32: [1, 2, 2, 2], 16: [1, 2, 2, 1], 8: [1, 2, 1, 1] } as const;

/** Blocks of all stages: ResNet-1202, the deepest that was ever reported, has 600. */
const MOST_BLOCKS = 1000;

/** Far above any width, kernel or stride: four times what the widest ResNet puts out. */
const MOST = 8192;

function checkWhole(name: string, values: readonly number[]): void {
  for (const value of values) {
    if (!Number.isInteger(value) || value < 1 || value > MOST)
      reject('createModel', name, `[${values.join(',')}]`, `whole numbers from 1 to ${MOST}`);
  }
}

function configure(options: ResNetOptions): ResNetChoice {
  const { architecture } = options;
  if (options.useBatchNorm === false)
    reject('createModel', 'useBatchNorm', 'false', `true: ${architecture} is built on its batch norms`);
  const layers = options.layers ?? RESNETS[architecture].layers;
  const widths = options.widths ?? [64, 128, 256, 512].slice(0, layers.length);
  if (options.strides !== undefined && options.outputStride !== undefined)
    reject('createModel', 'strides and outputStride', 'given both', 'one of them');
  const outputStride = options.outputStride ?? 16;
  if (!Object.hasOwn(STRIDES, outputStride))
    reject('createModel', 'outputStride', String(outputStride), '8 | 16 | 32');
  const strides = options.strides ?? STRIDES[outputStride].slice(0, layers.length);
  const stem = { width: 64, kernel: 7, stride: 2, pool: true, ...options.stem };
  checkWhole('layers', layers);
  if (layers.reduce((sum, count) => sum + count, 0) > MOST_BLOCKS)
    reject('createModel', 'layers', `[${layers.join(',')}]`, `at most ${MOST_BLOCKS} blocks`);
  checkWhole('widths', widths);
  checkWhole('strides', strides);
  checkWhole('stem', [stem.width, stem.kernel, stem.stride]);
  if (stem.kernel % 2 === 0) reject('createModel', 'stem.kernel', String(stem.kernel), 'an odd number');
  for (const [name, list] of Object.entries({ widths, strides })) {
    if (list.length !== layers.length || layers.length === 0) {
      reject('createModel', name, `${list.length} numbers`, `${layers.length}: one for each stage of layers`);
    }
  }
  return { architecture, strides: [...strides], layers: [...layers], widths: [...widths], stem };
}

/** ResNet-18 to 152, with stages, widths and stem to choose. */
export const resnetFamily: TrunkFamily<ResNetOptions, ResNetChoice> = {
  architectures: Object.keys(RESNETS) as ResNetName[],
  options: ['outputStride', 'strides', 'layers', 'widths', 'stem', 'useBatchNorm'],
  officialInitialisation: 'xavier',
  configure,
  build: (choice) => new ResNetTrunk({ ...choice, block: RESNETS[choice.architecture].block }),
  fromTorchvision: resnetFromTorchvision,
};

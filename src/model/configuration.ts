import type { HeadConfiguration, HeadKind, HeadOptions } from './head.ts';
import type { ResNetConfiguration, StemConfiguration } from './resnet.ts';
import { headConfiguration } from './head.ts';
import { reject } from '../runtime/errors.ts';
import { RESNETS } from './resnet.ts';

export type Architecture = keyof typeof RESNETS;

/** What to build. Only the architecture, the head and the number of classes are needed. */
export interface ModelOptions {
  readonly architecture: Architecture;
  /** A kind, or a kind with its options. */
  readonly head: HeadKind | HeadOptions;
  readonly classes: number;
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
  /** Trunk convolutions: torchvision's (Kaiming normal, fan out) or the released CALM code's (Xavier uniform; heads too). */
  readonly initialisation?: 'torchvision' | 'xavier';
  /** Parts that training leaves alone, by prefix: `['conv1', 'bn1', 'layer1']`. Their batch norms use running statistics. */
  readonly frozen?: readonly string[];
  /**
   * Memory for time: training keeps only what comes out of the stem and of every residual block, and backward computes again what is
   * within. The numbers stay the same to the bit; a step takes about a third longer (a second forward pass). Default: false.
   */
  readonly recompute?: boolean;
  /** Seed of the initial parameters. Default: 0. */
  readonly seed?: number;
}

/** Options with all defaults filled in; plain JSON, kept in checkpoints. `createModel` takes it as options again. */
export interface ModelConfiguration {
  readonly architecture: Architecture;
  readonly head: HeadConfiguration;
  readonly classes: number;
  readonly strides: readonly number[];
  readonly layers: readonly number[];
  readonly widths: readonly number[];
  readonly stem: StemConfiguration;
  readonly initialisation: 'torchvision' | 'xavier';
  readonly frozen: readonly string[];
  readonly recompute: boolean;
  readonly seed: number;
}

const STRIDES = { 32: [1, 2, 2, 2], 16: [1, 2, 2, 1], 8: [1, 2, 1, 1] } as const;

function checkWhole(name: string, values: readonly number[]): void {
  for (const value of values) {
    if (!Number.isInteger(value) || value < 1)
      reject('createModel', name, `[${values.join(',')}]`, 'whole numbers >= 1');
  }
}

/**
 * Fills in the defaults and checks everything.
 * @throws ArgumentError naming the option
 */
export function modelConfiguration(options: ModelOptions): ModelConfiguration {
  const { architecture, classes } = options;
  if (!Object.hasOwn(RESNETS, architecture))
    reject('createModel', 'architecture', String(architecture), Object.keys(RESNETS).join(' | '));
  const layers = options.layers ?? RESNETS[architecture].layers;
  const widths = options.widths ?? [64, 128, 256, 512].slice(0, layers.length);
  if (options.strides !== undefined && options.outputStride !== undefined)
    reject('createModel', 'strides and outputStride', 'given both', 'one of them');
  const outputStride = options.outputStride ?? 16;
  if (!Object.hasOwn(STRIDES, outputStride))
    reject('createModel', 'outputStride', String(outputStride), '8 | 16 | 32');
  const strides = options.strides ?? STRIDES[outputStride].slice(0, layers.length);
  const stem = { width: 64, kernel: 7, stride: 2, pool: true, ...options.stem };
  checkWhole('classes', [classes]);
  checkWhole('layers', layers);
  checkWhole('widths', widths);
  checkWhole('strides', strides);
  checkWhole('stem', [stem.width, stem.kernel, stem.stride]);
  if (stem.kernel % 2 === 0) reject('createModel', 'stem.kernel', String(stem.kernel), 'an odd number');
  for (const [name, list] of Object.entries({ widths, strides })) {
    if (list.length !== layers.length || layers.length === 0) {
      reject('createModel', name, `${list.length} numbers`, `${layers.length}: one for each stage of layers`);
    }
  }
  return {
    architecture,
    head: headConfiguration(options.head),
    classes,
    strides: [...strides],
    layers: [...layers],
    widths: [...widths],
    stem,
    initialisation: options.initialisation ?? 'torchvision',
    frozen: [...(options.frozen ?? [])],
    recompute: options.recompute ?? false,
    seed: options.seed ?? 0,
  };
}

/** The trunk's part of a configuration. */
export function resnetConfiguration(configuration: ModelConfiguration): ResNetConfiguration {
  return { ...configuration, block: RESNETS[configuration.architecture].block };
}

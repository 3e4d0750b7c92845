import type { BasicConv2d, Mixed } from './inception_blocks.ts';
import type { BatchNorm2dLayer, Conv2dLayer, Layer, Pass } from './layers.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { Trunk, TrunkFamily } from './trunk.ts';
import {
  basicConv2d,
  layersOf,
  mixedA,
  mixedB,
  mixedC,
  runBasicConv2d,
  runMixed,
} from './inception_blocks.ts';
import { batchNorm2d, runBatchNorm2d, runConv2d, runPart, squareConv2d } from './layers.ts';
import { inceptionFromTorchvision } from './torchvision/inception.ts';
import { maxPool2d } from '../kernels/max_pool/max_pool.ts';
import { reject } from '../runtime/errors.ts';
import { startTape } from '../kernels/tape.ts';
import { stateNames } from './state_dict.ts';

/** How to build an Inception's trunk. */
export interface InceptionOptions {
  readonly architecture: 'inception_v3';
  /** Image pixels per location: 16 (14x14 locations at 224) or 8 (28x28, the released code's `large_feature_map`). Default: 16. */
  readonly outputStride?: 8 | 16;
  /** Batch norms in the two A3 layers; all others have them always. Default: true (the released code's: false). */
  readonly useBatchNorm?: boolean;
}

/** Inception options with all defaults filled in. */
export type InceptionChoice = Required<InceptionOptions>;

const CHANNELS = 1024;

/** The block that the released code computes and does not use. */
const UNUSED = 'Mixed_6e';

/** Least sides of an image: the stem's convolutions without padding leave a location, and three for the pool that strides to 16. */
const SMALLEST = { 8: 11, 16: 23 } as const;

/** A 3x3 convolution with bias, which a batch norm may follow, and ReLU. */
interface LastLayer {
  readonly name: string;
  readonly convolution: Conv2dLayer;
  readonly normalisation: BatchNorm2dLayer | null;
}

/**
 * Inception-v3 as the released CALM code has it (Szegedy et al., CVPR 2016; torchvision.models.inception_v3 up to Mixed_6d, with padding in
 * the first convolution, the pools, and Mixed_6a, which does not stride), then `A3_1b` and `A3_2b` (3x3, 768 to 1024 channels). Its
 * Mixed_6e is computed and its output used by nothing: no gradient reaches its parameters, and all that is left of it are the running
 * statistics that training moves. Ours computes it for their sake in training, and not in evaluation.
 */
export class InceptionTrunk implements Trunk {
  readonly channels = CHANNELS;
  readonly layers: readonly Layer[];
  readonly smallestSide: number;
  readonly unused = [UNUSED];
  /** What comes before the first pool, and what between it and the second. */
  readonly #stem: readonly (readonly BasicConv2d[])[];
  /** Before and behind the third pool. */
  readonly #early: readonly Mixed[];
  readonly #late: readonly Mixed[];
  readonly #unused: Mixed;
  readonly #last: readonly LastLayer[];
  readonly #thirdPool: boolean;

  constructor({ outputStride, useBatchNorm }: Pick<InceptionChoice, 'outputStride' | 'useBatchNorm'>) {
    this.#stem = [
      [
        basicConv2d('Conv2d_1a_3x3', [3, 32], [3, 3], { stride: 2 }),
        basicConv2d('Conv2d_2a_3x3', [32, 32], [3, 3], { padding: [0, 0] }),
        basicConv2d('Conv2d_2b_3x3', [32, 64], [3, 3]),
      ],
      [
        basicConv2d('Conv2d_3b_1x1', [64, 80], [1, 1]),
        basicConv2d('Conv2d_4a_3x3', [80, 192], [3, 3], { padding: [0, 0] }),
      ],
    ];
    this.#early = [mixedA('Mixed_5b', 192, 32), mixedA('Mixed_5c', 256, 64), mixedA('Mixed_5d', 288, 64)];
    this.#late = [
      mixedB('Mixed_6a', 288),
      mixedC('Mixed_6b', 768, 128),
      mixedC('Mixed_6c', 768, 160),
      mixedC('Mixed_6d', 768, 160),
    ];
    this.#unused = mixedC(UNUSED, 768, 192);
    this.#last = ['A3_1b', 'A3_2b'].map((name, index) => ({
      name,
      convolution: squareConv2d(`${name}.0`, [index === 0 ? 768 : CHANNELS, CHANNELS], 3, { bias: true }),
      normalisation: useBatchNorm ? batchNorm2d(`${name}.1`, CHANNELS) : null,
    }));
    this.#thirdPool = outputStride === 16;
    this.smallestSide = SMALLEST[outputStride];
    this.layers = [
      ...this.#stem.flat().flatMap(({ convolution, normalisation }) => [convolution, normalisation]),
      ...[...this.#early, ...this.#late, this.#unused].flatMap(layersOf),
      ...this.#last.flatMap(({ convolution, normalisation }) =>
        normalisation === null ? [convolution] : [convolution, normalisation],
      ),
    ];
  }

  /**
   * [N,H,W,3] -> [N,h,w,1024]. Observed: every layer by its name (the last before a ReLU with it), and by its name every BasicConv2d,
   * every Mixed block and both A3.
   */
  run(pass: Pass, images: Tensor): Tensor {
    const { tape } = pass;
    let features = images;
    const step = (name: string, compute: (input: Tensor) => Tensor): void => {
      const input = features;
      features = runPart(pass, name, () => compute(input));
      if (input !== images) tape.release(input);
    };
    for (const units of this.#stem) step(units[0]?.name ?? '', (input) => this.#runStem(pass, units, input));
    for (const block of this.#early) step(block.name, (input) => runMixed(pass, block, input));
    if (this.#thirdPool) {
      const input = features;
      features = maxPool2d(tape, input, { kernel: 3, stride: 2, ceilMode: true });
      tape.release(input);
    }
    for (const block of this.#late) step(block.name, (input) => runMixed(pass, block, input));
    this.#runUnused(pass, features);
    for (const layer of this.#last) step(layer.name, (input) => runLast(pass, layer, input));
    return features;
  }

  #runStem(pass: Pass, units: readonly BasicConv2d[], input: Tensor): Tensor {
    const { tape } = pass;
    let hidden = input;
    for (const unit of units) {
      const before = hidden;
      hidden = runBasicConv2d(pass, unit, before);
      if (before !== input) tape.release(before);
    }
    const pooled = maxPool2d(tape, hidden, { kernel: 3, stride: 2, padding: 1, ceilMode: true });
    tape.release(hidden);
    return pooled;
  }

  /** Moves Mixed_6e's running statistics, on a tape of its own, so that nothing is kept for gradients; or shows it to an observer. */
  #runUnused(pass: Pass, features: Tensor): void {
    const moves =
      pass.mode === 'train' &&
      layersOf(this.#unused).some(
        (layer) => layer.kind === 'batchNorm2d' && !pass.weights.running(layer.name).frozen,
      );
    if (pass.observe !== undefined) {
      runMixed(pass, this.#unused, features);
      return;
    }
    if (!moves) return;
    const tape = startTape(pass.tape.engine, { gradients: false });
    try {
      runMixed({ ...pass, tape }, this.#unused, features);
    } finally {
      tape.end();
    }
  }
}

function runLast(pass: Pass, { name, convolution, normalisation }: LastLayer, input: Tensor): Tensor {
  const convolved = runConv2d(pass, convolution, input, { relu: normalisation === null });
  const activated =
    normalisation === null ? convolved : runBatchNorm2d(pass, normalisation, convolved, { relu: true });
  if (activated !== convolved) pass.tape.release(convolved);
  pass.observe?.(name, activated);
  return activated;
}

function configure({
  architecture,
  outputStride = 16,
  useBatchNorm = true,
}: InceptionOptions): InceptionChoice {
  if (!Object.hasOwn(SMALLEST, outputStride))
    reject('createModel', 'outputStride', String(outputStride), `8 | 16 for ${architecture}`);
  return { architecture, outputStride, useBatchNorm };
}

/** Inception-v3. */
export const inceptionFamily: TrunkFamily<InceptionOptions, InceptionChoice> = {
  architectures: ['inception_v3'],
  options: ['outputStride', 'useBatchNorm'],
  officialInitialisation: 'xavier',
  configure,
  build: (choice) => new InceptionTrunk(choice),
  fromTorchvision: (state, choice) => {
    const names = stateNames(new InceptionTrunk(choice).layers);
    return inceptionFromTorchvision(
      state,
      names.filter((name) => name.startsWith('A3_')),
    );
  },
};

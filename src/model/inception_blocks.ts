/** The blocks of Inception-v3 (Szegedy et al., CVPR 2016), names and arithmetic as torchvision.models.inception. */
import type { BatchNorm2dLayer, Conv2dLayer, Conv2dLayerOptions, Layer, Pass } from './layers.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { averagePool2d } from '../kernels/average_pool/average_pool.ts';
import { batchNorm2d, conv2dLayer, runBatchNorm2d, runConv2d } from './layers.ts';
import { concatChannels } from '../kernels/concat/concat.ts';
import { maxPool2d } from '../kernels/max_pool/max_pool.ts';

/** Convolution without bias, batch norm, ReLU. */
export interface BasicConv2d {
  readonly name: string;
  readonly convolution: Conv2dLayer;
  readonly normalisation: BatchNorm2dLayer;
}

/** One way through a block: a 3x3 pool of stride 1, or none, and units in order. */
interface Branch {
  readonly pool: 'average' | 'max' | null;
  readonly units: readonly BasicConv2d[];
}

/** Branches that read the same image; what they give is joined along the channels, in order. */
export interface Mixed {
  readonly name: string;
  readonly branches: readonly Branch[];
}

type Channels = readonly [input: number, output: number];
type Kernel = readonly [height: number, width: number];

export function basicConv2d(
  name: string,
  channels: Channels,
  kernel: Kernel,
  options: Conv2dLayerOptions = {},
): BasicConv2d {
  return {
    name,
    convolution: conv2dLayer(`${name}.conv`, channels, kernel, { initialisation: 'narrow', ...options }),
    normalisation: batchNorm2d(`${name}.bn`, channels[1], 1e-3),
  };
}

/** Units one behind the other, by name, width and kernel; all keep the size. */
function branch(
  block: string,
  input: number,
  units: readonly (readonly [name: string, width: number, kernel: Kernel])[],
  pool: Branch['pool'] = null,
): Branch {
  let channels = input;
  return {
    pool,
    units: units.map(([name, width, kernel]) => {
      const made = basicConv2d(`${block}.${name}`, [channels, width], kernel);
      channels = width;
      return made;
    }),
  };
}

/** torchvision's InceptionA: 1x1, 5x5, and two 3x3 behind each other. */
export function mixedA(name: string, input: number, poolWidth: number): Mixed {
  const double = [
    ['branch3x3dbl_1', 64, [1, 1]],
    ['branch3x3dbl_2', 96, [3, 3]],
    ['branch3x3dbl_3', 96, [3, 3]],
  ] as const;
  return {
    name,
    branches: [
      branch(name, input, [['branch1x1', 64, [1, 1]]]),
      branch(name, input, [
        ['branch5x5_1', 48, [1, 1]],
        ['branch5x5_2', 64, [5, 5]],
      ]),
      branch(name, input, double),
      branch(name, input, [['branch_pool', poolWidth, [1, 1]]], 'average'),
    ],
  };
}

/** torchvision's InceptionB, but of stride 1 and padded, as CALM's is: 3x3, two 3x3 behind each other, and the input's maxima. */
export function mixedB(name: string, input: number): Mixed {
  const double = [
    ['branch3x3dbl_1', 64, [1, 1]],
    ['branch3x3dbl_2', 96, [3, 3]],
    ['branch3x3dbl_3', 96, [3, 3]],
  ] as const;
  return {
    name,
    branches: [
      branch(name, input, [['branch3x3', 384, [3, 3]]]),
      branch(name, input, double),
      branch(name, input, [], 'max'),
    ],
  };
}

/** torchvision's InceptionC: 7x7 as 1x7 and 7x1, once and twice; `width` channels in between. */
export function mixedC(name: string, input: number, width: number): Mixed {
  return {
    name,
    branches: [
      branch(name, input, [['branch1x1', 192, [1, 1]]]),
      branch(name, input, [
        ['branch7x7_1', width, [1, 1]],
        ['branch7x7_2', width, [1, 7]],
        ['branch7x7_3', 192, [7, 1]],
      ]),
      branch(name, input, [
        ['branch7x7dbl_1', width, [1, 1]],
        ['branch7x7dbl_2', width, [7, 1]],
        ['branch7x7dbl_3', width, [1, 7]],
        ['branch7x7dbl_4', width, [7, 1]],
        ['branch7x7dbl_5', 192, [1, 7]],
      ]),
      branch(name, input, [['branch_pool', 192, [1, 1]]], 'average'),
    ],
  };
}

/** Layers with parameters, in PyTorch's order. */
export function layersOf({ branches }: Mixed): Layer[] {
  return branches.flatMap(({ units }) =>
    units.flatMap(({ convolution, normalisation }) => [convolution, normalisation]),
  );
}

export function runBasicConv2d(pass: Pass, unit: BasicConv2d, input: Tensor): Tensor {
  const convolved = runConv2d(pass, unit.convolution, input);
  const activated = runBatchNorm2d(pass, unit.normalisation, convolved, { relu: true });
  pass.tape.release(convolved);
  pass.observe?.(unit.name, activated);
  return activated;
}

/** 3x3 windows of stride 1; the average counts the padding's zeros (torch.nn.functional.avg_pool2d's default). */
function runPool({ tape }: Pass, pool: 'average' | 'max', input: Tensor): Tensor {
  const window = { kernel: 3, stride: 1, padding: 1 };
  return pool === 'average' ? averagePool2d(tape, input, window) : maxPool2d(tape, input, window);
}

function runBranch(pass: Pass, { pool, units }: Branch, input: Tensor): Tensor {
  let hidden = pool === null ? input : runPool(pass, pool, input);
  for (const unit of units) {
    const before = hidden;
    hidden = runBasicConv2d(pass, unit, before);
    if (before !== input) pass.tape.release(before);
  }
  return hidden;
}

/** [N,H,W,C] -> [N,H,W,sum of the branches' channels]. */
export function runMixed(pass: Pass, block: Mixed, input: Tensor): Tensor {
  const { tape, observe } = pass;
  const parts = block.branches.map((each) => runBranch(pass, each, input));
  const joined = concatChannels(tape, parts);
  for (const part of parts) tape.release(part);
  observe?.(block.name, joined);
  return joined;
}

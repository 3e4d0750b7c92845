/** Every case, its inputs, and how far results may lie apart. */
import type { ConvolutionWork, Direction, NetworkWork, Work } from './work.ts';
import type { HostTensor, HostTensors } from './tensors.ts';
import type { Shape } from '../../src/runtime/shape.ts';
import { describeNetwork, initialTensors, isParameter } from './network.ts';
import { elementCount, randomTensor } from './tensors.ts';
import { changeName, outputSize } from './work.ts';

/** One computation, with what is needed to judge it. */
export interface Case {
  /** Cases of a group share a geometric mean. */
  readonly group: string;
  readonly name: string;
  readonly work: Work;
  /** Multiplications and additions; 0 where bandwidth is what counts. */
  readonly flops: number;
  /** Least bytes that must move. */
  readonly bytes: number;
  /** Largest difference that rounding explains, as a part of the largest value. */
  readonly tolerance: number;
  /** For results, by name, that rounding moves further than that. */
  readonly looserTolerances?: Readonly<Record<string, number>>;
  /** Small enough for `--quick`. */
  readonly quick: boolean;
}

/** Sums of up to 10^5 products of random sign in float32, in other orders: off by some 1e-6 of the largest sum. */
const SUM_TOLERANCE = 2e-5;
/** One rounding or two. */
const ROUNDING_TOLERANCE = 1e-6;
/** Normalisation divides by, and its gradient subtracts, sums over all pixels; some peers take E[x^2] - E[x]^2. */
const NORMALISATION_TOLERANCE = 1e-4;
/** exp and log of logits of +-7; peers do not work in log space. */
const HEAD_TOLERANCE = 1e-4;
/** 55 layers of such sums. In training each is normalised by its batch's statistics, which makes small differences larger. */
const NETWORK_TOLERANCE = { inference: 1e-4, 'training step': 5e-3 } as const;

/**
 * The stem's gradient has come back through the whole network: float32 and float64 of one library already lie 3e-2 apart. This
 * finds what is wrong, not what is inexact.
 */
const STEM_TOLERANCE = 0.2;

function matmulCase(size: number, quick: boolean): Case {
  return {
    group: 'GEMM',
    name: `${size}x${size}x${size}`,
    work: { kind: 'matmul', size },
    flops: 2 * size ** 3,
    bytes: 12 * size ** 2,
    tolerance: SUM_TOLERANCE,
    quick,
  };
}

type ConvolutionRow = readonly [
  size: number,
  input: number,
  output: number,
  kernel: number,
  stride: number,
  quick?: 'quick',
];

const BATCH = 2;

/** Of ResNet-50 at 224 x 224 the shapes that differ in kind, and two whose sizes no tile divides. */
const convolutions: readonly ConvolutionRow[] = [
  [224, 3, 64, 7, 2],
  [56, 64, 64, 3, 1],
  [28, 128, 128, 3, 1, 'quick'],
  [14, 256, 256, 3, 1],
  [7, 512, 512, 3, 1],
  [56, 128, 128, 3, 2],
  [28, 256, 256, 3, 2],
  [14, 512, 512, 3, 2],
  [56, 64, 256, 1, 1],
  [56, 256, 64, 1, 1],
  [28, 512, 128, 1, 1],
  [14, 1024, 256, 1, 1, 'quick'],
  [14, 256, 1024, 1, 1],
  [7, 512, 2048, 1, 1],
  [7, 2048, 512, 1, 1],
  [56, 256, 512, 1, 2],
  [28, 512, 1024, 1, 2],
  [14, 1024, 2048, 1, 2],
  [13, 67, 71, 3, 1, 'quick'],
  [17, 37, 53, 1, 1, 'quick'],
];

function convolutionCase(direction: Direction, row: ConvolutionRow): Case {
  const [size, input, output, kernel, stride, quick] = row;
  const channels = [input, output] as const;
  const work: ConvolutionWork = {
    kind: 'convolution',
    direction,
    batch: BATCH,
    size,
    channels,
    kernel,
    stride,
  };
  const pixels = BATCH * outputSize(work) ** 2;
  const weights = kernel ** 2 * input * output;
  return {
    group: `convolution ${direction}`,
    name: `${kernel}x${kernel}${stride === 1 ? '' : `/${stride}`} [${BATCH},${size},${size},${input}] -> ${output}`,
    work,
    flops: 2 * pixels * weights,
    bytes: 4 * (BATCH * size ** 2 * input + weights + pixels * output),
    tolerance: SUM_TOLERANCE,
    quick: quick !== undefined,
  };
}

function convolutionCases(): Case[] {
  const directions: readonly Direction[] = ['forward', 'input gradient', 'weight gradient'];
  return directions.flatMap((direction) =>
    convolutions
      // Nobody wants the gradient of the images.
      .filter(([, input]) => direction !== 'input gradient' || input !== 3)
      .map((row) => convolutionCase(direction, row)),
  );
}

type ShapedKind = 'batch norm' | 'max pool' | 'global average pool' | 'relu' | 'add';

/** Group, bytes an element of the shape, and tolerance of the cases that a shape describes. */
const shaped: Readonly<Record<ShapedKind, readonly [group: string, bytes: number, tolerance: number]>> = {
  // Statistics and result forward (12 bytes), sums and result backward (20).
  'batch norm': ['batch norm', 32, NORMALISATION_TOLERANCE],
  // Input and its gradient, and a quarter as many outputs and their gradients.
  'max pool': ['pooling', 10, ROUNDING_TOLERANCE],
  'global average pool': ['pooling', 8, SUM_TOLERANCE],
  relu: ['elementwise', 8, ROUNDING_TOLERANCE],
  add: ['elementwise', 12, ROUNDING_TOLERANCE],
};

function shapedCase(kind: ShapedKind, shape: Shape, quick: boolean): Case {
  const [group, bytes, tolerance] = shaped[kind];
  return {
    group,
    name: `${kind} [${shape.join(',')}]`,
    work: { kind, shape },
    flops: 0,
    bytes: bytes * elementCount(shape),
    tolerance,
    quick,
  };
}

const CLASSES = 200;

function sgdCase(): Case {
  const { tensors } = describeNetwork({ batch: 1, side: 224, classes: CLASSES, outputStride: 32 });
  const parameters = tensors.filter(isParameter);
  const elements = parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return {
    group: 'optimiser',
    name: `SGD with momentum, ${parameters.length} tensors, ${(elements / 1e6).toFixed(1)} M numbers`,
    work: { kind: 'sgd', classes: CLASSES },
    flops: 0,
    bytes: 20 * elements,
    tolerance: ROUNDING_TOLERANCE,
    quick: false,
  };
}

/** Labels spread over the classes. */
function labelsOf(batch: number, classes: number): number[] {
  return Array.from({ length: batch }, (_, image) => (image * 37 + 3) % classes);
}

function headCase(batch: number, classes: number, side: number, quick: boolean): Case {
  return {
    group: 'CALM-EM head',
    name: `head B=${batch} C=${classes} ${side}x${side}`,
    work: { kind: 'head', batch, classes, side, labels: labelsOf(batch, classes) },
    flops: 0,
    bytes: 12 * batch * side ** 2 * classes,
    tolerance: HEAD_TOLERANCE,
    quick,
  };
}

function networkCase(kind: NetworkWork['kind'], outputStride: 8 | 16 | 32, quick: boolean): Case {
  const work = { kind, batch: 2, side: 224, classes: CLASSES, outputStride, labels: labelsOf(2, CLASSES) };
  const { tensors, flops, stemFlops } = describeNetwork(work);
  const map = work.side / outputStride;
  const elements = tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return {
    group: kind,
    name: `ResNet-50, batch ${work.batch}, ${map}x${map}`,
    work,
    flops: kind === 'inference' ? flops : 3 * flops - stemFlops,
    bytes: 4 * elements,
    tolerance: NETWORK_TOLERANCE[kind],
    looserTolerances: { [changeName('conv1.weight')]: STEM_TOLERANCE },
    quick,
  };
}

/** All cases in the order in which they run. */
export const cases: readonly Case[] = [
  matmulCase(512, true),
  matmulCase(1024, false),
  ...convolutionCases(),
  shapedCase('batch norm', [4, 56, 56, 256], false),
  shapedCase('batch norm', [4, 56, 56, 64], false),
  shapedCase('batch norm', [4, 14, 14, 1024], true),
  shapedCase('max pool', [2, 112, 112, 64], true),
  shapedCase('global average pool', [2, 28, 28, 2048], false),
  shapedCase('global average pool', [2, 7, 7, 2048], true),
  shapedCase('relu', [4, 56, 56, 256], false),
  shapedCase('relu', [4, 14, 14, 1024], true),
  shapedCase('add', [4, 56, 56, 256], false),
  shapedCase('add', [4, 14, 14, 1024], true),
  sgdCase(),
  headCase(32, 200, 28, false),
  headCase(32, 1000, 14, false),
  headCase(8, 200, 14, true),
  networkCase('training step', 32, true),
  networkCase('training step', 16, false),
  networkCase('training step', 8, false),
  networkCase('inference', 32, true),
];

/** Seeded inputs of a case by the names that peers ask for. */
export function inputsOf(work: Work): HostTensors {
  switch (work.kind) {
    case 'matmul': {
      const shape = [work.size, work.size];
      return { a: randomTensor(shape, 1), b: randomTensor(shape, 2) };
    }
    case 'convolution': {
      const { batch, size, channels, kernel } = work;
      const output = outputSize(work);
      return {
        input: randomTensor([batch, size, size, channels[0]], 1, 'image'),
        weight: randomTensor([kernel, kernel, ...channels], 2, 'filter'),
        outputGradient: randomTensor([batch, output, output, channels[1]], 3, 'image'),
      };
    }
    case 'batch norm': {
      const channels = [work.shape.at(-1) ?? 1];
      return {
        input: randomTensor(work.shape, 1, 'image'),
        outputGradient: randomTensor(work.shape, 2, 'image'),
        scale: randomTensor(channels, 3),
        shift: randomTensor(channels, 4),
      };
    }
    case 'max pool': {
      const [batch = 1, height = 1, width = 1, channels = 1] = work.shape;
      const output = [batch, Math.ceil(height / 2), Math.ceil(width / 2), channels];
      return {
        input: randomTensor(work.shape, 1, 'image'),
        outputGradient: randomTensor(output, 2, 'image'),
      };
    }
    case 'global average pool': {
      const [batch = 1, , , channels = 1] = work.shape;
      return {
        input: randomTensor(work.shape, 1, 'image'),
        outputGradient: randomTensor([batch, channels], 2),
      };
    }
    case 'relu':
      return { input: randomTensor(work.shape, 1, 'image') };
    case 'add':
      return { a: randomTensor(work.shape, 1, 'image'), b: randomTensor(work.shape, 2, 'image') };
    case 'sgd': {
      const { tensors } = describeNetwork({ ...work, batch: 1, side: 224, outputStride: 32 });
      return initialTensors(tensors.filter(isParameter));
    }
    case 'head': {
      const { batch, classes, side } = work;
      return {
        classLogits: randomTensor([batch, side, side, classes], 1, 'image', 2),
        locationLogits: randomTensor([batch, side, side, 1], 2, 'image', 2),
      };
    }
    case 'training step':
    case 'inference': {
      const images: HostTensor = randomTensor([work.batch, work.side, work.side, 3], 1, 'image');
      return { images, ...initialTensors(describeNetwork(work).tensors) };
    }
  }
}

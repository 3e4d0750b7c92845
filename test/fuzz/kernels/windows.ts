/** Random windows over images: convolutions, pools, blurs, resizing, crops. */
import type { FuzzedOp } from './random_case.ts';
import type { Random } from '../chance.ts';
import { averagePoolCases } from '../../../src/kernels/average_pool/cases.ts';
import { blurCases } from '../../../src/kernels/gaussian_blur/cases.ts';
import { between, distinct, fuzzed, image, normal, size } from './random_case.ts';
import { conv2dCases, convolution } from '../../../src/kernels/conv2d/cases.ts';
import { globalAveragePoolCases } from '../../../src/kernels/global_average_pool/cases.ts';
import { maxPoolCases } from '../../../src/kernels/max_pool/cases.ts';
import { pick } from '../chance.ts';
import { preprocessCases } from '../../../src/kernels/preprocess/cases.ts';
import { resizeCases } from '../../../src/kernels/resize/cases.ts';
import { winogradCases } from '../../../src/kernels/winograd/cases.ts';

type Pair = readonly [number, number];

const pair = (random: Random, make: () => number): Pair => {
  const first = make();
  return [first, random(3) === 0 ? make() : first];
};

/** Axes long enough that a dilated window fits into the padded image. */
const atLeast = (extent: number, span: number, padding: number): number =>
  Math.max(extent, span - padding, 1);

/** The sums stay below the 663 products that the tolerance is for. */
function convolutionCase(random: Random): ReturnType<typeof convolution> {
  const kernel = pair(random, () => pick(random, [1, 1, 2, 3, 3, 4, 5, 7]));
  const taps = kernel[0] * kernel[1];
  const input = size(random, Math.max(1, Math.floor(600 / taps)));
  const output = size(random, 68);
  const dilation = pair(random, () => 1 + random(random(2) === 0 ? 1 : 3));
  const padding = [random(4), random(4), random(4), random(4)] as const;
  const [spanY, spanX] = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
  const side = (): number => size(random, input * output > 2000 ? 8 : 17);
  const height = atLeast(side(), spanY, padding[0] + padding[1]);
  const width = atLeast(side(), spanX, padding[2] + padding[3]);
  return convolution('', [1 + random(3), height, width, input], [...kernel, input, output], {
    stride: pair(random, () => 1 + random(4)),
    padding,
    dilation,
    bias: random(2) === 0,
    ...(random(3) === 0 ? { activation: 'relu' as const } : {}),
  });
}

function winogradCase(random: Random): ReturnType<typeof convolution> {
  const [input, output] = [4 * (1 + random(9)), 4 * (1 + random(17))];
  const padding = [random(4), random(4), random(4), random(4)] as const;
  const height = atLeast(size(random, 17), 3, padding[0] + padding[1]);
  const width = atLeast(size(random, 17), 3, padding[2] + padding[3]);
  return convolution('', [1 + random(3), height, width, input], [3, 3, input, output], {
    padding,
    bias: random(2) === 0,
    ...(random(3) === 0 ? { activation: 'relu' as const } : {}),
  });
}

/** @param spread the largest dilation */
function pool(
  random: Random,
  spread = 3,
): {
  readonly shape: readonly number[];
  readonly options: Record<'kernel' | 'stride' | 'padding' | 'dilation', Pair>;
} {
  const kernel = pair(random, () => 1 + random(5));
  const dilation = pair(random, () => 1 + random(random(2) === 0 ? 1 : spread));
  const spans = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1] as const;
  const padding = [random(Math.floor(spans[0] / 2) + 1), random(Math.floor(spans[1] / 2) + 1)] as const;
  const [batch, height, width, channels] = image(random, 17, 20);
  const shape = [
    batch,
    atLeast(height, spans[0], 2 * padding[0]),
    atLeast(width, spans[1], 2 * padding[1]),
    channels,
  ];
  return { shape, options: { kernel, stride: pair(random, () => 1 + random(4)), padding, dilation } };
}

export const windowOps: readonly FuzzedOp[] = [
  fuzzed(conv2dCases, convolutionCase),
  fuzzed(winogradCases, winogradCase),
  fuzzed(maxPoolCases, (random) => {
    const { shape, options } = pool(random);
    const values = random(3) === 0 ? ({ kind: 'integers', below: 3 } as const) : distinct;
    return { inputs: [{ shape, values }], options: { ...options, ceilMode: random(3) === 0 } };
  }),
  fuzzed(averagePoolCases, (random) => {
    const { shape, options } = pool(random, 1);
    const { dilation: _, ...window } = options;
    return {
      inputs: [{ shape, values: normal }],
      options: { ...window, countIncludePadding: random(2) === 0 },
    };
  }),
  fuzzed(globalAveragePoolCases, (random) => ({
    inputs: [{ shape: image(random, 31, 67), values: { kind: 'normal', mean: 0.5 } }],
    options: null,
  })),
  fuzzed(resizeCases, (random) => {
    const shape = image(random, 33, 9);
    const side = (from: number): number => size(random, Math.min(12 * from, 65));
    return {
      inputs: [{ shape, values: normal }],
      options: { height: side(shape[1]), width: side(shape[2]) },
    };
  }),
  fuzzed(blurCases, (random) => {
    const [batch, channels, height, width] = [
      1 + random(2),
      1 + random(4),
      size(random, 33),
      size(random, 33),
    ];
    const most = Math.min(height, width, 8);
    return {
      inputs: [{ shape: [batch, height, width, channels], values: normal }],
      options: { kernelSize: 2 * random(most) + 1, sigma: between(random, 0.3, 5) },
    };
  }),
  fuzzed(preprocessCases, (random) => {
    const [batch, height, width] = [1 + random(4), size(random, 37), size(random, 37)];
    const [high, wide] = [1 + random(height), 1 + random(width)];
    const count = Math.ceil((batch * height * width * 3) / 4);
    const crops = Array.from({ length: batch }, () => [
      random(height - high + 1),
      random(width - wide + 1),
    ]).flat();
    return {
      inputs: [{ shape: [count], values: { kind: 'integers', below: 2 ** 32 }, dtype: 'u32' }],
      options: {
        ...{ images: [batch, height, width] as const, height: high, width: wide },
        ...{ mean: [0.485, 0.456, 0.406] as const, std: [0.229, 0.224, 0.225] as const },
        ...(random(3) > 0 ? { crops } : {}),
        ...(random(3) > 0 ? { flips: Array.from({ length: batch }, () => random(2)) } : {}),
      },
    };
  }),
];

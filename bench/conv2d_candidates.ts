/** What the convolutions' benchmark times, on Node and in a page; see conv2d.ts. */
import type { BenchCase, PreparedCase } from './bench_case.ts';
import type { Candidate } from './measure.ts';
import type { Conv2dOptions } from '../src/kernels/conv2d/conv2d.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { Shape } from '../src/runtime/shape.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { conv2d } from '../src/kernels/conv2d/conv2d.ts';
import { startTape } from '../src/kernels/tape.ts';

/** A layer: how often the network has it, image size, channels in and out, kernel size and stride. */
interface Layer {
  readonly network: string;
  readonly count: number;
  readonly batch: number;
  readonly size: number;
  readonly channels: readonly [number, number];
  readonly kernel: number;
  readonly stride: number;
}

const layers = (
  network: string,
  batch: number,
  rows: readonly (readonly [
    count: number,
    size: number,
    input: number,
    output: number,
    kernel: number,
    stride: number,
  ])[],
): Layer[] =>
  rows.map(([count, size, input, output, kernel, stride]) => ({
    network,
    count,
    batch,
    size,
    channels: [input, output],
    kernel,
    stride,
  }));

/** `software`: fewer images, for an adapter that computes on the CPU. */
const allLayers = (software: boolean): Layer[] => [
  ...layers('ResNet-50', software ? 2 : 32, [
    [1, 224, 3, 64, 7, 2],
    [1, 56, 64, 64, 1, 1],
    [3, 56, 64, 64, 3, 1],
    [4, 56, 64, 256, 1, 1],
    [2, 56, 256, 64, 1, 1],
    [1, 56, 256, 128, 1, 1],
    [1, 56, 128, 128, 3, 2],
    [1, 56, 256, 512, 1, 2],
    [4, 28, 128, 512, 1, 1],
    [3, 28, 512, 128, 1, 1],
    [3, 28, 128, 128, 3, 1],
    [1, 28, 512, 256, 1, 1],
    [1, 28, 256, 256, 3, 2],
    [1, 28, 512, 1024, 1, 2],
    [6, 14, 256, 1024, 1, 1],
    [5, 14, 1024, 256, 1, 1],
    [5, 14, 256, 256, 3, 1],
    [1, 14, 1024, 512, 1, 1],
    [1, 14, 512, 512, 3, 2],
    [1, 14, 1024, 2048, 1, 2],
    [3, 7, 512, 2048, 1, 1],
    [2, 7, 2048, 512, 1, 1],
    [2, 7, 512, 512, 3, 1],
    [1, 7, 2048, 200, 1, 1],
  ]),
  ...layers('small ResNet', 32, [
    [1, 96, 3, 16, 3, 2],
    [4, 48, 16, 16, 3, 1],
    [1, 48, 16, 32, 3, 2],
    [1, 48, 16, 32, 1, 2],
    [3, 24, 32, 32, 3, 1],
    [3, 12, 64, 64, 3, 1],
    [3, 6, 128, 128, 3, 1],
    [1, 12, 128, 10, 1, 1],
    [1, 12, 128, 1, 1, 1],
  ]),
];
const QUICK = new Set([2, 3, 17, 25, 28]);

/** Pseudo-random values in [-1, 1), quickly. */
function values(shape: Shape, seed: number): Float32Array {
  let state = seed;
  const count = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

interface Tensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly outputGradient: Tensor;
}

/** Which gradient a direction computes; the forward pass none. */
type Direction = 'forward' | 'input gradient' | 'weight gradient';

function makeTensors(engine: Engine, layer: Layer, direction: Direction): Tensors {
  const { batch, size, channels, kernel, stride } = layer;
  const outputSize = Math.ceil(size / stride);
  const make = (shape: Shape, seed: number, requiresGradient: boolean): Tensor =>
    engine.tensor(values(shape, seed), shape, { requiresGradient });
  return {
    input: make([batch, size, size, channels[0]], 1, direction === 'input gradient'),
    weight: make([kernel, kernel, channels[0], channels[1]], 2, direction === 'weight gradient'),
    outputGradient: make([batch, outputSize, outputSize, channels[1]], 3, false),
  };
}

/** The launches of one direction, and its result. */
function prepare(
  engine: Engine,
  { kernel, stride }: Layer,
  direction: Direction,
  { input, weight, outputGradient }: Tensors,
  { algorithm, variant }: Pick<Conv2dOptions, 'algorithm' | 'variant'> = {},
): { run: () => void; result: () => Tensor; end: () => void } {
  const tape = startTape(engine, { gradients: direction !== 'forward' });
  const options = {
    stride,
    padding: Math.floor(kernel / 2),
    ...(variant === undefined ? {} : { variant }),
    ...(algorithm === undefined ? {} : { algorithm }),
  };
  const end = (): void => tape.end();
  if (direction === 'forward') {
    let output: Tensor | null = null;
    return {
      run: () => {
        output = conv2d(tape, input, weight, options);
      },
      result: () => output ?? input,
      end,
    };
  }
  const output = conv2d(tape, input, weight, options);
  const wanted = direction === 'input gradient' ? input : weight;
  return {
    run: () => tape.backward(output, outputGradient),
    result: () => tape.gradient(wanted) ?? output,
    end,
  };
}

/** Compares with the naive kernels, which the tests hold to float64. */
async function check(engine: Engine, layer: Layer, direction: Direction, tensors: Tensors): Promise<void> {
  const results: Float32Array[] = [];
  for (const options of [{}, { variant: 'naive', algorithm: 'direct' }] as const) {
    const { run, result, end } = prepare(engine, layer, direction, tensors, options);
    run();
    results.push(await engine.read(result()));
    end();
  }
  const [got = new Float32Array(), wanted = new Float32Array()] = results;
  let worst = 0;
  let largest = 0;
  for (const [i, value] of wanted.entries()) {
    const error = Math.abs(value - (got[i] ?? Number.NaN));
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
    largest = Math.max(largest, Math.abs(value));
  }
  // Both sum up to 10^5 products of random sign in f32, in other orders: that is off by some 1e-6 of the largest sum, and by ten
  // times as much with Winograd's algorithm.
  const tolerance = layer.kernel === 3 && layer.stride === 1 ? 1e-4 : 2e-5;
  if (!(worst <= tolerance * largest) || largest === 0)
    throw new Error(`${direction}: error ${worst} of ${largest}`);
}

/** The candidates of one layer, with the tensors they share. */
function prepareLayer(engine: Engine, layer: Layer, title: string): PreparedCase {
  const { batch, size, channels, kernel, stride } = layer;
  const outputPixels = batch * Math.ceil(size / stride) ** 2;
  // Images and the data that the loader makes want no gradient.
  const directions: Direction[] =
    channels[0] === 3 ? ['weight gradient', 'forward'] : ['input gradient', 'weight gradient', 'forward'];
  const made = directions.map((direction) => ({
    direction,
    tensors: makeTensors(engine, layer, direction),
  }));
  const candidates = made.flatMap(({ direction, tensors }): Candidate[] => {
    const { input, weight, outputGradient } = tensors;
    const work = {
      bytes: 4 * (input.size + weight.size + outputGradient.size),
      flops: 2 * outputPixels * channels[1] * kernel * kernel * channels[0],
    };
    const chosen = {
      ...work,
      name: direction,
      check: () => check(engine, layer, direction, tensors),
      start: () => prepare(engine, layer, direction, tensors),
    };
    if (kernel !== 3 || stride !== 1) return [chosen];
    const direct = {
      ...work,
      name: `${direction}, direct sum`,
      start: () => prepare(engine, layer, direction, tensors, { algorithm: 'direct' }),
    };
    return [direct, chosen];
  });
  const dispose = (): void => {
    for (const { tensors } of made)
      for (const tensor of [tensors.input, tensors.weight, tensors.outputGradient]) tensor.dispose();
  };
  return { groups: [{ title, candidates }], dispose };
}

/** A layer's case, with what its network has of it. */
export interface LayerCase extends BenchCase {
  readonly network: string;
  /** How often the network has the layer. */
  readonly count: number;
}

/** Every layer, or few of each kind. */
export function convolutionCases({
  quick,
  software,
}: {
  readonly quick: boolean;
  readonly software: boolean;
}): LayerCase[] {
  return allLayers(software).flatMap((layer, index): LayerCase[] => {
    if (quick && !QUICK.has(index)) return [];
    const { network, batch, size, channels, kernel, stride, count } = layer;
    const name = `${network} ${kernel}x${kernel}${stride === 1 ? '' : `/${stride}`} [${batch},${size},${size},${channels[0]}] -> ${channels[1]}`;
    return [{ name, network, count, prepare: (engine) => prepareLayer(engine, layer, name) }];
  });
}

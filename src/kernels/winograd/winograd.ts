import type { Engine } from '../../runtime/engine.ts';
import type { Activation } from '../matmul/sum.ts';
import type { Geometry } from '../conv2d/geometry.ts';
import type { Shape } from '../../runtime/shape.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Variant } from '../matmul/variant.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { convolutionGeometry, forwardPlan, weightGradientPlan } from '../conv2d/geometry.ts';
import { correlateParts } from '../matmul/correlate.ts';
import { gatherProduct } from '../matmul/gather.ts';
import { gradientTransform } from './gradient_transform.wgsl.ts';
import { inputTransform } from './input_transform.wgsl.ts';
import { outputTransform } from './output_transform.wgsl.ts';
import { weightGradientTransform } from './weight_gradient_transform.wgsl.ts';
import { weightTransform } from './weight_transform.wgsl.ts';

/**
 * Winograd's minimal filtering F(4x4,3x3) (Lavin and Gray 2016): a tile of 4x4 outputs takes 36 products a pair of channels, one for
 * each of 6x6 points, where the direct sum takes 144. Around the 36 matrix products stand linear transforms of tiles of images,
 * weights and results. Sums of 36 numbers with factors up to 8 replace the direct ones: about ten times their rounding error.
 */

const TILE = 4;
const POINTS = 36;

/** Whether F(4x4,3x3) can compute a convolution: 3x3 taps, no stride or dilation, whole vec4s of channels. */
export function fitsWinograd(g: Geometry): boolean {
  const { kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX } = g;
  return (
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    [strideY, strideX, dilationY, dilationX].every((step) => step === 1) &&
    g.inputChannels % 4 === 0 &&
    g.outputChannels % 4 === 0
  );
}

/**
 * Multiply-adds that take as long as one load or store of a transform, by the lanes of a subgroup: measured with lavapipe (8) and
 * SwiftShader (4) over the layers of a ResNet-50 and of small networks.
 */
const ACCESS_COST: ReadonlyMap<number | null, number> = new Map([
  [8, 28],
  [4, 8],
]);
const OTHER_ACCESS_COST = 28;
/** Rows of a product come in tiles of so many. */
const ROW_TILE = 16;

/**
 * On a GPU: fewest multiply-adds of the direct sum that outweigh three more launches, fewest tiles that fill the products' rows, and fewest
 * pairs of channels whose 36 sums keep it busy in the weights' gradient. Measured with an H200 on the layers of a ResNet-50.
 */
const GPU_WORK = 2 ** 29;
const GPU_TILES = 128;
const GPU_WEIGHTS = 2 ** 16;

/** Whether F(4x4,3x3) is likely to be faster than the direct sum, and its intermediate tensors fit the adapter's bindings. */
export function winogradPays(engine: Engine, g: Geometry): boolean {
  if (!fitsWinograd(g)) return false;
  const { inputChannels, outputChannels } = g;
  const { tiles } = tilesOf(g);
  const pixels = g.batch * g.outputHeight * g.outputWidth;
  const channels = inputChannels * outputChannels;
  // Backward tiles the input, which is larger than the output where padding is narrow.
  const most = Math.max(tiles, tilesOf(backwardGeometry(g)).tiles);
  const largest = 4 * POINTS * Math.max(most * inputChannels, most * outputChannels, channels);
  if (largest > engine.device.limits.maxStorageBufferBindingSize) return false;
  if (!engine.capabilities.software) return 9 * pixels * channels >= GPU_WORK && tiles >= GPU_TILES;
  const direct = 9 * ceilDivide(pixels, ROW_TILE) * ROW_TILE * channels;
  const products = POINTS * ceilDivide(tiles, ROW_TILE) * ROW_TILE * channels;
  const accesses = tiles * (72 * inputChannels + 52 * outputChannels) + 45 * channels;
  const accessCost = ACCESS_COST.get(engine.capabilities.subgroupSize) ?? OTHER_ACCESS_COST;
  return products + accessCost * accesses < direct;
}

/** Whether the weights' gradient is likely to be faster so too, where the other two directions are. */
export function winogradWeightPays(engine: Engine, { inputChannels, outputChannels }: Geometry): boolean {
  return engine.capabilities.software || inputChannels * outputChannels >= GPU_WEIGHTS;
}

interface Tiles {
  readonly tiles: number;
  readonly tilesY: number;
  readonly tilesX: number;
}

function tilesOf({ batch, outputHeight, outputWidth }: Geometry): Tiles {
  const tilesY = ceilDivide(outputHeight, TILE);
  const tilesX = ceilDivide(outputWidth, TILE);
  return { tiles: batch * tilesY * tilesX, tilesY, tilesX };
}

/** Runs `work` with tensors of the given shapes that live no longer than it. */
function withTemporary<const S extends readonly Shape[]>(
  tape: Tape,
  shapes: S,
  work: (made: { readonly [K in keyof S]: Tensor }) => void,
): void {
  const made: Tensor[] = [];
  try {
    for (const shape of shapes) made.push(tape.empty(shape));
    work(made as unknown as { readonly [K in keyof S]: Tensor });
  } finally {
    for (const tensor of made) tape.release(tensor);
  }
}

/** Points of an image's tiles, [36, tiles, Cin]. */
function transformInput(tape: Tape, input: Tensor, points: Tensor, g: Geometry): void {
  const { tiles, tilesY, tilesX } = tilesOf(g);
  const { inputHeight, inputWidth, inputChannels: channels, padTop, padLeft } = g;
  tape.run(inputTransform, {
    buffers: { input, points },
    params: { tiles, tilesY, tilesX, inputHeight, inputWidth, channels, padTop, padLeft },
    workgroups: ceilDivide(tiles * channels, inputTransform.constants.WORKGROUP.value),
    work: { bytes: 4 * (input.size + points.size), flops: 8 * points.size },
  });
}

/** Which weights a product takes: the layer's, or those that lead from its output's gradient back to its input's. */
type Direction = 'forward' | 'backward';

function transformWeight(
  tape: Tape,
  weight: Tensor,
  points: Tensor,
  g: Geometry,
  direction: Direction,
): void {
  const backward = direction === 'backward';
  const rows = backward ? g.outputChannels : g.inputChannels;
  const columns = backward ? g.inputChannels : g.outputChannels;
  tape.run(weightTransform, {
    buffers: { weight, points },
    params: { rows, columns },
    constants: { TRANSPOSED: backward ? 1 : 0 },
    workgroups: ceilDivide(rows * columns, weightTransform.constants.WORKGROUP.value),
    work: { bytes: 4 * (weight.size + points.size), flops: 4 * points.size },
  });
}

/** The 36 products of points, as products of one-pixel convolutions over rows of tiles. */
function pointPlan(tiles: number, inputChannels: number, outputChannels: number): Geometry {
  return convolutionGeometry(
    'winograd',
    { shape: [1, 1, tiles, inputChannels] },
    { shape: [1, 1, inputChannels, outputChannels] },
    {},
  );
}

/** What one pass convolves: the layer itself, or its output's gradient. */
interface Pass {
  readonly image: Tensor;
  readonly bias: Tensor | null;
  readonly activation: Activation;
  readonly result: Tensor;
}

/** Convolves `image` of the geometry's input with the layer's weight [3,3,Cin,Cout], as it is or turned back. */
function convolveTiles(
  tape: Tape,
  { image, bias, activation, result }: Pass,
  weight: Tensor,
  g: Geometry,
  variant: Variant,
  direction: Direction,
): void {
  const { inputChannels, outputChannels, outputHeight, outputWidth } = g;
  const { tiles, tilesY, tilesX } = tilesOf(g);
  const shapes = [
    [POINTS, tiles, inputChannels],
    [POINTS, inputChannels, outputChannels],
    [POINTS, tiles, outputChannels],
  ] as const;
  withTemporary(tape, shapes, ([imagePoints, weightPoints, products]) => {
    transformInput(tape, image, imagePoints, g);
    const layer =
      direction === 'forward' ? g : { ...g, inputChannels: outputChannels, outputChannels: inputChannels };
    transformWeight(tape, weight, weightPoints, layer, direction);
    gatherProduct(
      tape,
      { input: imagePoints, weight: weightPoints, bias: null, output: products },
      forwardPlan(pointPlan(tiles, inputChannels, outputChannels)),
      variant,
      { count: POINTS, weightRows: inputChannels },
    );
    const channels = outputChannels;
    tape.run(outputTransform, {
      buffers: { products, bias: bias ?? products, output: result },
      params: { tiles, tilesY, tilesX, outputHeight, outputWidth, channels, hasBias: bias === null ? 0 : 1 },
      workgroups: ceilDivide(tiles * channels, outputTransform.constants.WORKGROUP.value),
      constants: { RELU: activation === 'relu' ? 1 : 0 },
      work: { bytes: 4 * (products.size + result.size), flops: 4 * products.size },
    });
  });
}

/** Tensors of a convolution; see `conv2d`. */
export interface WinogradTensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly activation: Activation;
  readonly output: Tensor;
}

/** Output of a convolution that `fitsWinograd`, into `output`. */
export function winogradForward(tape: Tape, tensors: WinogradTensors, g: Geometry, variant: Variant): void {
  const { input, weight, bias, activation, output } = tensors;
  convolveTiles(tape, { image: input, bias, activation, result: output }, weight, g, variant, 'forward');
}

/** The convolution that leads from a layer's output gradient to its input gradient. */
function backwardGeometry(g: Geometry): Geometry {
  return {
    ...g,
    inputHeight: g.outputHeight,
    inputWidth: g.outputWidth,
    inputChannels: g.outputChannels,
    outputHeight: g.inputHeight,
    outputWidth: g.inputWidth,
    outputChannels: g.inputChannels,
    padTop: 2 - g.padTop,
    padLeft: 2 - g.padLeft,
  };
}

/** Gradient of the input: a convolution of the output's gradient with the taps turned round and the channels exchanged. */
export function winogradInputGradient(
  tape: Tape,
  outputGradient: Tensor,
  weight: Tensor,
  inputGradient: Tensor,
  g: Geometry,
  variant: Variant,
): void {
  convolveTiles(
    tape,
    { image: outputGradient, bias: null, activation: 'none', result: inputGradient },
    weight,
    backwardGeometry(g),
    variant,
    'backward',
  );
}

/** Gradient of the weight: 36 products of the points of all tiles of both images, and the weights' transform transposed. */
export function winogradWeightGradient(
  tape: Tape,
  input: Tensor,
  outputGradient: Tensor,
  weightGradient: Tensor,
  g: Geometry,
  variant: Variant,
): void {
  const { inputChannels, outputChannels, outputHeight, outputWidth } = g;
  const { tiles, tilesY, tilesX } = tilesOf(g);
  const shapes = [
    [POINTS, tiles, inputChannels],
    [POINTS, tiles, outputChannels],
    [POINTS, inputChannels, outputChannels],
  ] as const;
  withTemporary(tape, shapes, ([inputPoints, gradientPoints, sums]) => {
    transformInput(tape, input, inputPoints, g);
    const channels = outputChannels;
    tape.run(gradientTransform, {
      buffers: { gradient: outputGradient, points: gradientPoints },
      params: { tiles, tilesY, tilesX, outputHeight, outputWidth, channels },
      workgroups: ceilDivide(tiles * channels, gradientTransform.constants.WORKGROUP.value),
      work: { bytes: 4 * (outputGradient.size + gradientPoints.size), flops: 4 * gradientPoints.size },
    });
    // The tiles of all points as one row of pixels, of which every `tiles` are summed apart.
    const plan = weightGradientPlan(pointPlan(POINTS * tiles, inputChannels, outputChannels));
    const tensors = { input: inputPoints, outputGradient: gradientPoints, parts: sums };
    correlateParts(tape, tensors, plan, tiles, variant);
    const count = inputChannels * outputChannels;
    tape.run(weightGradientTransform, {
      buffers: { sums, weightGradient },
      params: { count },
      workgroups: ceilDivide(count, weightGradientTransform.constants.WORKGROUP.value),
      work: { bytes: 4 * (sums.size + weightGradient.size), flops: 4 * sums.size },
    });
  });
}

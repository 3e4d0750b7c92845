import type { CorrelatePlan } from '../matmul/correlate.ts';
import type { GatherPlan } from '../matmul/gather.ts';
import { ArgumentError, reject } from '../../runtime/errors.ts';
import { checkShape, imageShape } from '../../runtime/shape.ts';

/** How a window steps over an image. A pair is [vertical, horizontal]; four paddings are [top, bottom, left, right]. */
export interface ConvolutionOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number] | readonly [number, number, number, number];
  readonly dilation?: number | readonly [number, number];
}

/** All sizes of one convolution. */
export interface Geometry {
  readonly batch: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly inputChannels: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly outputChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationY: number;
  readonly dilationX: number;
}

function whole(operation: string, argument: string, values: readonly number[], least: number): void {
  if (values.some((value) => !Number.isInteger(value) || value < least)) {
    reject(operation, argument, `[${values.join(',')}]`, `whole numbers >= ${least}`);
  }
}

function pairOf(
  value: number | readonly [number, number] | undefined,
  otherwise: number,
): readonly [number, number] {
  if (value === undefined) return [otherwise, otherwise];
  return typeof value === 'number' ? [value, value] : value;
}

function paddingOf(padding: ConvolutionOptions['padding']): readonly [number, number, number, number] {
  if (padding === undefined) return [0, 0, 0, 0];
  if (typeof padding === 'number') return [padding, padding, padding, padding];
  return padding.length === 4 ? padding : [padding[0], padding[0], padding[1], padding[1]];
}

/**
 * Sizes of a convolution of input [N,H,W,Cin] with weight [KH,KW,Cin,Cout]. The output has
 * floor((H + top + bottom - dilation * (KH - 1) - 1) / stride) + 1 rows, columns alike (torch.nn.Conv2d). Throws
 * ArgumentError on wrong shapes or options, and where the dilated kernel is larger than the padded image.
 */
export function convolutionGeometry(
  operation: string,
  input: { readonly shape: readonly number[] },
  weight: { readonly shape: readonly number[] },
  options: ConvolutionOptions,
): Geometry {
  const [batch, inputHeight, inputWidth, inputChannels] = imageShape(operation, 'input', input);
  checkShape(operation, 'weight', weight, ['KH', 'KW', inputChannels, 'Cout']);
  const [kernelHeight, kernelWidth, , outputChannels] = imageShape(operation, 'weight', weight);
  const stride = pairOf(options.stride, 1);
  const dilation = pairOf(options.dilation, 1);
  const padding = paddingOf(options.padding);
  whole(operation, 'stride', stride, 1);
  whole(operation, 'dilation', dilation, 1);
  whole(operation, 'padding', padding, 0);
  const [padTop, padBottom, padLeft, padRight] = padding;
  const roomY = inputHeight + padTop + padBottom - dilation[0] * (kernelHeight - 1) - 1;
  const roomX = inputWidth + padLeft + padRight - dilation[1] * (kernelWidth - 1) - 1;
  if (roomY < 0 || roomX < 0) {
    throw new ArgumentError(
      `${operation}: weight spans ${dilation[0] * (kernelHeight - 1) + 1} x ${dilation[1] * (kernelWidth - 1) + 1} pixels, ` +
        `wanted at most the padded input, ${inputHeight + padTop + padBottom} x ${inputWidth + padLeft + padRight}`,
    );
  }
  return {
    batch,
    inputHeight,
    inputWidth,
    inputChannels,
    outputHeight: Math.floor(roomY / stride[0]) + 1,
    outputWidth: Math.floor(roomX / stride[1]) + 1,
    outputChannels,
    kernelHeight,
    kernelWidth,
    strideY: stride[0],
    strideX: stride[1],
    padTop,
    padLeft,
    dilationY: dilation[0],
    dilationX: dilation[1],
  };
}

/** Output = image columns of the input x weight [KH * KW * Cin, Cout]. */
export function forwardPlan(g: Geometry): GatherPlan {
  // Without horizontal dilation a kernel row reads neighbouring pixels, whose channels are one contiguous run in NHWC.
  const merged = g.dilationX === 1;
  return {
    rows: g.batch * g.outputHeight * g.outputWidth,
    columns: g.outputChannels,
    run: merged ? g.kernelWidth * g.inputChannels : g.inputChannels,
    tapRows: g.kernelHeight,
    tapColumns: merged ? 1 : g.kernelWidth,
    gridHeight: g.outputHeight,
    gridWidth: g.outputWidth,
    outputHeight: g.outputHeight,
    outputWidth: g.outputWidth,
    firstY: 0,
    firstX: 0,
    spacingY: 1,
    spacingX: 1,
    inputHeight: g.inputHeight,
    inputWidth: g.inputWidth,
    channels: g.inputChannels,
    scaleY: g.strideY,
    scaleX: g.strideX,
    offsetY: -g.padTop,
    offsetX: -g.padLeft,
    tapStepY: g.dilationY,
    tapStepX: g.dilationX,
    weightFirst: 0,
    weightStepY: g.kernelWidth * g.inputChannels,
    weightStepX: g.inputChannels,
  };
}

/** Along one axis: the taps that reach the input pixels phase, phase + stride, ... and the output pixels they lead to. */
interface Phase {
  readonly phase: number;
  readonly pixels: number;
  readonly firstTap: number;
  readonly tapSpacing: number;
  readonly taps: number;
  /** Output pixel of the phase's first input pixel under its first tap, and the step to the next tap's. */
  readonly offset: number;
  readonly step: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function phases(size: number, kernel: number, stride: number, padding: number, dilation: number): Phase[] {
  const tapSpacing = stride / greatestCommonDivisor(stride, dilation);
  return Array.from({ length: Math.min(stride, size) }, (_, phase) => {
    // Input pixel y gets from output pixel o by tap k where o * stride = y + padding - k * dilation.
    let firstTap = 0;
    while (firstTap < tapSpacing && (phase + padding - firstTap * dilation) % stride !== 0) firstTap++;
    const reached = firstTap < tapSpacing && firstTap < kernel;
    return {
      phase,
      pixels: Math.floor((size - 1 - phase) / stride) + 1,
      firstTap: reached ? firstTap : 0,
      tapSpacing,
      taps: reached ? Math.floor((kernel - 1 - firstTap) / tapSpacing) + 1 : 0,
      offset: reached ? (phase + padding - firstTap * dilation) / stride : 0,
      step: -(tapSpacing * dilation) / stride,
    };
  });
}

/**
 * The input gradient, as one product for every position of an input pixel between strides: within one, every pixel is reached by
 * the same taps, so no product with an inserted zero is computed. The "input" of these plans is the output's gradient, the
 * weight [KH, KW, Cout, Cin].
 */
export function inputGradientPlans(g: Geometry): GatherPlan[] {
  const columns = phases(g.inputWidth, g.kernelWidth, g.strideX, g.padLeft, g.dilationX);
  return phases(g.inputHeight, g.kernelHeight, g.strideY, g.padTop, g.dilationY).flatMap((y) =>
    columns.map((x) => ({
      rows: g.batch * y.pixels * x.pixels,
      columns: g.inputChannels,
      run: g.outputChannels,
      tapRows: y.taps,
      tapColumns: x.taps,
      gridHeight: y.pixels,
      gridWidth: x.pixels,
      outputHeight: g.inputHeight,
      outputWidth: g.inputWidth,
      firstY: y.phase,
      firstX: x.phase,
      spacingY: g.strideY,
      spacingX: g.strideX,
      inputHeight: g.outputHeight,
      inputWidth: g.outputWidth,
      channels: g.outputChannels,
      scaleY: 1,
      scaleX: 1,
      offsetY: y.offset,
      offsetX: x.offset,
      tapStepY: y.step,
      tapStepX: x.step,
      weightFirst: (y.firstTap * g.kernelWidth + x.firstTap) * g.outputChannels,
      weightStepY: y.tapSpacing * g.kernelWidth * g.outputChannels,
      weightStepX: x.tapSpacing * g.outputChannels,
    })),
  );
}

/** The weight gradient. A 1x1 convolution without stride and padding is one long row of pixels. */
export function weightGradientPlan(g: Geometry): CorrelatePlan {
  const pixels = g.batch * g.outputHeight * g.outputWidth;
  const rows = g.kernelHeight * g.kernelWidth * g.inputChannels;
  const flat =
    rows === g.inputChannels &&
    pixels === g.batch * g.inputHeight * g.inputWidth &&
    g.strideY === 1 &&
    g.strideX === 1 &&
    g.padTop === 0 &&
    g.padLeft === 0;
  return {
    rows,
    columns: g.outputChannels,
    pixels,
    outputHeight: flat ? 1 : g.outputHeight,
    outputWidth: flat ? pixels : g.outputWidth,
    inputHeight: flat ? 1 : g.inputHeight,
    inputWidth: flat ? pixels : g.inputWidth,
    channels: g.inputChannels,
    kernelWidth: g.kernelWidth,
    strideY: g.strideY,
    strideX: g.strideX,
    padTop: g.padTop,
    padLeft: g.padLeft,
    dilationY: g.dilationY,
    dilationX: g.dilationX,
  };
}

import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { ActivatedConvolution } from './reference.ts';
import type { Geometry } from './geometry.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { conv2d } from './conv2d.ts';
import { conv2dReference, conv2dReferenceGradient } from './reference.ts';
import { correlatePortable } from '../matmul/correlate_portable.wgsl.ts';
import { forwardPlan, weightGradientPlan } from './geometry.ts';
import { gatherPortable } from '../matmul/gather_portable.wgsl.ts';
import { raceCase } from '../race_case.ts';
import { sumPartsVec4 } from '../matmul/sum_parts_vec4.wgsl.ts';
import { supportsVariant, VARIANTS } from '../matmul/variant.ts';

/** A case of `conv2d`, with or without bias. */
export function convolution(
  name: string,
  input: Shape,
  weight: Shape,
  options: ActivatedConvolution & { readonly bias?: boolean; readonly values?: CaseValues } = {},
): OpCase<ActivatedConvolution> {
  const { bias = false, values = { kind: 'normal' }, ...window } = options;
  const channels = weight[3] ?? 1;
  return {
    name,
    inputs: [
      { shape: input, values },
      { shape: weight, values },
      ...(bias ? [{ shape: [channels], values }] : []),
    ],
    options: window,
  };
}

export const conv2dCases: OpCases<ActivatedConvolution> = {
  name: 'conv2d',
  cases: [
    convolution('one pixel, one channel', [1, 1, 1, 1], [1, 1, 1, 1], { bias: true }),
    convolution('1x1', [2, 5, 7, 11], [1, 1, 11, 13], { bias: true }),
    convolution('1x1, whole tiles', [1, 4, 16, 16], [1, 1, 16, 64]),
    convolution('1x1, more than a tile', [1, 5, 7, 8], [1, 1, 8, 67]),
    convolution('1x1, stride 2', [2, 7, 6, 8], [1, 1, 8, 12], { stride: 2 }),
    convolution('1x1, stride 2, padding below', [3, 2, 2, 3], [1, 1, 3, 2], {
      stride: 2,
      padding: [0, 1, 0, 1],
    }),
    convolution('3x3', [2, 5, 7, 3], [3, 3, 3, 5], { padding: 1, bias: true }),
    convolution('3x3, stride 2', [1, 7, 9, 8], [3, 3, 8, 16], { stride: 2, padding: 1 }),
    convolution('3x3, stride 3, no padding', [2, 11, 8, 5], [3, 3, 5, 7], { stride: 3 }),
    convolution('3x3, dilation 2', [1, 9, 7, 4], [3, 3, 4, 8], { dilation: 2, padding: 2 }),
    convolution('3x2, stride 2 and 3, dilation 2 and 4', [1, 9, 11, 3], [3, 2, 3, 5], {
      stride: [2, 3],
      dilation: [2, 4],
      padding: [2, 1],
      bias: true,
    }),
    convolution('stem: 7x7, stride 2, 3 channels', [1, 13, 15, 3], [7, 7, 3, 16], { stride: 2, padding: 3 }),
    convolution('1x7', [1, 5, 11, 4], [1, 7, 4, 3], { padding: [0, 3] }),
    convolution('7x1', [1, 11, 5, 4], [7, 1, 4, 3], { padding: [3, 0] }),
    convolution('2x2, asymmetric padding', [1, 4, 5, 2], [2, 2, 2, 3], { padding: [0, 1, 2, 3] }),
    convolution('stride beyond the kernel', [1, 11, 10, 2], [2, 2, 2, 3], { stride: 4 }),
    convolution('kernel as large as the padded image', [1, 3, 2, 5], [5, 4, 5, 6], { padding: [1, 1] }),
    convolution('padding wider than the image', [1, 2, 2, 3], [3, 3, 3, 2], { padding: 4 }),
    convolution('many pixels, so that the weight gradient is split', [3, 13, 17, 3], [3, 3, 3, 5], {
      padding: 1,
    }),
    convolution('3x3 and ReLU', [2, 5, 7, 3], [3, 3, 3, 5], { padding: 1, bias: true, activation: 'relu' }),
    convolution('1x7 and ReLU, more than a tile', [1, 9, 8, 8], [1, 7, 8, 68], {
      padding: [0, 3],
      activation: 'relu',
    }),
    convolution('outliers', [1, 6, 5, 7], [3, 3, 7, 9], {
      padding: 1,
      bias: true,
      values: { kind: 'outliers', scale: 100 },
    }),
    convolution('constant', [1, 4, 4, 6], [3, 3, 6, 4], {
      padding: 1,
      values: { kind: 'constant', value: 1000 },
    }),
  ],
  variants: VARIANTS,
  supports: supportsVariant,
  run: (tape, inputs, options, variant) =>
    conv2d(tape, floatInput(inputs, 0), floatInput(inputs, 1), {
      ...options,
      variant,
      algorithm: 'direct',
      ...(inputs.length > 2 ? { bias: floatInput(inputs, 2) } : {}),
    }),
  reference: (inputs, options) =>
    conv2dReference(
      array64Input(inputs, 0),
      array64Input(inputs, 1),
      inputs.length > 2 ? array64Input(inputs, 2) : null,
      options,
    ),
  referenceGradient: (inputs, outputGradient, options) =>
    conv2dReferenceGradient(
      array64Input(inputs, 0),
      array64Input(inputs, 1),
      inputs.length > 2 ? array64Input(inputs, 2) : null,
      outputGradient,
      options,
    ).slice(0, inputs.length),
  // Sums of at most 663 products (the split weight gradient) with one rounding each: errors of the size of
  // sqrt(663) * 2^-24 times a typical partial sum, which is smaller than the tensor's largest value; 2^-18 leaves room for
  // an unlucky order without hiding a missing or doubled product, which is of the order of 1.
  tolerance: { absolute: 0, relative: 2 ** -18 },
};

const small: Geometry = {
  batch: 1,
  inputHeight: 1,
  inputWidth: 7,
  inputChannels: 4,
  outputHeight: 1,
  outputWidth: 7,
  outputChannels: 4,
  kernelHeight: 1,
  kernelWidth: 3,
  strideY: 1,
  strideX: 1,
  padTop: 0,
  padLeft: 1,
  dilationY: 1,
  dilationX: 1,
};
const ones = (count: number): Float32Array => new Float32Array(count).fill(1);

/** 12 terms and 7 pixels: two steps each, so that the barrier behind a step matters. */
export const raceCases = [
  raceCase(gatherPortable, {
    buffers: { input: ones(28), weight: ones(48), bias: ones(4), output: new Float32Array(28) },
    params: {
      ...forwardPlan(small),
      hasBias: 1,
      columnTiles: 1,
      matrices: 1,
      matrixTiles: 1,
      matrixWeights: 0,
      splits: 1,
      splitSteps: 2,
      partRows: 7,
    },
    constants: { STEP: 8 },
    workgroups: 1,
  }),
  raceCase(correlatePortable, {
    buffers: { input: ones(28), gradient: ones(28), output: new Float32Array(48) },
    params: { ...weightGradientPlan(small), rowTiles: 1, columnTiles: 1, splitPixels: 7, splits: 1 },
    constants: { STEP: 4 },
    workgroups: 1,
  }),
  raceCase(sumPartsVec4, {
    buffers: { parts: ones(128), bias: ones(4), sum: new Float32Array(16) },
    params: { vectors: 4, width: 1, parts: 8, hasBias: 1 },
    constants: { WORKGROUP: 16, SLOTS: 4 },
    workgroups: 1,
  }),
];

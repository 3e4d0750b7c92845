import type { Array64 } from '../reference.ts';
import type { BatchNormReferenceOptions, BatchNormReferenceTensors } from './reference.ts';
import type { CaseValues, OpCase, OpCases, Tolerance } from '../cases.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64Input, floatInput } from '../cases.ts';
import { batchNorm } from './batch_norm.ts';
import { batchNormGradientRounding } from './rounding_reference.ts';
import { combineGradientSums } from './combine_gradient_sums.wgsl.ts';
import { combineStatistics } from './combine_statistics.wgsl.ts';
import { tunings, tuningVariant } from '../tuning.ts';
import { raceCase } from '../race_case.ts';
import { batchNormReference, batchNormReferenceGradient } from './reference.ts';

interface CaseOptions extends BatchNormReferenceOptions {
  readonly residual: boolean;
}

interface CaseSettings extends Partial<CaseOptions> {
  /** What wants a gradient; default: everything. */
  readonly wanted?: 'input' | 'parameters';
  readonly values?: CaseValues;
  readonly tolerance?: Tolerance;
  readonly gradientTolerance?: Tolerance;
  readonly finiteDifferences?: boolean;
}

function batchNormCase(name: string, shape: Shape, settings: CaseSettings = {}): OpCase<CaseOptions> {
  const channels = [shape.at(-1) ?? 1];
  const { values = { kind: 'normal', mean: 0.3, scale: 2 }, ...rest } = settings;
  const { mode = 'train', epsilon = 1e-5, relu = false, residual = false, wanted, ...tolerances } = rest;
  const parameters = mode !== 'frozen' && wanted !== 'input';
  return {
    name: `${mode} ${relu ? 'relu ' : ''}${residual ? 'residual ' : ''}[${shape.join(',')}] ${name}`.trim(),
    inputs: [
      { shape, values, gradient: wanted !== 'parameters' },
      { shape: channels, values: { kind: 'normal', mean: 1, scale: 0.5 }, gradient: parameters },
      { shape: channels, values: { kind: 'normal' }, gradient: parameters },
      { shape: channels, values: { kind: 'normal' }, gradient: false },
      { shape: channels, values: { kind: 'uniform', low: 0.5, high: 4 }, gradient: false },
      ...(residual ? [{ shape, values: { kind: 'normal' } as const }] : []),
    ],
    options: { mode, epsilon, relu, residual },
    ...tolerances,
  };
}

function referenceTensors(inputs: readonly Array64[], { residual }: CaseOptions): BatchNormReferenceTensors {
  return {
    input: array64Input(inputs, 0),
    scale: array64Input(inputs, 1),
    shift: array64Input(inputs, 2),
    runningMean: array64Input(inputs, 3),
    runningVariance: array64Input(inputs, 4),
    residual: residual ? array64Input(inputs, 5) : null,
  };
}

const network: Shape = [2, 7, 7, 64];
const odd: Shape = [3, 5, 7, 13];
const large: CaseSettings = {
  values: { kind: 'normal', mean: 1000, scale: 1 },
  // The inputs themselves are rounded to 2^-24 * 1000 = 6e-5 before either side sees them; the mean, stored once as f32, adds
  // 3e-5 to every x - mean. E[x^2] - E[x]^2 would be off by 0.1 here.
  tolerance: { absolute: 1e-4, relative: 0 },
  gradientTolerance: { absolute: 0, relative: 1e-4 },
  // Steps scale with the value: 1e-2 here, in which the third derivative shows.
  finiteDifferences: false,
};

export const batchNormCases: OpCases<CaseOptions> = {
  name: 'batchNorm',
  variants: tunings,
  cases: [
    // Two values always normalise to -1 and 1: all terms of the gradient, of order 1, cancel but for epsilon's part.
    batchNormCase('', [2, 1]),
    batchNormCase('', [5, 3]),
    batchNormCase('two channels', [7, 2]),
    batchNormCase('a row less than the bands hold', [131, 6]),
    batchNormCase('', odd),
    batchNormCase('', network),
    batchNormCase('many slices', [3, 29, 31, 8]),
    batchNormCase('many slices of odd width', [2, 41, 37, 5]),
    // 67 steps on a software adapter, which takes several bands a round.
    batchNormCase('slices of an odd number of steps', [2, 89, 95, 16], { finiteDifferences: false }),
    batchNormCase('wide', [1, 2, 3, 2048]),
    batchNormCase('', network, { relu: true }),
    batchNormCase('', odd, { relu: true }),
    batchNormCase('', network, { residual: true }),
    batchNormCase('', network, { residual: true, relu: true }),
    batchNormCase('', odd, { residual: true, relu: true }),
    batchNormCase('', [7, 1, 1, 6], { residual: true, relu: true }),
    batchNormCase('only the input wants a gradient', odd, { wanted: 'input', relu: true }),
    batchNormCase('only the parameters want a gradient', odd, { wanted: 'parameters' }),
    batchNormCase('large mean', [2, 17, 19, 8], large),
    batchNormCase('large mean', odd, large),
    batchNormCase('outliers', [257, 12], {
      values: { kind: 'outliers', scale: 50 },
      // The steps of the differences scale with values in the hundreds.
      finiteDifferences: false,
    }),
    batchNormCase('equal rows', [4, 5, 5, 12], {
      values: { kind: 'constant', value: 3.7 },
      // The variance is zero: differences of 1e-5 leave the point's linear neighbourhood, sqrt(epsilon) = 3e-3 wide.
      finiteDifferences: false,
    }),
    ...(['eval', 'frozen'] as const).flatMap((mode) => [
      batchNormCase('one value', [1, 1, 1, 5], { mode }),
      batchNormCase('', odd, { mode }),
      batchNormCase('', network, { mode, relu: true }),
      batchNormCase('', odd, { mode, residual: true }),
      batchNormCase('', network, { mode, residual: true, relu: true }),
    ]),
  ],
  run: (tape, inputs, { mode, epsilon, relu, residual }, variant) =>
    batchNorm(
      tape,
      floatInput(inputs, 0),
      {
        scale: floatInput(inputs, 1),
        shift: floatInput(inputs, 2),
        runningMean: floatInput(inputs, 3),
        runningVariance: floatInput(inputs, 4),
      },
      {
        mode,
        epsilon,
        tuning: tuningVariant(variant),
        activation: relu ? 'relu' : 'none',
        ...(residual ? { residual: floatInput(inputs, 5) } : {}),
      },
    ),
  reference: (inputs, options) => batchNormReference(referenceTensors(inputs, options), options),
  referenceGradient: (inputs, outputGradient, options) => {
    const gradient = batchNormReferenceGradient(referenceTensors(inputs, options), outputGradient, options);
    return [
      gradient.input,
      gradient.scale,
      gradient.shift,
      null,
      null,
      ...(options.residual ? [gradient.residual] : []),
    ];
  },
  gradientRounding: (inputs, outputGradient, options) => {
    const rounding = batchNormGradientRounding(referenceTensors(inputs, options), outputGradient, options);
    return [rounding.input, rounding.scale, rounding.shift];
  },
  // A handful of roundings (2^-24 each) an element; WGSL allows inverseSqrt 2 ulp; statistics are merged pairwise.
  tolerance: { absolute: 0, relative: 16 * 2 ** -24 },
  // Sums of up to ~3000 products of random sign, and their cancellation in the input's gradient.
  gradientTolerance: { absolute: 0, relative: 64 * 2 ** -24 },
};

const raceConstants = { CHANNELS: 2, SLOTS: 4 };
const ramp = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i % 7);

/** Both second stages, which merge in workgroup memory: five slices of three channels. */
export const raceCases = [
  raceCase(combineStatistics, {
    buffers: {
      input: ramp(3),
      means: ramp(15),
      deviations: ramp(15),
      runningMean: ramp(3),
      runningVariance: ramp(3),
      mean: new Float32Array(3),
      variance: new Float32Array(3),
    },
    params: { rows: 20, channels: 3, bandRows: 1, phases: 1, steps: 4, slices: 5, momentum: 0.1 },
    workgroups: 2,
    constants: raceConstants,
  }),
  raceCase(combineGradientSums, {
    buffers: {
      sums: ramp(30),
      scaleGradient: new Float32Array(3),
      shiftGradient: new Float32Array(3),
      averages: new Float32Array(6),
    },
    params: { rows: 20, channels: 3, bandRows: 1, slices: 5 },
    workgroups: 2,
    constants: raceConstants,
  }),
];

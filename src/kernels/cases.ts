import type { Array64 } from './reference.ts';
import type { Shape } from '../runtime/shape.ts';
import type { Tape } from '../runtime/tape.ts';
import type { DType, Tensor } from '../runtime/tensor.ts';

/** How the values of a case's input are made; random ones are seeded by case and input. */
export type CaseValues =
  /** Standard normal times scale, plus mean. */
  | { readonly kind: 'normal'; readonly mean?: number; readonly scale?: number }
  /** Normal, with one value in sixteen twenty times as large. */
  | { readonly kind: 'outliers'; readonly scale?: number }
  /** Uniform in [low, high). */
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  /** A shuffled, evenly spaced ramp: no two values are closer than `gap`, so that no kink or maximum is near a tie. */
  | { readonly kind: 'distinct'; readonly gap: number }
  /** Whole numbers in [0, below): labels. */
  | { readonly kind: 'integers'; readonly below: number }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'given'; readonly values: readonly number[] };

/** One input of a case. Inputs of dtype f32 get their gradient checked unless `gradient` is false. */
export interface CaseInput {
  readonly shape: Shape;
  readonly values: CaseValues;
  readonly dtype?: DType;
  readonly gradient?: boolean;
}

/** Largest error allowed: |got - wanted| <= absolute + relative * max|wanted over the tensor| (+ gradientRounding of the operation). */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** One shape-and-values case of an operation. */
export interface OpCase<Options> {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly options: Options;
  /** Instead of the operation's own, with the reason beside it. */
  readonly tolerance?: Tolerance;
  readonly gradientTolerance?: Tolerance;
  /** False where the values sit on kinks on purpose (ties, zeros): finite differences mean nothing there. */
  readonly finiteDifferences?: boolean;
}

/** Everything tests and benchmarks need to know of an operation: its cases, its launch, its float64 specification. */
export interface OpCases<Options> {
  readonly name: string;
  readonly cases: readonly OpCase<Options>[];
  /** Kernel variants to run every case with; each is handed to `run`. Default: one, named 'default'. */
  readonly variants?: readonly string[];
  /** Whether an adapter can run a variant; it is left out, by name, where not. */
  readonly supports?: (variant: string, subgroupSize: number | null) => boolean;
  readonly run: (
    tape: Tape,
    inputs: readonly Tensor<DType>[],
    options: Options,
    variant: string,
  ) => Tensor<DType>;
  readonly reference: (inputs: readonly Array64[], options: Options) => Array64;
  /** Gradients of the inputs for a given gradient of the output; null for inputs without. */
  readonly referenceGradient?: (
    inputs: readonly Array64[],
    outputGradient: Array64,
    options: Options,
  ) => readonly (Array64 | null)[];
  readonly tolerance: Tolerance;
  readonly gradientTolerance?: Tolerance;
  /**
   * Errors allowed to gradients besides, element by element: where terms of a sum cancel, rounding is in proportion to the terms, not to
   * what is left of them.
   */
  readonly gradientRounding?: (
    inputs: readonly Array64[],
    outputGradient: Array64,
    options: Options,
  ) => readonly (Array64 | null)[];
}

/** The f32 tensor at a place of a case's inputs: `run` functions use it to get typed arguments. */
export function floatInput(inputs: readonly Tensor<DType>[], index: number): Tensor {
  const tensor = inputs[index];
  if (tensor === undefined || tensor.dtype !== 'f32')
    throw new RangeError(`input ${index} of the case is not an f32 tensor`);
  return tensor as Tensor;
}

/** The u32 tensor at a place of a case's inputs. */
export function labelInput(inputs: readonly Tensor<DType>[], index: number): Tensor<'u32'> {
  const tensor = inputs[index];
  if (tensor === undefined || tensor.dtype !== 'u32')
    throw new RangeError(`input ${index} of the case is not a u32 tensor`);
  return tensor as Tensor<'u32'>;
}

/** The float64 array at a place of a reference's inputs. */
export function array64Input(inputs: readonly Array64[], index: number): Array64 {
  const array = inputs[index];
  if (array === undefined) throw new RangeError(`the case has no input ${index}`);
  return array;
}

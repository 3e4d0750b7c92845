import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import { array64Input, floatInput } from '../cases.ts';
import { linear } from './linear.ts';
import { linearReference, linearReferenceGradient } from './reference.ts';
import { supportsVariant, VARIANTS } from '../matmul/variant.ts';

function layer(
  rows: number,
  depth: number,
  columns: number,
  bias: boolean,
  values: CaseValues = { kind: 'normal' },
): OpCase<null> {
  return {
    name: `[${rows},${depth}] x [${depth},${columns}]${bias ? ' + bias' : ''}, ${values.kind}`,
    inputs: [
      { shape: [rows, depth], values },
      { shape: [depth, columns], values },
      ...(bias ? [{ shape: [columns], values }] : []),
    ],
    options: null,
  };
}

export const linearCases: OpCases<null> = {
  name: 'linear',
  cases: [
    layer(1, 1, 1, true),
    layer(1, 13, 7, true),
    layer(2, 64, 10, true),
    layer(31, 29, 37, false),
    layer(16, 32, 64, true),
    layer(41, 8, 131, true),
    layer(257, 5, 3, true),
    layer(5, 31, 17, true, { kind: 'outliers', scale: 100 }),
  ],
  variants: VARIANTS,
  supports: supportsVariant,
  run: (tape, inputs, _, variant) =>
    linear(tape, floatInput(inputs, 0), floatInput(inputs, 1), {
      variant,
      ...(inputs.length > 2 ? { bias: floatInput(inputs, 2) } : {}),
    }),
  reference: (inputs) =>
    linearReference(
      array64Input(inputs, 0),
      array64Input(inputs, 1),
      inputs.length > 2 ? array64Input(inputs, 2) : null,
    ),
  referenceGradient: (inputs, outputGradient) =>
    linearReferenceGradient(array64Input(inputs, 0), array64Input(inputs, 1), outputGradient).slice(
      0,
      inputs.length,
    ),
  // Sums of at most 257 products with one rounding each, relative to the tensor's largest value: see conv2d's.
  tolerance: { absolute: 0, relative: 2 ** -18 },
};

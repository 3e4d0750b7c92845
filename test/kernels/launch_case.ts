import type { CaseInput, OpCase, OpCases } from '../../src/kernels/cases.ts';
import type { DType, HostArray, Tensor } from '../../src/runtime/tensor.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { startTape } from '../../src/kernels/tape.ts';

/** What one run of a case gave; null for an input without gradient. */
export interface Outcome {
  readonly output: HostArray<DType>;
  readonly shape: readonly number[];
  readonly gradients: readonly (Float32Array | null)[];
}

/** The dtype's array with the values of a float64 input; what the kernel and the reference both start from. */
export function hostInput(input: CaseInput, values: Float64Array): HostArray<DType> {
  if (input.dtype === 'u32') return Uint32Array.from(values);
  return input.dtype === 'i32' ? Int32Array.from(values) : Float32Array.from(values);
}

/** Whether the gradient of an input is part of its case. */
export const wantsGradient = (input: CaseInput): boolean =>
  (input.dtype ?? 'f32') === 'f32' && (input.gradient ?? true);

/** Runs a case on the given values: forward, and backward from `outputGradient` where there is one. */
export async function launchCase<Options>(
  engine: Engine,
  op: OpCases<Options>,
  c: OpCase<Options>,
  host: readonly HostArray<DType>[],
  outputGradient: Float32Array<ArrayBuffer> | null,
  variant: string,
): Promise<Outcome> {
  const tape = startTape(engine, { gradients: outputGradient !== null });
  const tensors: Tensor<DType>[] = [];
  try {
    for (const [index, input] of c.inputs.entries()) {
      const values = host[index];
      if (values === undefined) throw new RangeError('a case input has no values');
      tensors.push(engine.tensor(values, input.shape, { requiresGradient: wantsGradient(input) }));
    }
    const output = op.run(tape, tensors, c.options, variant);
    const read = engine.read(output);
    const gradients: (Float32Array | null)[] = [];
    if (outputGradient !== null && output.dtype === 'f32') {
      const seed = engine.tensor(outputGradient, output.shape);
      tensors.push(seed);
      tape.backward(output as Tensor, seed);
      for (const [index, input] of c.inputs.entries()) {
        const tensor = tensors[index];
        const gradient =
          tensor !== undefined && wantsGradient(input) ? tape.gradient(tensor as Tensor) : null;
        gradients.push(gradient === null ? null : await engine.read(gradient));
      }
    }
    return { output: await read, shape: output.shape, gradients };
  } finally {
    tape.end();
    for (const tensor of tensors) tensor.dispose();
  }
}

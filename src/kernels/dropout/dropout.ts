import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { dropout as dropoutKernel } from './dropout.wgsl.ts';
import { reject } from '../../runtime/errors.ts';

/** Which elements are dropped. */
export interface DropoutOptions {
  /** Of being dropped, from 0 to 1. */
  readonly probability: number;
  /** A whole number from 0 to 2^32 - 1; give every launch of a training its own. */
  readonly seed: number;
  /** False returns the input itself. Default: true. */
  readonly training?: boolean;
}

/**
 * Makes elements zero with a probability and scales the others by 1 / (1 - probability), [...] (torch.nn.functional.dropout).
 * Which ones depends on the seed and the element's index only: the same on every adapter and in every run. Returns the input
 * itself when there is nothing to drop. Throws ArgumentError for a probability or seed out of range.
 */
export function dropout(tape: Tape, input: Tensor, options: DropoutOptions): Tensor {
  const { probability, seed, training = true } = options;
  if (!(probability >= 0 && probability <= 1))
    reject('dropout', 'probability', String(probability), '0 to 1');
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    reject('dropout', 'seed', String(seed), 'a whole number from 0 to 2^32 - 1');
  if (!training || probability === 0) return input;
  const output = launch(tape, input, probability, seed);
  return tape.record('dropout', output, [input], (outputGradient) => [
    launch(tape, outputGradient, probability, seed),
  ]);
}

function launch(tape: Tape, input: Tensor, probability: number, seed: number): Tensor {
  const output = tape.empty(input.shape);
  const count = ceilDivide(input.size, 4);
  tape.run(dropoutKernel, {
    buffers: { input, output },
    params: {
      count,
      seed,
      threshold: dropoutThreshold(probability),
      // The one hash in 2^32 that a probability of 1 would keep is made zero too.
      factor: probability === 1 ? 0 : 1 / (1 - probability),
    },
    workgroups: ceilDivide(count, dropoutKernel.constants.WORKGROUP.value),
    work: { bytes: 8 * input.size, flops: input.size },
  });
  return output;
}

/** Elements are kept whose hash is at least this. */
export function dropoutThreshold(probability: number): number {
  return Math.min(2 ** 32 - 1, Math.round(probability * 2 ** 32));
}

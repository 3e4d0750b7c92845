import type { CaseInput } from '../../src/kernels/cases.ts';
import { elementCount } from '../../src/runtime/shape.ts';

/** A 32-bit hash of a name (FNV-1a): the seed of its random values. */
export function seedOf(name: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193) >>> 0;
  return hash;
}

/** A small generator (xorshift32 with a Weyl step) of numbers in [0, 1): tests need variety, not quality. */
export function uniformSequence(seed: number): () => number {
  let state = seed === 0 ? 1 : seed;
  let weyl = 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    weyl = (weyl + 0x9e37_79b9) >>> 0;
    return ((state + weyl) >>> 0) / 2 ** 32;
  };
}

/** The values of one input of a case, the same for the same name. */
export function caseValues(input: CaseInput, name: string): Float64Array {
  const count = elementCount(input.shape);
  const uniform = uniformSequence(seedOf(name));
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const { values } = input;
  switch (values.kind) {
    case 'normal':
      return Float64Array.from({ length: count }, () => (values.mean ?? 0) + (values.scale ?? 1) * normal());
    case 'outliers':
      return Float64Array.from(
        { length: count },
        () => (values.scale ?? 1) * normal() * (uniform() < 1 / 16 ? 20 : 1),
      );
    case 'uniform':
      return Float64Array.from({ length: count }, () => values.low + (values.high - values.low) * uniform());
    case 'distinct': {
      const ramp = Float64Array.from({ length: count }, (_, i) => (i - count / 2 + 0.25) * values.gap);
      for (let i = count - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        [ramp[i], ramp[j]] = [ramp[j] ?? 0, ramp[i] ?? 0];
      }
      return ramp;
    }
    case 'integers':
      return Float64Array.from({ length: count }, () => Math.floor(uniform() * values.below));
    case 'constant':
      return new Float64Array(count).fill(values.value);
    case 'given':
      return Float64Array.from(values.values);
  }
}

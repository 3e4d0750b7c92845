import type { Capabilities } from '../../runtime/capabilities.ts';
import { reject } from '../../runtime/errors.ts';

/**
 * How a matrix product is computed. `subgroup`: register tiles, values handed round within a subgroup of known size; `subgroup-tall`: with
 * tiles of twice as many rows always, not only where they pay. `portable`: tiles in workgroup memory, no subgroups; `portable-tall` and
 * `portable-wide`: with workgroups of twice as many rows, or columns, and split sums, always. `naive`: the readable form, one invocation
 * per output.
 */
export type Variant = 'subgroup' | 'subgroup-tall' | 'portable' | 'portable-tall' | 'portable-wide' | 'naive';

/** All variants, for tests and error messages. */
export const VARIANTS: readonly Variant[] = [
  'subgroup',
  'subgroup-tall',
  'portable',
  'portable-tall',
  'portable-wide',
  'naive',
];

/** Lanes of the narrowest subgroup that `subgroup` is written for. */
const FEWEST_LANES = 4;
/**
 * Lanes of the widest subgroup for which `subgroup` is chosen by itself: those are software adapters, whose subgroups are the CPU's
 * vectors and whose workgroup memory and barriers are dear. On a GPU, it is the other way round.
 */
const MOST_LANES = 16;

/** Whether an adapter with subgroups of that size (null: unknown or none) can run a variant. */
export function supportsVariant(variant: string, subgroupSize: number | null): boolean {
  return !variant.startsWith('subgroup') || (subgroupSize !== null && subgroupSize >= FEWEST_LANES);
}

/** The variant to use: the wanted one, or the best for the adapter. Throws on an unknown one and one it cannot run. */
export function chooseVariant(
  operation: string,
  { subgroupSize }: Pick<Capabilities, 'subgroupSize'>,
  wanted: string | undefined,
): Variant {
  if (wanted === undefined) {
    const lanes = subgroupSize ?? 0;
    return lanes >= FEWEST_LANES && lanes <= MOST_LANES ? 'subgroup' : 'portable';
  }
  const variant = VARIANTS.find((name) => name === wanted);
  if (variant === undefined) return reject(operation, 'variant', wanted, VARIANTS.join(', '));
  if (!supportsVariant(variant, subgroupSize)) {
    const lanes = subgroupSize ?? 'an unknown number of';
    reject(operation, 'variant', wanted, `another: subgroups of this adapter have ${lanes} lanes`);
  }
  return variant;
}

/** Whether a variant is one of those whose tiles lie in workgroup memory. */
export function isPortable(variant: Variant): boolean {
  return variant.startsWith('portable');
}

import type { Engine } from '../../runtime/engine.ts';
import { reject } from '../../runtime/errors.ts';

/**
 * How a matrix product is computed: `subgroup` hands values round within a subgroup, and wants its size to be known and at most
 * MAX_SUBGROUP lanes; `naive` is the readable form, one invocation per output.
 */
export type Variant = 'subgroup' | 'naive';

export const VARIANTS: readonly Variant[] = ['subgroup', 'naive'];

/** Whether an adapter with subgroups of that size (null: unknown or none) can run a variant. */
export function supportsVariant(variant: string, subgroupSize: number | null): boolean {
  return variant !== 'subgroup' || (subgroupSize !== null && subgroupSize >= 4);
}

/** The variant to use: the wanted one, or the best for the adapter. Throws on an unknown one and one it cannot run. */
export function chooseVariant(operation: string, engine: Engine, wanted: string | undefined): Variant {
  const { subgroupSize } = engine.capabilities;
  if (wanted === undefined) return supportsVariant('subgroup', subgroupSize) ? 'subgroup' : 'naive';
  const variant = VARIANTS.find((name) => name === wanted);
  if (variant === undefined) return reject(operation, 'variant', wanted, VARIANTS.join(', '));
  if (!supportsVariant(variant, subgroupSize)) {
    reject(
      operation,
      'variant',
      wanted,
      `another: subgroups of this adapter have ${subgroupSize ?? 'unknown'} lanes`,
    );
  }
  return variant;
}

import { ceilDivide } from '../../runtime/grid.ts';

/** The constants of kernels whose invocations each do several items, a workgroup apart. */
interface Spread {
  readonly constants: {
    readonly WORKGROUP: { readonly value: number };
    readonly PER_INVOCATION: { readonly value: number };
  };
}

/** How many workgroups of such a kernel cover `count` items. */
export function workgroupsOf({ constants }: Spread, count: number): number {
  return ceilDivide(count, constants.WORKGROUP.value * constants.PER_INVOCATION.value);
}

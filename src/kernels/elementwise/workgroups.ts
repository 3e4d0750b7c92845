import type { Engine } from '../../runtime/engine.ts';
import { ceilDivide } from '../../runtime/grid.ts';

/** The constants of kernels whose invocations each do several items, a block of neighbouring invocations apart. */
interface Spread {
  readonly constants: {
    readonly WORKGROUP: { readonly value: number };
    readonly PER_INVOCATION: { readonly value: number };
    readonly BLOCK: { readonly value: number };
  };
}

/**
 * How a software adapter walks a large tensor: the lanes of one CPU vector side by side, in long loops. Its bound is instructions,
 * not bytes: a loop that is not unrolled stays in the CPU's instruction cache, and eight neighbouring vec4s are whole lines. On
 * llvmpipe a copy so dealt out moves 17 GB/s, and 7.7 GB/s as on a GPU; on SwiftShader 2.9 and 2.1.
 */
const SOFTWARE = { PER_INVOCATION: 64, BLOCK: 8 };

/** With fewer workgroups of that size, some of a CPU's cores would have no work; small tensors are dealt out as on a GPU. */
const FEWEST_WORKGROUPS = 4;

/** How many workgroups of such a kernel cover `count` items, and the constants to compile it with. */
export function spread(
  engine: Engine,
  { constants }: Spread,
  count: number,
): { readonly workgroups: number; readonly constants: { PER_INVOCATION: number; BLOCK: number } } {
  const workgroup = constants.WORKGROUP.value;
  const large = ceilDivide(count, workgroup * SOFTWARE.PER_INVOCATION) >= FEWEST_WORKGROUPS;
  const chosen =
    engine.capabilities.software && large
      ? SOFTWARE
      : { PER_INVOCATION: constants.PER_INVOCATION.value, BLOCK: constants.BLOCK.value };
  return { workgroups: ceilDivide(count, workgroup * chosen.PER_INVOCATION), constants: chosen };
}

/** Rows of a given length that four neighbouring elements may lie in, as the kernels over rows are compiled for. */
export function rowsOfQuad(length: number): 1 | 2 | 4 {
  if (length % 4 === 0) return 1;
  return length > 4 ? 2 : 4;
}

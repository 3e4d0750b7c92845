import type { Constants, KernelModule, Params } from '../runtime/kernel.ts';
import type { Grid } from '../runtime/grid.ts';

/** Values of a storage buffer; a buffer that is only written gets zeros of the right length. */
export type RaceBuffer = Float32Array | Uint32Array | Int32Array;

/**
 * One tiny launch of a kernel that has workgroup memory, small enough to be run in lockstep on the CPU by wgsl_reflect's
 * `detectRaces` (a few workgroups, a few hundred elements: seconds otherwise). Export them from an op's cases.ts as
 * `raceCase` or `raceCases`; test/kernels/races.test.ts finds them, runs them, and checks that each goes red when one of its barriers is
 * deleted. The detector overlooks a barrier that is the first statement of a loop body: let loops end with it. Functions that are called
 * get the last invocation's arguments in all of them: let what they store lie outside the buffers of a tiny launch.
 */
export interface RaceCase {
  readonly kernel: KernelModule;
  readonly buffers: { readonly [name: string]: RaceBuffer };
  readonly params: { readonly [name: string]: number };
  readonly workgroups: number | Grid;
  readonly constants: { readonly [name: string]: number | undefined };
  /**
   * How many barriers may be deleted, each by itself, without a race in this launch, because it is too small to show one
   * (say why where it is set). Default: 0.
   */
  readonly barriersWithoutRace: number;
}

/** A race case whose buffers, params and constants are checked against the kernel by the compiler. */
export function raceCase<const M extends KernelModule>(
  kernel: M,
  launch: {
    readonly buffers: { readonly [K in keyof M['bindings']]: RaceBuffer };
    readonly params: Params<M>;
    readonly workgroups: number | Grid;
    readonly constants?: Constants<M>;
    readonly barriersWithoutRace?: number;
  },
): RaceCase {
  const { buffers, params, workgroups, constants = {}, barriersWithoutRace = 0 } = launch;
  return { kernel, buffers, params, workgroups, constants, barriersWithoutRace };
}

import type { Params } from '../../runtime/kernel.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Variant } from './variant.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { chooseTiling, portableTiles } from './tile.ts';
import { gatherNaive } from './gather_naive.wgsl.ts';
import { gatherPortable } from './gather_portable.wgsl.ts';
import { gatherSubgroup } from './gather_subgroup.wgsl.ts';

/** Which terms a product sums and where they lie: the parameters of the gather kernels (see gather_naive.wgsl). */
export type GatherPlan = Omit<Params<typeof gatherNaive>, 'columnTiles' | 'hasBias'>;

/** The tensors of a product, in the layouts that the kernels' heads tell. */
export interface GatherTensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly output: Tensor;
}

/**
 * Multiplies a matrix gathered from images by a weight matrix, as the plan says: convolution forward, or back to its input. Columns
 * must be a multiple of 4.
 */
export function gatherProduct(
  tape: Tape,
  { input, weight, bias, output }: GatherTensors,
  plan: GatherPlan,
  variant: Variant,
): void {
  const { rows, columns } = plan;
  // A kernel without bias reads none, but something must be bound.
  const buffers = { input, weight, bias: bias ?? weight, output };
  const hasBias = bias === null ? 0 : 1;
  const work = {
    bytes: 4 * (input.size + weight.size + rows * columns),
    flops: 2 * rows * columns * plan.tapRows * plan.tapColumns * plan.run,
  };
  if (variant === 'naive') {
    tape.run(gatherNaive, {
      buffers,
      params: { ...plan, hasBias, columnTiles: 1 },
      workgroups: ceilDivide(rows * columns, gatherNaive.constants.WORKGROUP.value),
      work,
    });
    return;
  }
  if (variant === 'portable') {
    const { rowTiles, columnTiles } = portableTiles(rows, columns);
    const params = { ...plan, hasBias, columnTiles };
    tape.run(gatherPortable, { buffers, params, workgroups: rowTiles * columnTiles, work });
    return;
  }
  const subgroupSize = tape.engine.capabilities.subgroupSize ?? gatherSubgroup.constants.SUBGROUP.value;
  const { constants, rowTiles, columnTiles } = chooseTiling(subgroupSize, rows, columns);
  const ODD = plan.channels % 2;
  tape.run(gatherSubgroup, {
    buffers,
    params: { ...plan, hasBias, columnTiles },
    constants: { ...constants, ODD },
    workgroups: rowTiles * columnTiles,
    work,
  });
}

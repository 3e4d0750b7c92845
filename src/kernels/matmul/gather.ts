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
export type GatherPlan = Omit<
  Params<typeof gatherNaive>,
  'columnTiles' | 'matrixTiles' | 'matrices' | 'matrixWeights' | 'hasBias'
>;

/** Several products under one plan: how many, and how many weight rows lie from one's to the next's. */
export interface Matrices {
  readonly count: number;
  readonly weightRows: number;
}

/** What is done to a product's elements, the bias included, before they are written. */
export type Activation = 'none' | 'relu';

/** The tensors of a product, in the layouts that the kernels' heads tell. */
export interface GatherTensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly output: Tensor;
  /** Default: none. */
  readonly activation?: Activation;
}

/**
 * Multiplies a matrix gathered from images by a weight matrix, as the plan says: convolution forward, or back to its input.
 * Columns must be a multiple of 4.
 */
export function gatherProduct(
  tape: Tape,
  { input, weight, bias, output, activation = 'none' }: GatherTensors,
  plan: GatherPlan,
  variant: Variant,
  { count, weightRows }: Matrices = { count: 1, weightRows: 0 },
): void {
  const { rows, columns } = plan;
  // A kernel without bias reads none, but something must be bound.
  const buffers = { input, weight, bias: bias ?? weight, output };
  const hasBias = bias === null ? 0 : 1;
  const RELU = activation === 'relu' ? 1 : 0;
  const terms = plan.tapRows * plan.tapColumns * plan.run;
  const work = {
    bytes: 4 * (input.size + weight.size + count * rows * columns),
    flops: 2 * count * rows * columns * terms,
  };
  const given = { ...plan, hasBias, matrices: count, matrixWeights: weightRows };
  if (variant === 'naive') {
    tape.run(gatherNaive, {
      buffers,
      params: { ...given, columnTiles: 1, matrixTiles: 1 },
      workgroups: ceilDivide(count * rows * columns, gatherNaive.constants.WORKGROUP.value),
      constants: { RELU },
      work,
    });
    return;
  }
  if (variant === 'portable') {
    const { rowTiles, columnTiles } = portableTiles(rows, columns);
    const matrixTiles = rowTiles * columnTiles;
    const params = { ...given, columnTiles, matrixTiles };
    tape.run(gatherPortable, {
      buffers,
      params,
      workgroups: count * matrixTiles,
      constants: { RELU },
      work,
    });
    return;
  }
  const subgroupSize = tape.engine.capabilities.subgroupSize ?? gatherSubgroup.constants.SUBGROUP.value;
  const ODD = plan.channels % 2;
  // The stem alone is odd: not worth a tall kernel of its own.
  const tall = variant === 'subgroup-tall' ? true : ODD === 1 ? false : undefined;
  const size = { rows, columns, terms: count * terms, tall };
  const { constants, rowTiles, columnTiles } = chooseTiling(subgroupSize, size);
  tape.run(gatherSubgroup, {
    buffers,
    params: { ...given, columnTiles, matrixTiles: rowTiles * columnTiles },
    constants: { ...constants, ODD, RELU },
    workgroups: count * rowTiles * columnTiles,
    work,
  });
}

import type { Params } from '../../runtime/kernel.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Activation } from './sum.ts';
import type { PortableTiling } from './portable_tile.ts';
import type { Variant } from './variant.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { chooseTiling } from './tile.ts';
import { gatherNaive } from './gather_naive.wgsl.ts';
import { gatherPortable } from './gather_portable.wgsl.ts';
import { gatherSubgroup } from './gather_subgroup.wgsl.ts';
import { isPortable } from './variant.ts';
import { choosePortableTiling, MOST_PART_ELEMENTS } from './portable_tile.ts';
import { sumParts } from './sum.ts';

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

/** The tensors of a product, in the layouts that the kernels' heads tell. */
export interface GatherTensors {
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly output: Tensor;
  /** Default: none. */
  readonly activation?: Activation;
}

const ONE: Matrices = { count: 1, weightRows: 0 };

const termsOf = ({ tapRows, tapColumns, run }: GatherPlan): number => tapRows * tapColumns * run;

/** Whether four terms may begin within a vec4, and terms of a step of the portable kernel. */
function stepOf({ channels }: GatherPlan): { readonly SCALARS: number; readonly STEP: number } {
  // Images have few channels: in larger steps, more of each run's last one would be padding.
  return channels % 4 === 0
    ? { SCALARS: 0, STEP: gatherPortable.constants.STEP.value }
    : { SCALARS: 1, STEP: 8 };
}

const stepsOf = (plan: GatherPlan): number =>
  plan.tapRows * plan.tapColumns * ceilDivide(plan.run, stepOf(plan).STEP);

/** How the portable kernel cuts one of several products that write to the same output; sums are split alike in all of them. */
function portableTiling(
  tape: Tape,
  plan: GatherPlan,
  variant: Variant,
  mostPartElements: number,
): PortableTiling {
  const { software } = tape.engine.capabilities;
  const { rows, columns } = plan;
  const product = { rows, columns, terms: termsOf(plan), mostPartElements };
  return choosePortableTiling('gather', product, { software, variant });
}

/** Parts of each sum of products that write to the same output. */
function chooseSplits(tape: Tape, output: Tensor, plans: readonly GatherPlan[], variant: Variant): number {
  // A software adapter has few cores, and is kept busy by few tiles.
  if (!isPortable(variant) || (variant === 'portable' && tape.engine.capabilities.software)) return 1;
  const most = Math.floor(MOST_PART_ELEMENTS / output.size);
  const wanted = plans.map((plan) => portableTiling(tape, plan, variant, MOST_PART_ELEMENTS).splits);
  const splits = Math.max(1, Math.min(most, Math.max(...wanted)));
  // As many as take a whole number of steps each: no part is empty in the longest sum.
  const steps = Math.max(1, ...plans.map(stepsOf));
  return ceilDivide(steps, ceilDivide(steps, splits));
}

/**
 * Multiplies matrices gathered from images by weight matrices, as the plans say, each into its pixels of the output: a convolution
 * forward, or back to its input. Long sums of small products are split, where the adapter has more processors than they have tiles.
 * Columns must be a multiple of 4.
 */
export function gatherProducts(
  tape: Tape,
  tensors: GatherTensors,
  plans: readonly GatherPlan[],
  variant: Variant,
): void {
  const { output, bias, activation } = tensors;
  const splits = chooseSplits(tape, output, plans, variant);
  if (splits === 1) {
    for (const plan of plans) gatherProduct(tape, tensors, plan, variant);
    return;
  }
  const columns = output.shape.at(-1) ?? 1;
  const parts = tape.empty([splits, output.size / columns, columns]);
  const unfinished: GatherTensors = { ...tensors, bias: null, activation: 'none', output: parts };
  for (const plan of plans) gatherProduct(tape, unfinished, plan, variant, ONE, splits);
  sumParts(tape, parts, output, columns, columns, { bias, activation: activation ?? 'none' });
  tape.release(parts);
}

/** One of them, or several of one shape at once: `splits` parts of each sum, one output behind the other. */
export function gatherProduct(
  tape: Tape,
  { input, weight, bias, output, activation = 'none' }: GatherTensors,
  plan: GatherPlan,
  variant: Variant,
  { count, weightRows }: Matrices = ONE,
  splits = 1,
): void {
  const { rows, columns } = plan;
  // A kernel without bias reads none, but something must be bound.
  const buffers = { input, weight, bias: bias ?? weight, output };
  const hasBias = bias === null ? 0 : 1;
  const RELU = activation === 'relu' ? 1 : 0;
  const terms = termsOf(plan);
  const work = {
    bytes: 4 * (input.size + weight.size + splits * count * rows * columns),
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
  if (isPortable(variant)) {
    const { constants, rowTiles, columnTiles } = portableTiling(tape, plan, variant, 0);
    const matrixTiles = rowTiles * columnTiles;
    const partRows = output.size / splits / columns;
    const split = { splits, splitSteps: ceilDivide(stepsOf(plan), splits), partRows };
    tape.run(gatherPortable, {
      buffers,
      params: { ...given, columnTiles, matrixTiles, ...split },
      workgroups: count * splits * matrixTiles,
      constants: { ...constants, ...stepOf(plan), RELU },
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

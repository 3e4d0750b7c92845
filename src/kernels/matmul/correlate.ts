import type { Params } from '../../runtime/kernel.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Variant } from './variant.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { correlateNaive } from './correlate_naive.wgsl.ts';
import { correlateSubgroup } from './correlate_subgroup.wgsl.ts';
import { packMatrices } from './pack.ts';
import { sumParts } from './sum.ts';

/** What a weight gradient sums: the parameters of the correlate kernels (see correlate_subgroup.wgsl). */
export type CorrelatePlan = Omit<
  Params<typeof correlateNaive>,
  'rowTiles' | 'columnTiles' | 'splitPixels' | 'splits'
>;

/** The tensors of a weight gradient: input NHWC, gradient of the output [pixels, columns], and where the result goes. */
export interface CorrelateTensors {
  readonly input: Tensor;
  readonly outputGradient: Tensor;
  readonly weightGradient: Tensor;
}

const SUBGROUP_ROWS = 16;
/** Fewest pixels of a split: below, writing and adding the parts costs as much as the product. */
const SPLIT_PIXELS = 128;
/** Workgroups that keep an adapter busy: a few a core, or a few a processor of a large GPU. */
const BUSY_WORKGROUPS = { software: 16, hardware: 1024 };
/** Parts of a split product take at most so many elements, beside what it cannot do without. */
const MOST_PART_ELEMENTS = 1 << 24;

/** Multiplies the transposed matrix gathered from images by an output gradient: the gradient of a convolution's weights. */
export function correlateProduct(
  tape: Tape,
  { input, outputGradient, weightGradient }: CorrelateTensors,
  plan: CorrelatePlan,
  variant: Variant,
): void {
  const { rows, columns, pixels } = plan;
  const { subgroupSize, software } = tape.engine.capabilities;
  const SUBGROUP = subgroupSize ?? correlateSubgroup.constants.SUBGROUP.value;
  const rowTiles = variant === 'naive' ? 1 : ceilDivide(rows, SUBGROUP_ROWS);
  const columnTiles = variant === 'naive' ? 1 : ceilDivide(columns, 8 * SUBGROUP);
  const tiles =
    variant === 'naive'
      ? ceilDivide(rows * columns, correlateNaive.constants.WORKGROUP.value)
      : rowTiles * columnTiles;
  const wanted = ceilDivide(software ? BUSY_WORKGROUPS.software : BUSY_WORKGROUPS.hardware, tiles);
  const most = Math.min(
    ceilDivide(pixels, SPLIT_PIXELS),
    Math.max(1, Math.floor(MOST_PART_ELEMENTS / (rows * columns))),
  );
  const splitPixels = ceilDivide(pixels, Math.min(wanted, most));
  const splits = ceilDivide(pixels, splitPixels);

  const gradient = packMatrices(tape, outputGradient, 1, pixels, columns, false);
  const output = splits === 1 ? weightGradient : tape.empty([splits, rows, columns]);
  const params = { ...plan, rowTiles, columnTiles, splitPixels, splits };
  const work = {
    bytes: 4 * (input.size + gradient.size + output.size),
    flops: 2 * rows * columns * pixels,
  };
  if (variant === 'naive') {
    tape.run(correlateNaive, {
      buffers: { input, gradient, output },
      params,
      workgroups: ceilDivide(output.size, correlateNaive.constants.WORKGROUP.value),
      work,
    });
  } else {
    tape.run(correlateSubgroup, {
      buffers: { input, gradient, output },
      params,
      constants: { SUBGROUP },
      workgroups: tiles * splits,
      work,
    });
  }
  if (splits > 1) sumParts(tape, output, weightGradient);
}

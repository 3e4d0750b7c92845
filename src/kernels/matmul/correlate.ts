import type { Engine } from '../../runtime/engine.ts';
import type { Params } from '../../runtime/kernel.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { PortableTiling } from './portable_tile.ts';
import type { Variant } from './variant.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import type { Tiling } from './tile.ts';
import { chooseTiling } from './tile.ts';
import { correlateNaive } from './correlate_naive.wgsl.ts';
import { correlatePortable } from './correlate_portable.wgsl.ts';
import { correlateSubgroup } from './correlate_subgroup.wgsl.ts';
import { isPortable } from './variant.ts';
import { choosePortableTiling, MOST_PART_ELEMENTS, PART_TERMS } from './portable_tile.ts';
import { sumParts } from './sum.ts';

/** What a weight gradient sums: the parameters of the correlate kernels (see correlate_naive.wgsl). */
export type CorrelatePlan = Omit<
  Params<typeof correlateNaive>,
  'rowTiles' | 'columnTiles' | 'splitPixels' | 'splits'
>;

/** The tensors of a weight gradient. */
export interface CorrelateTensors {
  /** Images, NHWC. */
  readonly input: Tensor;
  /** Gradient of the output, [pixels, columns of the plan]. */
  readonly outputGradient: Tensor;
  /** The result, [rows, columns]; columns that the plan has beyond are padding and left out. */
  readonly weightGradient: Tensor;
}

/** Workgroups of the subgroup and naive kernels that keep an adapter busy: a few a core, or a few a processor of a large GPU. */
const BUSY_WORKGROUPS = { software: 16, hardware: 1024 };

/** How the subgroup kernel cuts a product. The naive one asks too, for splits of the same size. */
function tilesOf(engine: Engine, { rows, columns, pixels }: CorrelatePlan, variant: Variant): Tiling {
  const subgroupSize = engine.capabilities.subgroupSize ?? correlateSubgroup.constants.SUBGROUP.value;
  const tall = variant === 'subgroup-tall' || undefined;
  return chooseTiling(subgroupSize, { rows, columns, terms: pixels, tall });
}

function portableTiling(
  { capabilities: { software } }: Engine,
  { rows, columns, pixels }: CorrelatePlan,
  variant: Variant,
): PortableTiling {
  const product = { rows, columns, terms: pixels, mostPartElements: MOST_PART_ELEMENTS };
  return choosePortableTiling('correlate', product, { software, variant });
}

function chooseSplitPixels(engine: Engine, plan: CorrelatePlan, variant: Variant): number {
  const { rows, columns, pixels } = plan;
  if (isPortable(variant)) {
    // Whole steps: a part's last one is not half empty then.
    const step = correlatePortable.constants.STEP.value;
    return ceilDivide(ceilDivide(pixels, portableTiling(engine, plan, variant).splits), step) * step;
  }
  const { rowTiles, columnTiles } = tilesOf(engine, plan, variant);
  const busy = engine.capabilities.software ? BUSY_WORKGROUPS.software : BUSY_WORKGROUPS.hardware;
  const most = Math.max(1, Math.floor(MOST_PART_ELEMENTS / (rows * columns)));
  const wanted = ceilDivide(busy, rowTiles * columnTiles);
  return ceilDivide(pixels, Math.min(wanted, ceilDivide(pixels, PART_TERMS), most));
}

/**
 * Multiplies the transposed matrix gathered from images by an output gradient, over `splitPixels` pixels at a time: into `parts`
 * [splits, rows, columns]. Columns must be a multiple of 4.
 */
export function correlateParts(
  tape: Tape,
  {
    input,
    outputGradient: gradient,
    parts: output,
  }: Omit<CorrelateTensors, 'weightGradient'> & { readonly parts: Tensor },
  plan: CorrelatePlan,
  splitPixels: number,
  variant: Variant,
): void {
  const { rows, columns, pixels } = plan;
  const splits = ceilDivide(pixels, splitPixels);
  const { constants, rowTiles, columnTiles } = isPortable(variant)
    ? portableTiling(tape.engine, plan, variant)
    : tilesOf(tape.engine, plan, variant);
  const buffers = { input, gradient, output };
  const params = { ...plan, rowTiles, columnTiles, splitPixels, splits };
  const workgroups = rowTiles * columnTiles * splits;
  const work = {
    bytes: 4 * (input.size + gradient.size + output.size),
    flops: 2 * rows * columns * pixels,
  };
  if (variant === 'naive') {
    const elements = ceilDivide(output.size, correlateNaive.constants.WORKGROUP.value);
    tape.run(correlateNaive, { buffers, params, workgroups: elements, work });
  } else if ('DOWN' in constants) {
    const SCALARS = plan.channels % 4 === 0 ? 0 : 1;
    tape.run(correlatePortable, {
      buffers,
      params,
      constants: { ...constants, SCALARS },
      workgroups,
      work,
    });
  } else {
    tape.run(correlateSubgroup, { buffers, params, constants, workgroups, work });
  }
}

/**
 * Multiplies the transposed matrix gathered from images by an output gradient: the gradient of a convolution's weights, split over
 * pixels where the result alone has too few tiles. Columns must be a multiple of 4.
 */
export function correlateProduct(
  tape: Tape,
  { input, outputGradient, weightGradient }: CorrelateTensors,
  plan: CorrelatePlan,
  variant: Variant,
): void {
  const { rows, columns, pixels } = plan;
  const splitPixels = chooseSplitPixels(tape.engine, plan, variant);
  const splits = ceilDivide(pixels, splitPixels);
  const direct = splits * rows * columns === weightGradient.size;
  const parts = direct ? weightGradient : tape.empty([splits, rows, columns]);
  correlateParts(tape, { input, outputGradient, parts }, plan, splitPixels, variant);
  if (!direct) sumParts(tape, parts, weightGradient, weightGradient.size / rows, columns);
}

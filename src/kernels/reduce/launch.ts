import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { expand as expandKernel } from './expand.wgsl.ts';
import { expandRows as expandRowsKernel } from './expand_rows.wgsl.ts';
import { expandVec4 as expandVec4Kernel } from './expand_vec4.wgsl.ts';
import { reduce as reduceKernel } from './reduce.wgsl.ts';
import { reduceVec4 as reduceVec4Kernel } from './reduce_vec4.wgsl.ts';
import { rowsOfQuad, spread } from '../elementwise/workgroups.ts';

/** A tensor seen as [outer, length, inner], reduced over `length`. */
export interface Extent {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** As reduce.wgsl and reduce_vec4.wgsl number them. */
const OPERATIONS = { sum: 0, maximum: 1, minimum: 2 } as const;

/** Elements one invocation walks at most: short chains keep the rounding error small and a GPU full. */
const LONGEST_CHAIN = 64;

/** Elements that a software adapter, which divides slowly, lets one invocation expand a sum to. */
const SOFTWARE_EXPANSION = 32;

/** Rows shorter than this are not worth a second stage. */
const SHORTEST_SPLIT = 256;

/** Lengths before and after one stage, and how many neighbouring columns it takes at once. */
function planStage({ length, inner }: Extent): { rows: number; columns: number; width: 1 | 4 } {
  if (inner % 4 === 0) return { rows: length, columns: inner, width: 4 };
  // A long contiguous row is read as four columns; a later stage adds the four up.
  if (inner === 1 && length % 4 === 0 && length >= SHORTEST_SPLIT)
    return { rows: length / 4, columns: 4, width: 4 };
  return { rows: length, columns: inner, width: 1 };
}

/**
 * How a stage deals `rows` rows of `inner` vec4s out: chunks of `steps` rows at most, `block` of them walking side by side. Where rows are
 * narrow, a software adapter walks eight neighbouring vec4s at a time, which are whole cache lines.
 */
function planChunks(
  { engine: { capabilities } }: Tape,
  rows: number,
  inner: number,
): { chunks: number; block: number; steps: number } {
  const fewest = ceilDivide(rows, LONGEST_CHAIN);
  const narrow = capabilities.software && inner < 8;
  const block = narrow ? Math.min(fewest, Math.floor(8 / inner)) : fewest;
  return { ...cutRow(rows, block), block };
}

/**
 * Chunks of at most LONGEST_CHAIN steps that `length` items are cut into, `block` of which walk side by side: chunk c takes the items
 * floor(c / block) * block * steps + c mod block + k * block.
 */
export function cutRow(length: number, block: number): { chunks: number; steps: number } {
  const blocks = ceilDivide(length, LONGEST_CHAIN * block);
  const steps = ceilDivide(length, blocks * block);
  // In the last block, a chunk that begins behind the last item is none.
  const before = (ceilDivide(length, block * steps) - 1) * block;
  return { chunks: before + Math.min(block, length - before * steps), steps };
}

/**
 * SwiftShader, the software adapter of four lanes, gains nothing from several loads in flight and loses a sixth where rows are wide;
 * llvmpipe is half as fast again with four.
 */
function inFlight({ engine: { capabilities } }: Tape): { readonly IN_FLIGHT: 1 | 4 } {
  return { IN_FLIGHT: capabilities.software && capabilities.subgroupSize === 4 ? 1 : 4 };
}

/**
 * Writes scale * (reduction over the middle axis) into `output` (outer * inner elements), in as many stages as the length asks
 * for, each in a fixed order. Unrecorded.
 */
export function launchReduce(
  tape: Tape,
  x: Tensor,
  extent: Extent,
  operation: keyof typeof OPERATIONS,
  scale: number,
  output: Tensor,
): Tensor {
  const { outer, inner } = extent;
  let input = x;
  let { length } = extent;
  for (;;) {
    const { rows, columns, width } = planStage({ outer, length, inner });
    const { chunks, block, steps } = planChunks(tape, rows, columns / width);
    const last = chunks === 1 && columns === inner;
    const target = last ? output : tape.empty([outer, chunks, columns]);
    const count = (outer * chunks * columns) / width;
    const OPERATION = OPERATIONS[operation];
    const params = { count, length: rows, chunks, inner: columns / width, scale: last ? scale : 1 };
    const launch = {
      buffers: { input, output: target },
      work: { bytes: 4 * (input.size + target.size), flops: input.size },
    };
    if (width === 4) {
      const workgroups = ceilDivide(count, reduceVec4Kernel.constants.WORKGROUP.value);
      const constants = { OPERATION, ...inFlight(tape) };
      tape.run(reduceVec4Kernel, { ...launch, params: { ...params, block, steps }, workgroups, constants });
    } else {
      const workgroups = ceilDivide(count, reduceKernel.constants.WORKGROUP.value);
      tape.run(reduceKernel, { ...launch, params, workgroups, constants: { OPERATION } });
    }
    if (last) return output;
    input = target;
    length = (chunks * columns) / inner;
  }
}

/** The gradient of a sum: every element of `output` gets `scale` times the gradient of the sum it went into. Unrecorded. */
export function launchExpand(
  tape: Tape,
  sums: Tensor,
  { length, inner }: Extent,
  scale: number,
  output: Tensor,
): Tensor {
  const work = { bytes: 4 * (output.size + sums.size), flops: output.size };
  if (inner === 1) {
    const count = ceilDivide(output.size, 4);
    const { workgroups, constants } = spread(tape.engine, expandRowsKernel, count);
    const stride = 4 * constants.BLOCK;
    const strides = { strideRows: Math.floor(stride / length), strideColumns: stride % length };
    tape.run(expandRowsKernel, {
      buffers: { input: sums, output },
      params: { count, length, lastRow: sums.size - 1, ...strides, scale },
      workgroups,
      constants: { ...constants, ROWS: sums.size === 1 ? 0 : rowsOfQuad(length) },
      work,
    });
    return output;
  }
  const width = inner % 4 === 0 ? 4 : 1;
  const kernel = width === 4 ? expandVec4Kernel : expandKernel;
  const { software } = tape.engine.capabilities;
  const PER_INVOCATION = software ? SOFTWARE_EXPANSION : kernel.constants.PER_INVOCATION.value;
  const segments = ceilDivide(length, PER_INVOCATION);
  const count = (sums.size * segments) / width;
  tape.run(kernel, {
    buffers: { input: sums, output },
    params: { count, length, segments, inner: inner / width, scale },
    constants: { PER_INVOCATION },
    workgroups: ceilDivide(count, kernel.constants.WORKGROUP.value),
    work,
  });
  return output;
}

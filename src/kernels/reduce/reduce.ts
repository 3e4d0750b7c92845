import type { Shape } from '../../runtime/shape.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { elementCount, formatShape, imageShape } from '../../runtime/shape.ts';
import { expand as expandKernel } from './expand.wgsl.ts';
import { reduce as reduceKernel } from './reduce.wgsl.ts';
import { reject } from '../../runtime/errors.ts';

/** A tensor seen as [outer, length, inner], reduced over `length`. */
interface Extent {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** As reduce.wgsl numbers them. */
const OPERATIONS = { sum: 0, maximum: 1, minimum: 2 } as const;

/** Elements one invocation walks at most: short chains keep the rounding error small and a GPU full. */
const LONGEST_CHAIN = 64;

/** Launches as many stages as the length asks for; each shortens it LONGEST_CHAIN times, in a fixed order. */
function launchReduce(
  tape: Tape,
  x: Tensor,
  outputShape: Shape,
  { outer, length, inner }: Extent,
  operation: keyof typeof OPERATIONS,
  scale: number,
): Tensor {
  let input = x;
  for (let remaining = length; ;) {
    const chunks = ceilDivide(remaining, LONGEST_CHAIN);
    const count = outer * chunks * inner;
    const output = tape.empty(chunks === 1 ? outputShape : [outer, chunks, inner]);
    tape.run(reduceKernel, {
      buffers: { input, output },
      params: { count, length: remaining, chunks, inner, scale: chunks === 1 ? scale : 1 },
      constants: { OPERATION: OPERATIONS[operation] },
      workgroups: ceilDivide(count, reduceKernel.constants.WORKGROUP.value),
      work: { bytes: 4 * (input.size + count), flops: input.size },
    });
    if (chunks === 1) return output;
    input = output;
    remaining = chunks;
  }
}

/** Every element gets `scale` times the gradient of the sum it went into. */
function launchExpand(
  tape: Tape,
  sums: Tensor,
  target: Tensor,
  { length, inner }: Extent,
  scale: number,
): Tensor {
  const output = tape.emptyGradient(target);
  const count = ceilDivide(output.size, 4);
  tape.run(expandKernel, {
    buffers: { input: sums, output },
    params: { count, length, inner, last: output.size - 1, scale },
    workgroups: ceilDivide(count, expandKernel.constants.WORKGROUP.value),
    work: { bytes: 4 * (output.size + sums.size), flops: output.size },
  });
  return output;
}

function scaledSum(tape: Tape, name: string, x: Tensor, shape: Shape, extent: Extent, scale = 1): Tensor {
  const output = launchReduce(tape, x, shape, extent, 'sum', scale);
  return tape.record(name, output, [x], (outputGradient) => [
    launchExpand(tape, outputGradient, x, extent, scale),
  ]);
}

/** [N,...] as N rows. */
function perSample(operation: string, x: Tensor): Extent {
  const [outer] = x.shape;
  if (outer === undefined) return reject(operation, 'shape of x', formatShape(x.shape), '[N,...]');
  return { outer, length: x.size / outer, inner: 1 };
}

/** Sum of all elements: [...] -> [] (torch.sum). */
export function sum(tape: Tape, x: Tensor): Tensor {
  return scaledSum(tape, 'sum', x, [], { outer: 1, length: x.size, inner: 1 });
}

/** Mean of all elements: [...] -> [] (torch.mean). The loss of a batch is the mean of its per-sample losses. */
export function mean(tape: Tape, x: Tensor): Tensor {
  return scaledSum(tape, 'mean', x, [], { outer: 1, length: x.size, inner: 1 }, 1 / x.size);
}

/** Sum over the last axis: [..., C] -> [...] (torch.sum(dim=-1)). Throws ArgumentError for a scalar. */
export function sumLastAxis(tape: Tape, x: Tensor): Tensor {
  const length = x.shape.at(-1);
  if (length === undefined) return reject('sumLastAxis', 'shape of x', formatShape(x.shape), '[...,C]');
  const shape = x.shape.slice(0, -1);
  return scaledSum(tape, 'sumLastAxis', x, shape, { outer: elementCount(shape), length, inner: 1 });
}

/** Sum over space: [N,H,W,C] -> [N,C]. Throws ArgumentError unless x has four axes. */
export function sumSpatial(tape: Tape, x: Tensor): Tensor {
  const [batch, height, width, channels] = imageShape('sumSpatial', 'x', x);
  const extent = { outer: batch, length: height * width, inner: channels };
  return scaledSum(tape, 'sumSpatial', x, [batch, channels], extent);
}

/** Sum of every sample: [N,...] -> [N]. Throws ArgumentError for a scalar. */
export function sumPerSample(tape: Tape, x: Tensor): Tensor {
  const extent = perSample('sumPerSample', x);
  return scaledSum(tape, 'sumPerSample', x, [extent.outer], extent);
}

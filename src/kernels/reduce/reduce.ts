import type { Extent } from './launch.ts';
import type { Shape } from '../../runtime/shape.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { elementCount, formatShape, imageShape } from '../../runtime/shape.ts';
import { launchBinary } from '../elementwise/launch.ts';
import { launchExpand, launchReduce } from './launch.ts';
import { reject } from '../../runtime/errors.ts';

function scaledSum(tape: Tape, name: string, x: Tensor, shape: Shape, extent: Extent, scale = 1): Tensor {
  const output = launchReduce(tape, x, extent, 'sum', scale, tape.empty(shape));
  return tape.record(name, output, [x], (outputGradient) => [
    launchExpand(tape, outputGradient, extent, scale, tape.emptyGradient(x)),
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

function extremum(tape: Tape, name: string, operation: 'maximum' | 'minimum', x: Tensor): Tensor {
  const extent = perSample(name, x);
  const shape = [extent.outer];
  const output = launchReduce(tape, x, extent, operation, 1, tape.empty(shape));
  return tape.record(name, output, [x], (outputGradient) => {
    const isExtremum = launchBinary(tape, 'equal', x, output, tape.empty(x.shape));
    const ties = launchReduce(tape, isExtremum, extent, 'sum', 1, tape.empty(shape));
    const share = launchBinary(tape, 'divide', outputGradient, ties, tape.empty(shape));
    return [launchBinary(tape, 'multiply', isExtremum, share, tape.emptyGradient(x))];
  });
}

/** Largest element of every sample: [N,...] -> [N] (torch.amax: ties share the gradient). Throws ArgumentError for a scalar. */
export function maxPerSample(tape: Tape, x: Tensor): Tensor {
  return extremum(tape, 'maxPerSample', 'maximum', x);
}

/** Smallest element of every sample: [N,...] -> [N] (torch.amin: ties share the gradient). Throws ArgumentError for a scalar. */
export function minPerSample(tape: Tape, x: Tensor): Tensor {
  return extremum(tape, 'minPerSample', 'minimum', x);
}

import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape, formatShape } from '../../runtime/shape.ts';
import { noisyCopies as noisyKernel } from './noisy_copies.wgsl.ts';
import { pathCopies as pathKernel } from './path_copies.wgsl.ts';
import { reject } from '../../runtime/errors.ts';

/** Which noise. */
export interface NoisyCopiesOptions {
  readonly copies: number;
  /** A whole number from 0 to 2^32 - 1. */
  readonly seed: number;
  /** Number of the first copy; a launch of copies 3 to 5 draws what those of a launch of 0 to 9 draw. Default: 0. */
  readonly firstCopy?: number;
}

function checkWhole(operation: string, argument: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    reject(operation, argument, String(value), `a whole number from ${low} to ${high}`);
}

/**
 * Copies of images x [N,...] under Gaussian noise of standard deviation `deviations` [N]: [S,N,...]. The noise of an element
 * depends on seed, copy and the element's place in its image, not on the image: whoever shares a batch cannot change it. Without gradient.
 * @throws ArgumentError when shapes or options do not fit
 */
export function noisyCopies(tape: Tape, x: Tensor, deviations: Tensor, options: NoisyCopiesOptions): Tensor {
  const [images] = x.shape;
  if (images === undefined) return reject('noisyCopies', 'shape of x', '[]', '[N,...]');
  const { copies, seed, firstCopy = 0 } = options;
  checkShape('noisyCopies', 'deviations', deviations, [images]);
  checkWhole('noisyCopies', 'copies', copies, 1, 2 ** 31);
  checkWhole('noisyCopies', 'seed', seed, 0, 2 ** 32 - 1);
  checkWhole('noisyCopies', 'firstCopy', firstCopy, 0, 2 ** 31);
  const output = tape.empty([copies, ...x.shape]);
  tape.run(noisyKernel, {
    buffers: { input: x, deviations, output },
    params: { count: output.size, imageLength: x.size / images, images, firstCopy, seed },
    workgroups: ceilDivide(output.size, noisyKernel.constants.WORKGROUP.value),
    work: { bytes: 8 * output.size, flops: 30 * output.size },
  });
  return output;
}

/**
 * Points on the straight line from a baseline to images x [N,...,C]: [S,N,...,C], where point s lies at `positions[s]`, 0 at the
 * baseline and 1 at the image, which it then equals to the bit. `baseline` [C] is one colour for all pixels. Without gradient.
 * @throws ArgumentError when shapes do not fit
 */
export function pathCopies(
  tape: Tape,
  x: Tensor,
  baseline: readonly number[],
  positions: readonly number[],
): Tensor {
  const channels = x.shape.at(-1);
  if (channels === undefined) return reject('pathCopies', 'shape of x', formatShape(x.shape), '[N,...,C]');
  if (baseline.length !== channels)
    reject('pathCopies', 'length of baseline', String(baseline.length), String(channels));
  if (positions.length === 0) reject('pathCopies', 'positions', 'empty', 'at least one');
  const hold = (values: readonly number[]): Tensor => {
    const tensor = tape.empty([values.length]);
    tape.engine.write(tensor, Float32Array.from(values));
    return tensor;
  };
  const output = tape.empty([positions.length, ...x.shape]);
  const [colour, places] = [hold(baseline), hold(positions)];
  tape.run(pathKernel, {
    buffers: { input: x, baseline: colour, positions: places, output },
    params: { count: output.size, inputSize: x.size, channels },
    workgroups: ceilDivide(output.size, pathKernel.constants.WORKGROUP.value),
    work: { bytes: 8 * output.size, flops: 3 * output.size },
  });
  tape.release(colour);
  tape.release(places);
  return output;
}

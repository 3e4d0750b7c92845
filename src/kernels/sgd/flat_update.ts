import type { Engine } from '../../runtime/engine.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { flatUpdate as flatUpdateKernel } from './flat_update.wgsl.ts';
import { formatShape, sameShape } from '../../runtime/shape.ts';
import { PARAMETER_BLOCK } from '../../runtime/parameters.ts';
import { reject } from '../../runtime/errors.ts';
import { windows } from './windows.ts';
import { spread } from '../elementwise/workgroups.ts';

function update(
  engine: Engine,
  name: string,
  operation: 0 | 1,
  target: Tensor,
  source: Tensor,
  factor: number,
): void {
  if (!sameShape(target.shape, source.shape))
    reject(name, 'shape of source', formatShape(source.shape), formatShape(target.shape));
  if (!Number.isFinite(factor)) reject(name, 'factor', String(factor), 'a finite number');
  const limit = engine.device.limits.maxStorageBufferBindingSize;
  for (const { first, size } of windows(target.size, limit, PARAMETER_BLOCK)) {
    const count = ceilDivide(size, 4);
    const { workgroups, constants } = spread(engine, flatUpdateKernel, count);
    engine.run(flatUpdateKernel, {
      buffers: { source: source.slice(first, [size]), destination: target.slice(first, [size]) },
      params: { size, count, factor },
      workgroups,
      constants: { ...constants, OPERATION: operation },
      work: { bytes: 12 * size, flops: 3 * size },
    });
  }
}

/**
 * Exponential moving average, in place: slow = momentum * slow + (1 - momentum) * current (torch.lerp). Momentum 0 copies
 * exactly, and equal values stay exactly equal. Give it the flat tensors of two parameter stores to keep a slow copy of a model.
 * Throws ArgumentError unless the shapes agree and 0 <= momentum <= 1.
 */
export function exponentialMovingAverage(
  engine: Engine,
  slow: Tensor,
  current: Tensor,
  momentum: number,
): void {
  const name = 'exponentialMovingAverage';
  if (!(momentum >= 0 && momentum <= 1)) reject(name, 'momentum', String(momentum), 'a number from 0 to 1');
  update(engine, name, 0, slow, current, 1 - momentum);
}

/**
 * In place: target += factor * source. Sums the gradients of several backward passes into one.
 * Throws ArgumentError unless the shapes agree and the factor is finite.
 */
export function addScaled(engine: Engine, target: Tensor, source: Tensor, factor: number): void {
  update(engine, 'addScaled', 1, target, source, factor);
}

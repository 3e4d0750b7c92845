import type { Buffers, Constants, ElementType, KernelModule, Params } from './kernel.ts';
import type { DType, Tensor } from './tensor.ts';
import type { Grid } from './grid.ts';
import type { Work } from './profile.ts';
import { ArgumentError, OutOfMemoryError, reject } from './errors.ts';
import { dtypeOf } from './kernel.ts';
import { formatShape } from './shape.ts';
import { SMALLER } from './pool.ts';

/** One launch of a kernel. */
export interface Launch<M extends KernelModule> {
  readonly buffers: Buffers<M>;
  readonly params: Params<M>;
  /** A number is folded into x and y (see `fold`); three numbers are taken as they are. */
  readonly workgroups: number | Grid;
  readonly constants?: Constants<M>;
  /** Bytes and flops of this launch, for the profiler. */
  readonly work?: Work;
}

/** The tensor of a binding. Throws ArgumentError when it is missing or of another type. */
export function checkBuffer(
  kernel: KernelModule,
  name: string,
  tensor: Tensor<DType> | undefined,
  element: ElementType,
): Tensor<DType> {
  if (tensor === undefined) throw new ArgumentError(`${kernel.name}: buffer ${name} is missing`);
  if (tensor.dtype !== dtypeOf(element))
    reject(kernel.name, `element type of ${name}`, tensor.dtype, element);
  return tensor;
}

/** Throws OutOfMemoryError when a binding is larger than the adapter's largest. */
export function checkBindingSize(
  kernel: KernelModule,
  name: string,
  { shape }: Tensor<DType>,
  size: number,
  limit: number,
): void {
  if (size <= limit) return;
  throw new OutOfMemoryError(
    `${kernel.name}: ${name} ${formatShape(shape)} takes ${size} bytes, but the adapter binds at most ${limit}; ${SMALLER}`,
  );
}

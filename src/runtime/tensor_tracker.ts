import type { DType, Tensor } from './tensor.ts';
import type { BufferPool, PoolBuffer } from './pool.ts';
import type { Shape } from './shape.ts';
import { formatShape } from './shape.ts';

/** A tensor that holds memory. */
export interface LiveTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Of its buffer. */
  readonly bytes: number;
  /** The calls that made it, the innermost first, as the platform writes them. */
  readonly madeAt: string;
}

/** How many calls of a stack are kept: from a kernel's operation up through a network to whoever asked for it. */
const CALLS = 40;

/**
 * Remembers where an engine's tensors are made. `live()` tells of those that hold memory; a warning on the console of those that were
 * collected as garbage without `dispose()`, or with a tape that was never ended. Slow (a stack a tensor): to find leaks.
 *
 *     const tensorTracker = new TensorTracker();
 *     const engine = await createEngine({ tensorTracker });
 */
export class TensorTracker {
  /** By buffer, not by tensor: nothing here must keep one alive. */
  readonly #live = new Map<PoolBuffer, LiveTensor>();
  readonly #collected = new FinalizationRegistry<PoolBuffer>((storage) => {
    const tensor = this.#live.get(storage);
    if (tensor === undefined) return;
    console.warn(
      `calm-webgpu: tensor ${formatShape(tensor.shape)} was collected without dispose(), or with a tape that was not ended; ` +
        `its ${tensor.bytes} bytes stay taken. It was made here:\n${tensor.madeAt}`,
    );
  });

  /** A tensor has been made on a buffer. */
  made(tensor: Tensor<DType>, storage: PoolBuffer): void {
    // V8's alone; elsewhere stacks are long enough.
    const limit: unknown = Reflect.get(Error, 'stackTraceLimit');
    Reflect.set(Error, 'stackTraceLimit', CALLS);
    const stack = new Error('made').stack ?? '';
    Reflect.set(Error, 'stackTraceLimit', limit);
    const madeAt = stack.replace(/^Error.*\n/, '');
    this.#live.set(storage, { shape: tensor.shape, dtype: tensor.dtype, bytes: storage.size, madeAt });
    this.#collected.register(tensor, storage, storage);
  }

  /** The buffer of a tensor has been given back. */
  released(storage: PoolBuffer): void {
    this.#live.delete(storage);
    this.#collected.unregister(storage);
  }

  /** An engine has been destroyed, and the buffers of its pool with it. */
  ended(pool: BufferPool): void {
    for (const storage of [...this.#live.keys()]) if (storage.pool === pool) this.released(storage);
  }

  /** Every tensor that holds memory now, the oldest first. */
  live(): LiveTensor[] {
    return [...this.#live.values()];
  }
}

import type { PoolBuffer } from './pool.ts';
import type { Shape } from './shape.ts';
import { ArgumentError, DisposedError } from './errors.ts';
import { elementCount, formatShape } from './shape.ts';

/** Element types that tensors are stored as; 8-bit images travel packed four to a u32. */
export type DType = 'f32' | 'u32' | 'i32';

/** The typed array that holds a tensor's values on the CPU. */
export type HostArray<D extends DType> = D extends 'f32'
  ? Float32Array
  : D extends 'u32'
    ? Uint32Array
    : Int32Array;

/**
 * Numbers on the GPU: a shape over a contiguous, row-major range of a buffer. Images are NHWC. A tensor made by a tape lives
 * until the tape ends; one made by the engine until `dispose()`.
 */
export class Tensor<D extends DType = 'f32'> {
  readonly shape: Shape;
  readonly dtype: D;
  /** Number of elements. */
  readonly size: number;
  /** Where the values begin in the buffer, in bytes; a multiple of 256. */
  readonly byteOffset: number;
  /** Whether a recording tape must compute the gradient of its result with respect to this tensor. */
  readonly requiresGradient: boolean;
  #storage: PoolBuffer | null;
  /** The tensor whose memory a view looks at. */
  readonly #owner: Tensor<DType> | null;
  #release: ((storage: PoolBuffer) => void) | null;

  constructor(
    dtype: D,
    shape: Shape,
    storage: PoolBuffer,
    options: {
      byteOffset?: number;
      requiresGradient?: boolean;
      owner?: Tensor<DType>;
      release?: (storage: PoolBuffer) => void;
    } = {},
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.size = elementCount(shape);
    this.byteOffset = options.byteOffset ?? 0;
    this.requiresGradient = options.requiresGradient ?? false;
    this.#storage = storage;
    this.#owner = options.owner ?? null;
    this.#release = options.release ?? null;
  }

  /** Bytes of the values. */
  get byteLength(): number {
    return this.size * 4;
  }

  /** Whether its memory has been given back; that of a view, with the tensor's that it was made of. */
  get disposed(): boolean {
    return this.#storage === null || this.#owner?.disposed === true;
  }

  /** The buffer behind the tensor. Throws DisposedError naming the caller when its memory has been given back. */
  storage(operation: string): PoolBuffer {
    if (this.#storage === null || this.#owner?.disposed === true) {
      throw new DisposedError(`${operation}: tensor ${formatShape(this.shape)} has been disposed`);
    }
    return this.#storage;
  }

  /** The same values under another shape with as many elements. The view does not own the memory. */
  reshape(shape: Shape): Tensor<D> {
    if (elementCount(shape) !== this.size) {
      throw new ArgumentError(
        `reshape: ${formatShape(this.shape)} does not have the elements of ${formatShape(shape)}`,
      );
    }
    const storage = this.storage('reshape');
    return new Tensor(this.dtype, shape, storage, { byteOffset: this.byteOffset, owner: this });
  }

  /**
   * The elements from `elementOffset` on as a tensor of the given shape. The view does not own the memory. Throws ArgumentError
   * unless it lies within this tensor and begins at a multiple of 64 elements (256 bytes: WebGPU's alignment of bindings).
   */
  slice(elementOffset: number, shape: Shape): Tensor<D> {
    const byteOffset = this.byteOffset + elementOffset * 4;
    if (!Number.isInteger(elementOffset) || elementOffset < 0 || byteOffset % 256 !== 0) {
      throw new ArgumentError(
        `slice: elementOffset is ${elementOffset}, wanted a multiple of 64 that is 0 or more`,
      );
    }
    if (elementOffset + elementCount(shape) > this.size) {
      throw new ArgumentError(
        `slice: ${formatShape(shape)} from element ${elementOffset} on does not lie within ${formatShape(this.shape)}`,
      );
    }
    return new Tensor(this.dtype, shape, this.storage('slice'), { byteOffset, owner: this });
  }

  /** Gives the memory back to the pool it came from (if this tensor owns it); a second call does nothing. */
  dispose(): void {
    const storage = this.#storage;
    this.#storage = null;
    if (storage !== null) this.#release?.(storage);
    this.#release = null;
  }
}

import type { DType, Tensor } from './tensor.ts';
import { ArgumentError } from './errors.ts';
import { formatShape, sameShape } from './shape.ts';

/** Work whose tensors are given back when it is done, and which backward does again when it needs them: see `Tape.recompute`. */
export class RecomputedBlock {
  readonly name: string;
  /** Outputs of the operations within, from the first time. */
  readonly outputs = new Set<Tensor<DType>>();
  /** Tensors made within `once`: they stay until backward has been through the block. */
  readonly saved = new Set<Tensor<DType>>();
  readonly #compute: () => Tensor;
  /** What `once` gave, in order. */
  readonly #values: unknown[] = [];
  /** How many of them have been taken, when the block is computed again. */
  #taken: number | null = null;

  constructor(name: string, compute: () => Tensor) {
    this.name = name;
    this.#compute = compute;
  }

  /** Whether it is computed for the second time. */
  get again(): boolean {
    return this.#taken !== null;
  }

  /** See `Tape.once`. */
  once<T>(compute: () => T): T {
    if (this.#taken === null) {
      const value = compute();
      this.#values.push(value);
      return value;
    }
    if (this.#taken === this.#values.length) this.#differs('called tape.once', 'more often than before');
    return this.#values[this.#taken++] as T;
  }

  computeFirst(): Tensor {
    return this.#compute();
  }

  /** Throws ArgumentError when it is visibly not what gave `output`. */
  computeAgain(output: Tensor): Tensor {
    this.#taken = 0;
    const result = this.#compute();
    if (this.#taken < this.#values.length) this.#differs('called tape.once', 'less often than before');
    if (!sameShape(result.shape, output.shape))
      this.#differs(`gave ${formatShape(result.shape)}`, `and ${formatShape(output.shape)} before`);
    return result;
  }

  #differs(what: string, how: string): never {
    throw new ArgumentError(`${this.name}: computed again for its gradients, it ${what}, ${how}`);
  }
}

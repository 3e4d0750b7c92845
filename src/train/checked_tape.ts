import type { DType, Tensor } from '../runtime/tensor.ts';
import type { GradientFunction, RecordOptions } from '../runtime/tape.ts';
import type { KernelModule } from '../runtime/kernel.ts';
import type { Launch } from '../runtime/launch.ts';
import type { Engine } from '../runtime/engine.ts';
import type { NonFiniteOrigin } from './non_finite.ts';
import type { Shape } from '../runtime/shape.ts';
import { findNonFinite, wordsFor } from '../kernels/non_finite/non_finite.ts';
import { gradientSums } from '../kernels/tape.ts';
import { Tape } from '../runtime/tape.ts';

/** An operation on the tape; its layer is known when the layer has been observed. */
interface Operation {
  name: string | null;
  layer: string | null;
}

/** A tensor that a kernel wrote. */
interface Written {
  readonly operation: Operation;
  readonly pass: 'forward' | 'backward';
  readonly kernel: string;
  readonly shape: readonly number[];
  readonly words: Tensor<'u32'>;
}

/**
 * A tape that looks for NaN and infinity behind every kernel, in all that it wrote, and can say which was the first. For finding out what
 * went wrong in a step: it takes about twice the time, and little memory.
 */
export class CheckedTape extends Tape {
  readonly #written: Written[] = [];
  #operation: Operation = { name: null, layer: null };
  #last: Operation | null = null;
  #pass: 'forward' | 'backward' = 'forward';

  constructor(engine: Engine) {
    super(engine, gradientSums);
  }

  /** Cleared: where an operation writes its output in several launches, what other work left there must not be taken for its. */
  override empty<D extends DType = 'f32'>(shape: Shape, dtype?: D): Tensor<D> {
    const tensor = super.empty(shape, dtype);
    this.engine.clear(tensor);
    return tensor;
  }

  override run<const M extends KernelModule>(kernel: M, launch: Launch<M>): void {
    super.run(kernel, launch);
    const buffers: { readonly [name: string]: Tensor<DType> } = launch.buffers;
    for (const [name, { access }] of Object.entries(kernel.bindings)) {
      const tensor = buffers[name];
      if (access !== 'read_write' || tensor === undefined || !isFloat(tensor) || tensor.size === 0) continue;
      // Not the tape's: it outlives what it tells of.
      const words = this.engine.empty([wordsFor(this.engine, tensor)], 'u32');
      findNonFinite(this.engine, tensor, words, 0);
      const { shape } = tensor;
      const written = `${kernel.name}, ${name}`;
      this.#written.push({ operation: this.#operation, pass: this.#pass, kernel: written, shape, words });
    }
  }

  override record(
    name: string,
    output: Tensor,
    inputs: readonly Tensor<DType>[],
    gradient: GradientFunction,
    options?: RecordOptions,
  ): Tensor {
    const operation = this.#operation;
    operation.name = name;
    this.#last = operation;
    this.#operation = { name: null, layer: null };
    const checked: GradientFunction = (outputGradient) => {
      this.#pass = 'backward';
      this.#operation = operation;
      return gradient(outputGradient);
    };
    return super.record(name, output, inputs, checked, options);
  }

  /** For `ForwardOptions.observe`: what was recorded last belongs to this layer. */
  observed(layer: string): void {
    if (this.#last !== null) this.#last.layer ??= layer;
  }

  /** The first kernel that wrote a number which is not finite; null when none did. */
  async firstNonFinite(): Promise<NonFiniteOrigin | null> {
    const found = await Promise.all(this.#written.map(({ words }) => this.engine.read(words)));
    const first = this.#written[found.findIndex((words) => words.some((word) => word !== 0))];
    if (first === undefined) return null;
    const { operation, pass, kernel, shape } = first;
    return { pass, layer: operation.layer, operation: operation.name, kernel, shape };
  }

  override end(): void {
    super.end();
    for (const { words } of this.#written) words.dispose();
    this.#written.length = 0;
  }
}

const isFloat = (tensor: Tensor<DType>): tensor is Tensor => tensor.dtype === 'f32';

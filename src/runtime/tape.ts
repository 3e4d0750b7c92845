import type { DType, Tensor } from './tensor.ts';
import type { Engine, Launch } from './engine.ts';
import type { KernelModule } from './kernel.ts';
import type { Shape } from './shape.ts';
import { ArgumentError, DisposedError, reject } from './errors.ts';
import { formatShape, sameShape } from './shape.ts';

/**
 * Launches an operation's gradient kernels. It gets the gradient of the operation's output and returns one for each of its
 * inputs, in order; null where `tape.needsGradient(input)` is false or the operation has none.
 */
export type GradientFunction = (outputGradient: Tensor) => readonly (Tensor | null)[];

/** How a tape is to behave. */
export interface TapeOptions {
  /** Record gradients? Without, intermediate tensors may be given back early by `release`. Default: true. */
  readonly gradients?: boolean;
  /** Adds two gradients of one tensor: a launch of the caller's add kernel, because the runtime knows no operation. */
  readonly accumulate: (tape: Tape, a: Tensor, b: Tensor) => Tensor;
}

interface Operation {
  readonly name: string;
  readonly output: Tensor;
  readonly inputs: readonly Tensor<DType>[];
  readonly gradient: GradientFunction;
  /** What was allocated up to here since the operation before: its output and what it saved for its gradient. */
  readonly allocated: readonly Tensor<DType>[];
}

/**
 * Records operations and walks them back once. It is an arena: it owns every tensor that operations make on it, and `end()`
 * gives all of them back (call it in `finally`). Parameters and optimiser state live outside.
 */
export class Tape {
  readonly engine: Engine;
  readonly recording: boolean;
  readonly #accumulate: TapeOptions['accumulate'];
  readonly #operations: Operation[] = [];
  readonly #gradients = new Map<Tensor<DType>, Tensor>();
  readonly #needing = new Set<Tensor<DType>>();
  readonly #owned = new Set<Tensor<DType>>();
  readonly #kept = new Set<Tensor<DType>>();
  readonly #slots = new Map<Tensor<DType>, Tensor>();
  readonly #claimed = new Set<Tensor<DType>>();
  #sinceLastOperation: Tensor<DType>[] = [];
  #state: 'open' | 'walked back' | 'ended' = 'open';

  constructor(engine: Engine, options: TapeOptions) {
    this.engine = engine;
    this.recording = options.gradients ?? true;
    this.#accumulate = options.accumulate;
  }

  /** A tensor that lives until the tape ends (or until backward has no use for it), with undefined content. */
  empty<D extends DType = 'f32'>(shape: Shape, dtype?: D): Tensor<D> {
    this.#checkOpen('empty');
    const tensor = this.engine.empty(shape, dtype);
    this.#owned.add(tensor);
    if (this.recording) this.#sinceLastOperation.push(tensor);
    return tensor;
  }

  /** Records one launch of a kernel on the tape's engine. */
  run<const M extends KernelModule>(kernel: M, launch: Launch<M>): void {
    this.#checkOpen(kernel.name);
    this.engine.run(kernel, launch);
  }

  /** Whether the gradient with respect to this tensor is wanted: it is a parameter, or was computed from one. */
  needsGradient(tensor: Tensor<DType>): boolean {
    return this.recording && (tensor.requiresGradient || this.#needing.has(tensor));
  }

  /** Declares how an output's gradient becomes those of its inputs. Returns the output. */
  record(name: string, output: Tensor, inputs: readonly Tensor<DType>[], gradient: GradientFunction): Tensor {
    this.#checkOpen(name);
    if (inputs.some((input) => this.needsGradient(input))) {
      this.#needing.add(output);
      this.#operations.push({ name, output, inputs, gradient, allocated: this.#sinceLastOperation });
      this.#sinceLastOperation = [];
    }
    return output;
  }

  /** The same values under another shape; the gradient takes the first shape again. */
  reshape(tensor: Tensor, shape: Shape): Tensor {
    const view = tensor.reshape(shape);
    return this.record('reshape', view, [tensor], (outputGradient) => [outputGradient.reshape(tensor.shape)]);
  }

  /** Where parameters want their gradients: a fixed tensor each, so that one optimiser kernel can walk all of them. */
  placeGradient(parameter: Tensor, slot: Tensor): void {
    if (!sameShape(parameter.shape, slot.shape)) {
      reject('placeGradient', 'slot', formatShape(slot.shape), formatShape(parameter.shape));
    }
    this.#slots.set(parameter, slot);
  }

  /** The tensor into which an operation must write the gradient of an input: the parameter's slot, or a fresh tensor. */
  emptyGradient(input: Tensor): Tensor {
    const slot = this.#slots.get(input);
    if (slot === undefined || this.#claimed.has(input)) return this.empty(input.shape);
    this.#claimed.add(input);
    return slot;
  }

  /** Keeps an intermediate tensor (and its gradient) readable after backward, until the tape ends. */
  keep<T extends Tensor<DType>>(tensor: T): T {
    this.#kept.add(tensor);
    return tensor;
  }

  /** Says that the caller uses an intermediate tensor no more. Without gradients its memory is reused at once. */
  release(tensor: Tensor<DType>): void {
    if (!this.recording && !this.#kept.has(tensor) && this.#owned.delete(tensor)) tensor.dispose();
  }

  /**
   * Computes the gradients of a recorded tensor. `outputGradient` has its shape. Memory of the forward pass is given back on the
   * way, as soon as the last gradient has used it: read what you want to see later first, or `keep` it.
   */
  backward(output: Tensor, outputGradient: Tensor): void {
    this.#checkOpen('backward');
    if (!this.recording) throw new ArgumentError('backward: the tape was made with gradients: false');
    if (this.#state === 'walked back') {
      throw new ArgumentError('backward: the tape has been walked back already; start another one');
    }
    if (!this.#needing.has(output)) {
      throw new ArgumentError('backward: the output does not depend on any tensor that requires a gradient');
    }
    if (!sameShape(output.shape, outputGradient.shape)) {
      reject('backward', 'outputGradient', formatShape(outputGradient.shape), formatShape(output.shape));
    }
    this.#kept.add(output);
    // What was made after the last recorded operation (an accuracy, say) is no operation's: it stays until the end.
    this.#sinceLastOperation = [];
    this.#gradients.set(output, outputGradient);
    for (
      let operation = this.#operations.pop();
      operation !== undefined;
      operation = this.#operations.pop()
    ) {
      this.#walk(operation);
    }
    for (const [parameter, slot] of this.#slots) {
      const gradient = this.#gradients.get(parameter);
      if (gradient !== undefined && gradient !== slot) {
        this.engine.copy(gradient, slot);
        this.#gradients.set(parameter, slot);
      }
    }
    this.#state = 'walked back';
  }

  /** The gradient of a parameter, input or kept tensor after `backward`; null when the output does not depend on it. */
  gradient(tensor: Tensor): Tensor | null {
    if (this.#state !== 'walked back') throw new ArgumentError('gradient: call backward first');
    return this.#gradients.get(tensor) ?? null;
  }

  /** Gives all memory of the tape back. Safe to call twice. */
  end(): void {
    this.#state = 'ended';
    for (const tensor of this.#owned) tensor.dispose();
    this.#owned.clear();
    this.#operations.length = 0;
    this.#gradients.clear();
    this.#slots.clear();
  }

  #walk({ name, output, inputs, gradient, allocated }: Operation): void {
    const outputGradient = this.#gradients.get(output);
    if (outputGradient !== undefined) {
      const inputGradients = gradient(outputGradient);
      if (inputGradients.length !== inputs.length) {
        throw new ArgumentError(
          `${name}: returned ${inputGradients.length} gradients for ${inputs.length} inputs`,
        );
      }
      for (const [index, input] of inputs.entries()) {
        const inputGradient = inputGradients[index] ?? null;
        if (inputGradient === null || !this.needsGradient(input)) continue;
        this.#add(name, input, inputGradient);
      }
      if (!this.#kept.has(output)) this.#gradients.delete(output);
    }
    // Every operation that read these tensors stood later on the tape, so its gradient has been launched already.
    const used = new Set([...this.#gradients.values()].map((tensor) => tensor.storage(name)));
    for (const tensor of this.#kept) if (!tensor.disposed) used.add(tensor.storage(name));
    const temporary = this.#sinceLastOperation;
    this.#sinceLastOperation = [];
    for (const tensor of [...allocated, ...temporary]) {
      if (tensor.disposed) continue;
      if (used.has(tensor.storage(name))) this.#sinceLastOperation.push(tensor);
      else if (this.#owned.delete(tensor)) tensor.dispose();
    }
  }

  #add(name: string, input: Tensor<DType>, gradient: Tensor): void {
    if (!sameShape(input.shape, gradient.shape)) {
      throw new ArgumentError(
        `${name}: gradient ${formatShape(gradient.shape)} for an input ${formatShape(input.shape)}`,
      );
    }
    const sum = this.#gradients.get(input);
    this.#gradients.set(input, sum === undefined ? gradient : this.#accumulate(this, sum, gradient));
  }

  #checkOpen(operation: string): void {
    if (this.#state === 'ended') throw new DisposedError(`${operation}: the tape has ended`);
  }
}

import type { DType, Tensor } from './tensor.ts';
import type { Engine } from './engine.ts';
import type { Launch } from './launch.ts';
import type { AnyBuffers, KernelModule } from './kernel.ts';
import type { PoolBuffer } from './pool.ts';
import type { Shape } from './shape.ts';
import { ArgumentError, DisposedError, reject } from './errors.ts';
import { formatShape, sameShape } from './shape.ts';
import { Gradients } from './gradients.ts';
import { RecomputedBlock } from './recomputed_block.ts';

/**
 * Launches an operation's gradient kernels. It gets the gradient of the operation's output and returns one for each of its
 * inputs, in order; null where `tape.needsGradient(input)` is false or the operation has none.
 */
export type GradientFunction = (outputGradient: Tensor) => readonly (Tensor | null)[];

/** What a tape may know of an operation besides its gradient. */
export interface RecordOptions {
  /** Whether the gradient reads the output. If not, backward gives that memory back before the gradient allocates. Default: true. */
  readonly readsOutput?: boolean;
}

/** How to walk back. */
export interface BackwardOptions {
  /**
   * Keep everything that the gradients read, so that the tape can be walked back again, from this output or another one that is on it
   * already. The gradients of one walk are gone with the next. Default: false.
   */
  readonly retain?: boolean;
}

/** How a tape is to behave. Sums are launches of the caller's kernels, because the runtime knows no operation. */
export interface TapeOptions {
  /** Record gradients? Without, `release` gives every intermediate tensor back. Default: true. */
  readonly gradients?: boolean;
  /** Adds two gradients of one tensor, in a fresh tensor: a + b. */
  readonly accumulate: (tape: Tape, a: Tensor, b: Tensor) => Tensor;
  /** The same in place: sum += term. Must leave alone what lies behind `sum`. */
  readonly addTo: (tape: Tape, sum: Tensor, term: Tensor) => void;
}

interface Operation {
  readonly name: string;
  readonly output: Tensor;
  readonly inputs: readonly Tensor<DType>[];
  /** A block has none of its own: it is computed again, and what that records is walked back. */
  readonly gradient: GradientFunction | RecomputedBlock;
  readonly readsOutput: boolean;
  /** What was allocated up to here since the operation before: its output and what it saved for its gradient. */
  readonly allocated: ReadonlySet<Tensor<DType>>;
}

/**
 * Records operations and walks them back, once unless it retains them. It is an arena: it owns every tensor that operations make on it,
 * and `end()` gives all of them back (call it in `finally`). Parameters and optimiser state live outside.
 */
export class Tape {
  readonly engine: Engine;
  readonly recording: boolean;
  /** Is told of a parameter with a place for its gradient whenever backward has launched that, or a part of it. */
  onGradient: ((parameter: Tensor<DType>) => void) | null = null;
  readonly #operations: Operation[] = [];
  readonly #gradients: Gradients;
  readonly #needing = new Set<Tensor<DType>>();
  readonly #owned = new Set<Tensor<DType>>();
  readonly #kept = new Set<Tensor<DType>>();
  /** Memory that recorded operations worked on: their gradients may read it. */
  readonly #recorded = new Set<PoolBuffer>();
  /** Memory of launches that belong to no recorded operation yet. */
  readonly #launched = new Set<PoolBuffer>();
  /** Tensors within recomputed blocks, with the block's name. */
  readonly #enclosed = new Map<Tensor<DType>, string>();
  #sinceLastOperation = new Set<Tensor<DType>>();
  /** The block that is being computed. */
  #block: RecomputedBlock | null = null;
  #withinOnce = false;
  #state: 'open' | 'walking' | 'walked back' | 'ended' = 'open';
  #retains = false;
  /** What a walk that retains leaves for the next to give back: its gradients. */
  #left = new Set<Tensor<DType>>();

  constructor(engine: Engine, { gradients = true, accumulate, addTo }: TapeOptions) {
    this.engine = engine;
    this.recording = gradients;
    this.#gradients = new Gradients({
      add: (a, b) => accumulate(this, a, b),
      addTo: (sum, term) => addTo(this, sum, term),
      copy: (source, target) => engine.copy(source, target),
      onPlaced: (parameter) => this.onGradient?.(parameter),
      isPrivate: (gradient) =>
        this.#owned.has(gradient) &&
        !this.#kept.has(gradient) &&
        !this.#recorded.has(gradient.storage('backward')),
    });
  }

  /** A tensor that lives until the tape ends (or until backward has no use for it), with undefined content. */
  empty<D extends DType = 'f32'>(shape: Shape, dtype?: D): Tensor<D> {
    this.#checkOpen('empty');
    const tensor = this.engine.empty(shape, dtype);
    this.#owned.add(tensor);
    if (this.recording) this.#sinceLastOperation.add(tensor);
    if (this.#withinOnce) this.#block?.saved.add(tensor);
    return tensor;
  }

  /** Records one launch of a kernel on the tape's engine. */
  run<const M extends KernelModule>(kernel: M, launch: Launch<M>): void {
    this.#checkOpen(kernel.name);
    this.engine.run(kernel, launch);
    if (!this.recording) return;
    const buffers: AnyBuffers = launch.buffers;
    for (const tensor of Object.values(buffers)) this.#launched.add(tensor.storage(kernel.name));
  }

  /** Whether the gradient with respect to this tensor is wanted: it is a parameter, or was computed from one. */
  needsGradient(tensor: Tensor<DType>): boolean {
    return this.recording && (tensor.requiresGradient || this.#needing.has(tensor));
  }

  /** Declares how an output's gradient becomes those of its inputs. Returns the output. */
  record(
    name: string,
    output: Tensor,
    inputs: readonly Tensor<DType>[],
    gradient: GradientFunction,
    { readsOutput = true }: RecordOptions = {},
  ): Tensor {
    this.#checkOpen(name);
    if (!inputs.some((input) => this.needsGradient(input))) {
      // Nobody will read what this one read, but a block that is to be computed again.
      if (this.#block?.again !== false) this.#launched.clear();
      return output;
    }
    if (this.#withinOnce)
      throw new ArgumentError(`${name}: needs a gradient, which nothing within tape.once can have`);
    for (const input of inputs) {
      const block = this.#enclosed.get(input);
      if (block !== undefined)
        throw new ArgumentError(
          `${name}: an input was made within ${block}, of which only the output is left`,
        );
    }
    this.#needing.add(output);
    if (this.#block?.again === false) this.#block.outputs.add(output);
    else this.#push({ name, output, inputs, gradient, readsOutput });
    return output;
  }

  /** The same values under another shape; the gradient takes the first shape again. */
  reshape(tensor: Tensor, shape: Shape): Tensor {
    const view = tensor.reshape(shape);
    return this.record('reshape', view, [tensor], (outputGradient) => [outputGradient.reshape(tensor.shape)]);
  }

  /**
   * Computes a part of a network of which only the output is kept: what was made within is given back at once, and backward
   * computes it again before it goes through it, with the same kernels in the same order, so to the same bits. Costs the part's
   * forward pass once more; pays where a part makes far more than it takes and gives. What it computes must depend on nothing that
   * changes in between; wrap in `once` what must not happen twice. Without gradients it is `compute()`.
   * @throws ArgumentError within another such part, and when what it computes has visibly changed.
   */
  recompute(name: string, compute: () => Tensor): Tensor {
    this.#checkOpen(name);
    if (!this.recording) return compute();
    if (this.#block !== null) {
      throw new ArgumentError(
        `recompute: ${name} lies within ${this.#block.name}, which is recomputed as a whole; wrap either, not both`,
      );
    }
    const block = new RecomputedBlock(name, compute);
    const before = this.#sinceLastOperation;
    this.#sinceLastOperation = new Set();
    this.#block = block;
    const surviving = new Set<PoolBuffer>();
    let output: Tensor;
    try {
      output = block.computeFirst();
      for (const tensor of [output, ...block.saved, ...this.#kept])
        if (tensor === output || !tensor.disposed) surviving.add(tensor.storage(name));
    } finally {
      this.#block = null;
      for (const tensor of this.#sinceLastOperation) {
        if (tensor.disposed) continue;
        if (surviving.has(tensor.storage(name))) before.add(tensor);
        else this.#dispose(tensor);
      }
      this.#sinceLastOperation = before;
      for (const tensor of block.outputs) {
        this.#needing.delete(tensor);
        this.#enclosed.set(tensor, name);
      }
    }
    if (!this.#enclosed.delete(output)) {
      this.#launched.clear();
      return output;
    }
    this.#needing.add(output);
    this.#push({ name, output, inputs: [], gradient: block, readsOutput: false });
    return output;
  }

  /**
   * Does what a recomputed block must not do twice: what has an effect (running statistics) or would come out otherwise (a seed
   * from a stream), or is small but costly. When the block is computed again, the value of the first time is returned, and tensors
   * made here are still there. Needs no block around it. Throws ArgumentError when an operation within needs a gradient.
   */
  once<T>(compute: () => T): T {
    if (!this.recording || this.#withinOnce) return compute();
    this.#withinOnce = true;
    try {
      return this.#block === null ? compute() : this.#block.once(compute);
    } finally {
      this.#withinOnce = false;
    }
  }

  /**
   * Where a parameter wants its gradient: a fixed tensor, so that one optimiser kernel can walk all of them. With `accumulate` it is
   * added to what is there.
   */
  placeGradient(
    parameter: Tensor,
    slot: Tensor,
    { accumulate = false }: { readonly accumulate?: boolean } = {},
  ): void {
    this.#gradients.place(parameter, slot, accumulate);
  }

  /** The tensor into which an operation must write the gradient of an input: the parameter's slot, or a fresh tensor. */
  emptyGradient(input: Tensor): Tensor {
    return this.#gradients.takeSlot(input) ?? this.empty(input.shape);
  }

  /**
   * Keeps an intermediate tensor (and its gradient) readable after backward, until the tape ends. Within a recomputed block the
   * values only: the gradient is that of the tensor which is computed again.
   */
  keep<T extends Tensor<DType>>(tensor: T): T {
    if (this.#block?.again !== true) this.#kept.add(tensor);
    return tensor;
  }

  /**
   * Says that the caller uses an intermediate tensor no more: its memory is reused at once, unless a gradient may need it. A gradient
   * function may release its operation's output and that one's gradient before it allocates.
   */
  release(tensor: Tensor<DType>): void {
    if (!this.#owned.has(tensor) || this.#kept.has(tensor)) return;
    const memory = tensor.storage('release');
    const block = this.#block;
    const free =
      block?.again === false
        ? this.#sinceLastOperation.has(tensor) && !block.saved.has(tensor)
        : !this.#recorded.has(memory) && !this.#gradients.memory().includes(memory);
    if (free) this.#dispose(tensor);
  }

  /**
   * Computes the gradients of a recorded tensor. `outputGradient` has its shape. Memory of the forward pass is given back on the
   * way, as soon as the last gradient has used it: read what you want to see later first, or `keep` it, or `retain` all of it.
   */
  backward(output: Tensor, outputGradient: Tensor, { retain = false }: BackwardOptions = {}): void {
    this.#checkOpen('backward');
    if (!this.recording) throw new ArgumentError('backward: the tape was made with gradients: false');
    // One that failed half-way is no fresh start either.
    if (this.#state !== 'open' && !(this.#state === 'walked back' && this.#retains)) {
      throw new ArgumentError('backward: the tape has been walked back already; retain it, or start another');
    }
    if (this.#block !== null)
      throw new ArgumentError(`backward: called within ${this.#block.name}, which is recomputed`);
    if (!this.#needing.has(output)) {
      throw new ArgumentError('backward: the output does not depend on any tensor that requires a gradient');
    }
    if (!sameShape(output.shape, outputGradient.shape)) {
      reject('backward', 'outputGradient', formatShape(outputGradient.shape), formatShape(output.shape));
    }
    if (retain && this.#operations.some(({ gradient }) => gradient instanceof RecomputedBlock))
      throw new ArgumentError('backward: a tape with recomputed parts cannot be retained');
    this.#gradients.forget();
    this.#sweep('backward', this.#left);
    this.#state = 'walking';
    this.#retains = retain;
    this.#kept.add(output);
    // What was made after the last recorded operation (an accuracy, say) is no operation's: it stays until the end.
    this.#sinceLastOperation = new Set();
    this.#gradients.set(output, outputGradient);
    const operations = retain ? [...this.#operations] : this.#operations;
    for (let operation = operations.pop(); operation !== undefined; operation = operations.pop())
      this.#walk(operation);
    if (retain) [this.#left, this.#sinceLastOperation] = [this.#sinceLastOperation, new Set()];
    this.#state = 'walked back';
  }

  /** The gradient of a parameter, input or kept tensor after `backward`; null when the output does not depend on it. */
  gradient(tensor: Tensor): Tensor | null {
    if (this.#state !== 'walked back') throw new ArgumentError('gradient: call backward first');
    return this.#gradients.get(tensor);
  }

  /** Gives all memory of the tape back. Safe to call twice. */
  end(): void {
    this.#state = 'ended';
    for (const tensor of this.#owned) tensor.dispose();
    this.#owned.clear();
    this.#left.clear();
    this.#operations.length = 0;
    this.#gradients.clear();
  }

  #push(operation: Omit<Operation, 'allocated'>): void {
    this.#operations.push({ ...operation, allocated: this.#sinceLastOperation });
    this.#sinceLastOperation = new Set();
    for (const tensor of [operation.output, ...operation.inputs])
      this.#recorded.add(tensor.storage(operation.name));
    for (const memory of this.#launched) this.#recorded.add(memory);
    this.#launched.clear();
  }

  #walk(operation: Operation): void {
    const { name, output, inputs, gradient, allocated } = operation;
    const outputGradient = this.#gradients.get(output);
    if (outputGradient !== null) {
      // Every operation that read the output stood later on the tape, so its gradient has been launched already.
      if (!this.#retains) this.#freeOutput(operation);
      if (!this.#kept.has(output)) this.#gradients.delete(output);
      if (gradient instanceof RecomputedBlock) {
        this.#unfold(operation, gradient, outputGradient);
        return;
      }
      const inputGradients = gradient(outputGradient);
      if (inputGradients.length !== inputs.length) {
        throw new ArgumentError(
          `${name}: returned ${inputGradients.length} gradients for ${inputs.length} inputs`,
        );
      }
      for (const [index, input] of inputs.entries()) {
        const inputGradient = inputGradients[index] ?? null;
        if (inputGradient === null || !this.needsGradient(input)) continue;
        this.#gradients.add(name, input, inputGradient, inputGradients);
      }
    }
    const temporary = this.#sinceLastOperation;
    this.#sinceLastOperation = new Set();
    this.#sweep(name, this.#retains ? temporary : [...allocated, ...temporary]);
  }

  /** Computes a block again: its operations take its place at the end of the tape and are walked back next. */
  #unfold({ name, output, allocated }: Operation, block: RecomputedBlock, outputGradient: Tensor): void {
    const carried = this.#sinceLastOperation;
    // What the block reads and saved goes to its first operation, which is the last to be walked back.
    this.#sinceLastOperation = new Set([...allocated].filter((tensor) => !tensor.disposed));
    this.#launched.clear();
    this.#block = block;
    let again: Tensor;
    try {
      again = block.computeAgain(output);
    } finally {
      this.#block = null;
    }
    if (!this.#needing.has(again))
      throw new ArgumentError(`${name}: computed again for its gradients, it needs none`);
    for (const tensor of carried) this.#sinceLastOperation.add(tensor);
    this.#gradients.set(again, outputGradient);
  }

  /** Gives back the memory of those tensors that no gradient on its way shares and nobody keeps; the others wait. */
  #sweep(name: string, tensors: Iterable<Tensor<DType>>): void {
    const used = new Set(this.#gradients.memory());
    for (const tensor of this.#kept) if (!tensor.disposed) used.add(tensor.storage(name));
    for (const tensor of tensors) {
      if (tensor.disposed) continue;
      if (used.has(tensor.storage(name))) this.#sinceLastOperation.add(tensor);
      else this.#dispose(tensor);
    }
  }

  /** Gives the memory of an operation's output back, or leaves that to the gradient if it reads it. Not that of a view's tensor. */
  #freeOutput({ name, output, readsOutput, allocated }: Operation): void {
    const memory = output.storage(name);
    const own = [...allocated].filter((tensor) => !tensor.disposed && tensor.storage(name) === memory);
    if (!readsOutput) this.#sweep(name, own);
    else if (own.length > 0) this.#recorded.delete(memory);
  }

  #dispose(tensor: Tensor<DType>): void {
    const memory = tensor.storage('dispose');
    this.#owned.delete(tensor);
    this.#sinceLastOperation.delete(tensor);
    this.#recorded.delete(memory);
    this.#launched.delete(memory);
    tensor.dispose();
  }

  #checkOpen(operation: string): void {
    if (this.#state === 'ended') throw new DisposedError(`${operation}: the tape has ended`);
  }
}

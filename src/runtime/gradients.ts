import type { DType, Tensor } from './tensor.ts';
import type { PoolBuffer } from './pool.ts';
import { ArgumentError, reject } from './errors.ts';
import { formatShape, sameShape } from './shape.ts';

/** What sums of gradients are made with. */
export interface GradientArithmetic {
  /** a + b in a fresh tensor. */
  readonly add: (a: Tensor, b: Tensor) => Tensor;
  /** sum += term, in place. */
  readonly addTo: (sum: Tensor, term: Tensor) => void;
  readonly copy: (source: Tensor, target: Tensor) => void;
  /** Is told of a parameter when a gradient, or a part of it, has been launched into its slot. */
  readonly onPlaced: (parameter: Tensor<DType>) => void;
  /** Whether nothing but gradients can read a tensor. */
  readonly isPrivate: (gradient: Tensor) => boolean;
}

/** The gradients that a walk back has computed so far: those on their way, and those of parameters in their slots. */
export class Gradients {
  readonly #arithmetic: GradientArithmetic;
  /** Of everything but parameters that have a slot. */
  readonly #gradients = new Map<Tensor<DType>, Tensor>();
  readonly #slots = new Map<Tensor<DType>, Tensor>();
  /** Parameters whose slot holds a gradient, or a part of it. */
  readonly #filled = new Set<Tensor<DType>>();
  /** Parameters with a slot to whose gradient this walk has added. */
  readonly #reached = new Set<Tensor<DType>>();

  constructor(arithmetic: GradientArithmetic) {
    this.#arithmetic = arithmetic;
  }

  /** See `Tape.placeGradient`. */
  place(parameter: Tensor, slot: Tensor, accumulate: boolean): void {
    if (!sameShape(parameter.shape, slot.shape)) {
      reject('placeGradient', 'slot', formatShape(slot.shape), formatShape(parameter.shape));
    }
    this.#slots.set(parameter, slot);
    if (accumulate) this.#filled.add(parameter);
  }

  /** The slot of an input when nothing is in it yet; whoever asks must fill it. */
  takeSlot(input: Tensor): Tensor | null {
    const slot = this.#slots.get(input);
    if (slot === undefined || this.#filled.has(input)) return null;
    this.#filled.add(input);
    return slot;
  }

  get(tensor: Tensor<DType>): Tensor | null {
    const slot = this.#reached.has(tensor) ? this.#slots.get(tensor) : undefined;
    return slot ?? this.#gradients.get(tensor) ?? null;
  }

  set(tensor: Tensor<DType>, gradient: Tensor): void {
    this.#gradients.set(tensor, gradient);
  }

  delete(tensor: Tensor<DType>): void {
    this.#gradients.delete(tensor);
  }

  /** The buffers of the gradients outside slots. */
  memory(): PoolBuffer[] {
    return [...this.#gradients.values()].map((gradient) => gradient.storage('backward'));
  }

  /** Adds one of the gradients that operation `name` `returned` to what its input has already. */
  add(name: string, input: Tensor<DType>, gradient: Tensor, returned: readonly (Tensor | null)[]): void {
    if (!sameShape(input.shape, gradient.shape)) {
      throw new ArgumentError(
        `${name}: gradient ${formatShape(gradient.shape)} for an input ${formatShape(input.shape)}`,
      );
    }
    const { add, addTo, copy, onPlaced } = this.#arithmetic;
    const slot = this.#slots.get(input);
    if (slot !== undefined) {
      if (gradient !== slot && this.#filled.has(input)) addTo(slot, gradient);
      else if (gradient !== slot) copy(gradient, slot);
      this.#filled.add(input);
      this.#reached.add(input);
      onPlaced(input);
      return;
    }
    const sum = this.#gradients.get(input);
    if (sum === undefined) this.#gradients.set(input, gradient);
    else if (this.#isShared(sum, returned)) this.#gradients.set(input, add(sum, gradient));
    else addTo(sum, gradient);
  }

  /** Starts another walk: what the one before has placed in slots stays there, to be added to. */
  forget(): void {
    this.#gradients.clear();
    this.#reached.clear();
  }

  clear(): void {
    this.#gradients.clear();
    this.#slots.clear();
  }

  /** Whether somebody else wants a gradient as it is: another input, or whoever made it. */
  #isShared(gradient: Tensor, returned: readonly (Tensor | null)[]): boolean {
    const memory = gradient.storage('backward');
    return (
      !this.#arithmetic.isPrivate(gradient) ||
      this.memory().filter((other) => other === memory).length > 1 ||
      returned.some((other) => other?.storage('backward') === memory)
    );
  }
}

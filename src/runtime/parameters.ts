import type { Engine } from './engine.ts';
import type { Shape } from './shape.ts';
import type { Tape } from './tape.ts';
import { ArgumentError } from './errors.ts';
import { elementCount } from './shape.ts';
import { Tensor } from './tensor.ts';

/** Parameters begin at multiples of this many elements: 256 bytes, WebGPU's alignment of binding offsets. */
export const PARAMETER_BLOCK = 64;

/** A parameter to make room for. */
export interface ParameterSpecification {
  readonly name: string;
  readonly shape: Shape;
  /** False freezes it: no gradient is computed. Default: true. */
  readonly trainable?: boolean;
}

/** Where one parameter lies within the flat tensors of its store. */
export interface ParameterEntry {
  readonly name: string;
  /** The parameter: a view into `values`. */
  readonly value: Tensor;
  /** Its gradient: a view into `gradients` at the same place. */
  readonly gradient: Tensor;
  /** First element within the flat tensors; a multiple of PARAMETER_BLOCK. */
  readonly offset: number;
}

/**
 * All parameters of a model in one flat tensor, their gradients in another with the same layout, so that an optimiser updates
 * thousands of tensors in one launch. Padding between parameters is zero.
 */
export class ParameterStore {
  /** All values, [elements], padding included. */
  readonly values: Tensor;
  /** All gradients, [elements]; what `backward` leaves there is only defined for parameters it reached. */
  readonly gradients: Tensor;
  readonly entries: readonly ParameterEntry[];
  readonly #byName: ReadonlyMap<string, ParameterEntry>;

  constructor(engine: Engine, specifications: readonly ParameterSpecification[]) {
    if (specifications.length === 0) throw new ArgumentError('ParameterStore: specifications is empty');
    let elements = 0;
    const offsets = specifications.map(({ shape }) => {
      const offset = elements;
      elements += Math.ceil(elementCount(shape) / PARAMETER_BLOCK) * PARAMETER_BLOCK;
      return offset;
    });
    this.values = engine.zeros([elements]);
    this.gradients = engine.zeros([elements]);
    const view = (owner: Tensor, index: number, requiresGradient: boolean): Tensor =>
      new Tensor('f32', specifications[index]?.shape ?? [], owner.storage('ParameterStore'), {
        byteOffset: (offsets[index] ?? 0) * 4,
        requiresGradient,
        owner,
      });
    this.entries = specifications.map(({ name, trainable }, index) => ({
      name,
      value: view(this.values, index, trainable ?? true),
      gradient: view(this.gradients, index, false),
      offset: offsets[index] ?? 0,
    }));
    this.#byName = new Map(this.entries.map((entry) => [entry.name, entry]));
    if (this.#byName.size !== this.entries.length)
      throw new ArgumentError('ParameterStore: a name occurs twice');
  }

  /** The parameter of that name. Throws when there is none. */
  get(name: string): Tensor {
    const entry = this.#byName.get(name);
    if (entry === undefined) throw new ArgumentError(`ParameterStore: no parameter is called ${name}`);
    return entry.value;
  }

  /**
   * Makes a tape write gradients straight into `gradients`. With `accumulate` it adds to what an earlier tape left there, which must
   * have reached the same parameters: so the gradients of parts of a batch become the batch's, in the order of the tapes.
   */
  placeGradients(tape: Tape, options: { readonly accumulate?: boolean } = {}): void {
    for (const { value, gradient } of this.entries)
      if (value.requiresGradient) tape.placeGradient(value, gradient, options);
  }

  dispose(): void {
    for (const { value, gradient } of this.entries) {
      value.dispose();
      gradient.dispose();
    }
    this.values.dispose();
    this.gradients.dispose();
  }
}

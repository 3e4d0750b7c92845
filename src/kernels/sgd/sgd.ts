import type { Engine } from '../../runtime/engine.ts';
import type { ParameterEntry, ParameterStore } from '../../runtime/parameters.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ArgumentError, reject } from '../../runtime/errors.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { holdBlocks } from '../non_finite/non_finite.ts';
import { PARAMETER_BLOCK } from '../../runtime/parameters.ts';
import { sgd as sgdKernel } from './sgd.wgsl.ts';
import { windows } from './windows.ts';

/** Parameters that share a learning rate and a weight decay, by their names in the store. */
export interface SgdGroup {
  readonly parameters: readonly string[];
  readonly learningRate: number;
  /** Factor of the parameter's value that is added to its gradient. Default: 0. */
  readonly weightDecay?: number;
}

/** Options of `createSgd`. */
export interface SgdOptions {
  readonly groups: readonly SgdGroup[];
  /** Default: 0. */
  readonly momentum?: number;
  /** Look-ahead form of the momentum. Default: false. */
  readonly nesterov?: boolean;
  /** Longest range one launch binds, in bytes. Default: what the device allows; less splits a step into more launches. */
  readonly bindingLimit?: number;
}

/** Elements whose blocks fill 256 bytes of the block table: where a window of the flat tensors may begin. */
const WINDOW_GRANULE = PARAMETER_BLOCK * 64;

const SKIP = 0xffff_ffff;

function checkRate(argument: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0)) reject('sgd', argument, String(value), 'a finite number >= 0');
}

/** Group of every parameter of the store that is in one. Throws on unknown names and names in two groups. */
function groupByName(store: ParameterStore, groups: readonly SgdGroup[]): Map<string, number> {
  const known = new Set(store.entries.map(({ name }) => name));
  const groupOf = new Map<string, number>();
  for (const [group, { parameters, learningRate, weightDecay }] of groups.entries()) {
    checkRate(`learningRate of group ${group}`, learningRate);
    checkRate(`weightDecay of group ${group}`, weightDecay ?? 0);
    for (const name of parameters) {
      if (!known.has(name))
        throw new ArgumentError(`sgd: group ${group} names ${name}, which is not in the store`);
      if (groupOf.has(name)) throw new ArgumentError(`sgd: parameter ${name} is in two groups`);
      groupOf.set(name, group);
    }
  }
  return groupOf;
}

/** Whether backward reached a parameter; throws when it left the gradient elsewhere than in the store. */
function gradientArrived(tape: Tape, { name, value, gradient }: ParameterEntry): boolean {
  const arrived = tape.gradient(value);
  if (arrived !== null && arrived !== gradient) {
    throw new ArgumentError(
      `sgd: the gradient of ${name} is not in the store; call store.placeGradients(tape) before backward`,
    );
  }
  return arrived !== null;
}

/**
 * Stochastic gradient descent as torch.optim.SGD with dampening 0: one launch updates every parameter of a store.
 * Make one with `createSgd`.
 */
export class Sgd {
  /** Velocities (PyTorch's momentum_buffer) of the whole store, in its layout; zero until a parameter's first step. */
  readonly velocities: Tensor;
  readonly #engine: Engine;
  readonly #store: ParameterStore;
  readonly #momentum: number;
  readonly #nesterov: boolean;
  readonly #bindingLimit: number;
  readonly #groupOf: ReadonlyMap<string, number>;
  readonly #learningRates: number[];
  readonly #weightDecays: readonly number[];
  readonly #rateTensor: Tensor;
  readonly #blockGroups: Tensor<'u32'>;
  /** The same, or SKIP everywhere, of a step that may be held; made when there is one. */
  #heldGroups: Tensor<'u32'> | null = null;
  /** Which parameters the block table has switched on; null before the first step. */
  #active: readonly boolean[] | null = null;

  constructor(engine: Engine, store: ParameterStore, options: SgdOptions) {
    const { groups, momentum = 0, nesterov = false } = options;
    if (groups.length === 0) throw new ArgumentError('sgd: groups is empty');
    checkRate('momentum', momentum);
    if (nesterov && momentum === 0) throw new ArgumentError('sgd: nesterov needs a momentum above 0');
    this.#groupOf = groupByName(store, groups);
    this.#engine = engine;
    this.#store = store;
    this.#momentum = momentum;
    this.#nesterov = nesterov;
    this.#bindingLimit = options.bindingLimit ?? engine.device.limits.maxStorageBufferBindingSize;
    this.#learningRates = groups.map(({ learningRate }) => learningRate);
    this.#weightDecays = groups.map(({ weightDecay }) => weightDecay ?? 0);
    this.#rateTensor = engine.empty([groups.length, 2]);
    this.#writeRates(this.#learningRates);
    this.#blockGroups = engine.empty([store.values.size / PARAMETER_BLOCK], 'u32');
    this.velocities = engine.zeros(store.values.shape);
  }

  /**
   * One update of the store's values from its gradients. A parameter without a gradient is left alone (no decay, no momentum),
   * as PyTorch leaves one whose `.grad` is None. With a tape, those are what its backward did not reach; with a set of names,
   * what is not in it; otherwise every parameter is taken to have one. Parameters in no group are never updated.
   * @param verdict of `judge`, [1]: where it is not 0 when the step runs, values and velocities stay as they are
   */
  step(reached?: Tape | ReadonlySet<string>, verdict?: Tensor<'u32'>): void {
    this.#activate((entry) => {
      if (!this.#groupOf.has(entry.name)) return false;
      if (reached === undefined) return true;
      return 'gradient' in reached ? gradientArrived(reached, entry) : reached.has(entry.name);
    });
    const { values, gradients } = this.#store;
    const { LANES_PER_BLOCK, WORKGROUP } = sgdKernel.constants;
    const blockGroups = verdict === undefined ? this.#blockGroups : this.#held(verdict);
    for (const { first, size } of windows(values.size, this.#bindingLimit, WINDOW_GRANULE)) {
      const blocks = size / PARAMETER_BLOCK;
      this.#engine.run(sgdKernel, {
        buffers: {
          gradients: gradients.slice(first, [size]),
          blockGroups: blockGroups.slice(first / PARAMETER_BLOCK, [blocks]),
          rates: this.#rateTensor,
          values: values.slice(first, [size]),
          velocities: this.velocities.slice(first, [size]),
        },
        params: { blocks, momentum: this.#momentum },
        constants: { NESTEROV: this.#nesterov ? 1 : 0 },
        workgroups: ceilDivide(blocks * LANES_PER_BLOCK.value, WORKGROUP.value),
        work: { bytes: 20 * size, flops: (this.#nesterov ? 8 : 6) * size },
      });
    }
  }

  /** Learning rate of every group, in the order of the options. */
  get learningRates(): readonly number[] {
    return [...this.#learningRates];
  }

  /** Sets the learning rate of one group, from the next step on. */
  setLearningRate(group: number, learningRate: number): void {
    if (this.#learningRates[group] === undefined)
      reject('sgd', 'group', String(group), `one of 0 to ${this.#learningRates.length - 1}`);
    checkRate(`learningRate of group ${group}`, learningRate);
    this.#writeRates(this.#learningRates.with(group, learningRate));
    this.#learningRates[group] = learningRate;
  }

  /** The velocity of one parameter: a view into `velocities`, to read into a checkpoint or to write from one. */
  velocity(name: string): Tensor {
    const value = this.#store.get(name);
    return this.velocities.slice(value.byteOffset / 4, value.shape);
  }

  /** Gives its own memory back; the store stays. */
  dispose(): void {
    this.velocities.dispose();
    this.#rateTensor.dispose();
    this.#blockGroups.dispose();
    this.#heldGroups?.dispose();
  }

  #held(verdict: Tensor<'u32'>): Tensor<'u32'> {
    this.#heldGroups ??= this.#engine.empty(this.#blockGroups.shape, 'u32');
    holdBlocks(this.#engine, verdict, this.#blockGroups, this.#heldGroups);
    return this.#heldGroups;
  }

  #writeRates(learningRates: readonly number[]): void {
    const rates = learningRates.flatMap((rate, group) => [rate, this.#weightDecays[group] ?? 0]);
    this.#engine.write(this.#rateTensor, Float32Array.from(rates));
  }

  /** Rewrites the block table when other parameters than in the step before are to be updated. */
  #activate(isActive: (entry: ParameterEntry) => boolean): void {
    const { entries, values } = this.#store;
    const active = entries.map(isActive);
    const before = this.#active;
    if (before !== null && active.every((on, index) => on === before[index])) return;
    const table = new Uint32Array(values.size / PARAMETER_BLOCK).fill(SKIP);
    for (const [index, { name, offset, value }] of entries.entries()) {
      if (active[index] !== true) continue;
      const block = offset / PARAMETER_BLOCK;
      table.fill(this.#groupOf.get(name) ?? SKIP, block, block + ceilDivide(value.size, PARAMETER_BLOCK));
    }
    this.#engine.write(this.#blockGroups, table);
    // Not before: the write may be refused.
    this.#active = active;
  }
}

/**
 * An optimiser over a store's parameters (torch.optim.SGD, dampening 0). Throws ArgumentError for names that are unknown or
 * in two groups, for negative rates, and for nesterov without momentum.
 */
export function createSgd(engine: Engine, store: ParameterStore, options: SgdOptions): Sgd {
  return new Sgd(engine, store, options);
}

import { ArgumentError } from './errors.ts';

/**
 * Counter-based random numbers: every draw is a pure function of its coordinates (seed, epoch, sample, ...), so the
 * order in which samples are loaded or drawn cannot change any result. 32-bit integer arithmetic only: the same on
 * every platform.
 */

/** The finaliser of MurmurHash3 (Appleby): a bijection of uint32 in which every input bit flips each output bit about half the time. */
export function mix32(value: number): number {
  let x = value | 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return x >>> 0;
}

/** Hashes any number of integers to a uint32; the position of each matters. Integers are taken modulo 2^32. */
export function hashIntegers(...values: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const value of values)
    state = mix32((Math.imul(state, 5) + 0xe6546b64 + mix32(value ^ 0x5bd1e995)) | 0);
  return state;
}

/** A uint32 as a number in [0, 1), exact. */
export function toUnitInterval(value: number): number {
  return (value >>> 0) / 4294967296;
}

/** A stream of numbers that depends on its key only: `new RandomStream(seed, epoch, index)`. */
export class RandomStream {
  readonly #key: number;
  #counter = 0;

  constructor(...key: readonly number[]) {
    this.#key = hashIntegers(...key);
  }

  /** The next uint32. Two rounds of mixing with the key between, so that streams of near keys share nothing. */
  nextUint32(): number {
    const counter = Math.imul(++this.#counter, 0x9e3779b9);
    return mix32(mix32(counter + this.#key) ^ this.#key);
  }

  /** Uniform in [low, high), 32 bits of resolution. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * toUnitInterval(this.nextUint32());
  }

  /** Uniform over the integers 0 .. count-1. Throws an ArgumentError unless 1 <= count <= 2^32. */
  integer(count: number): number {
    if (!Number.isInteger(count) || count < 1 || count > 4294967296) {
      throw new ArgumentError(
        `RandomStream.integer: count must be an integer in [1, 2^32], got ${String(count)}`,
      );
    }
    return Math.floor(toUnitInterval(this.nextUint32()) * count);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** One of the values. Throws an ArgumentError on an empty list. */
  pick<T>(values: readonly T[]): T {
    const value = values[this.integer(values.length)];
    if (value === undefined) throw new ArgumentError('RandomStream.pick: the list holds undefined');
    return value;
  }

  /**
   * Approximately normal with mean 0 and standard deviation 1: the centred sum of four uniforms, scaled (range +-3.46).
   * No logarithm or cosine, whose last bits differ between engines.
   */
  normal(): number {
    const sum = this.uniform() + this.uniform() + this.uniform() + this.uniform();
    return (sum - 2) * Math.sqrt(3);
  }

  /** The integers 0 .. length-1 in random order (Fisher-Yates). */
  permutation(length: number): Uint32Array {
    const order = Uint32Array.from({ length }, (_, index) => index);
    for (let last = length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const value = order[last] ?? 0;
      order[last] = order[other] ?? 0;
      order[other] = value;
    }
    return order;
  }
}

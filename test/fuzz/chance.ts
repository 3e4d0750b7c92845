/** Reproducible chance: what an input is depends on seed, target and its number alone, so that any of them can be made again. */
import { hashIntegers, RandomStream } from '../../src/runtime/random.ts';

/** A whole number from 0 to below the limit. */
export type Random = (limit: number) => number;

/** The chance of one input. */
export function chanceOf(seed: number, target: string, index: number): Random {
  const name = hashIntegers(...new TextEncoder().encode(target));
  const stream = new RandomStream(seed, name, index);
  return (limit) => stream.integer(Math.max(limit, 1));
}

/** One of a list that is not empty. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const index = random(items.length);
  if (index >= items.length) throw new RangeError('nothing to pick from');
  return items[index] as Item;
}

/** Values at which sizes overflow, change sign or stop being exact. */
export const EDGES: readonly bigint[] = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

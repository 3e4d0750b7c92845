import type { Random } from './chance.ts';

/** One input, made and ready to be given to the parser. */
export interface Attempt {
  /** Bytes of the input: what memory is measured by. */
  readonly size: number;
  /** Everything that a caller may do with it. What is thrown must be one of our own errors; anything else is a finding. */
  readonly run: () => void | Promise<void>;
}

/** A parser, and how to make what it should not like. */
export interface Target {
  readonly name: string;
  /** What every message about an input names it by. */
  readonly named: RegExp;
  /** Bytes that an input may make the parser allocate, all together: so many for each of its own, and a slack for tiny ones. */
  readonly allocation: { readonly multiple: number; readonly slack: number };
  /** Inputs without CALM_FUZZ: a second or so. */
  readonly inputs: number;
  readonly attempt: (random: Random) => Attempt;
}

/** What a target's inputs came to. */
export interface Report {
  readonly inputs: number;
  readonly read: number;
  readonly refused: number;
  readonly seconds: number;
  readonly slowest: { readonly index: number; readonly milliseconds: number };
  /** Of all inputs, the largest part of what its size allows. */
  readonly largest: { readonly index: number; readonly share: number };
}

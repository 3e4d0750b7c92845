/** What long runs of the fuzzers came to, kept in one file of JSON: a row for each parser, and for each seed and adapter of the kernels. */
import type { Report, Target } from './target.ts';
import { existsSync, readFileSync } from 'node:fs';
import { versions } from '../../tools/version.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

/** A parser's inputs [0, inputs) of one seed, in however many runs. */
export interface ParserRow {
  readonly name: string;
  readonly seed: number;
  readonly date: string;
  readonly inputs: number;
  readonly read: number;
  readonly refused: number;
  readonly seconds: number;
  readonly slowest: Report['slowest'];
  readonly largest: Report['largest'];
  /** What `largest` is a share of, by bytes of the input. */
  readonly allowed: Target['allocation'];
  /** What was wrong; the inputs behind it were not tried. */
  readonly finding: string | null;
}

/** The random cases of all operations, of one seed on one adapter. */
export interface KernelRow {
  readonly adapter: string;
  readonly seed: number;
  readonly date: string;
  readonly operations: number;
  readonly cases: number;
  readonly seconds: number;
  readonly failed: readonly string[];
}

export interface FuzzResults {
  readonly parsers: readonly ParserRow[];
  readonly kernels: readonly KernelRow[];
}

export const readFuzzResults = (file: string): FuzzResults =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as FuzzResults) : { parsers: [], kernels: [] };

const write = (file: string, { parsers, kernels }: FuzzResults): Promise<void> => {
  const results = { benchmark: 'fuzz', date: new Date().toISOString(), versions, parsers, kernels };
  return writeFileAtomically(file, `${JSON.stringify(results, null, 2)}\n`);
};

/** Puts a row in the place of the parser's row of before. */
export function keepParserRow(file: string, row: ParserRow): Promise<void> {
  const { parsers, kernels } = readFuzzResults(file);
  const others = parsers.filter(({ name, seed }) => name !== row.name || seed !== row.seed);
  return write(file, { parsers: [...others, row], kernels });
}

/** Puts a row in the place of the row of the same adapter and seed. */
export function keepKernelRow(file: string, row: KernelRow): Promise<void> {
  const { parsers, kernels } = readFuzzResults(file);
  const others = kernels.filter(({ adapter, seed }) => adapter !== row.adapter || seed !== row.seed);
  return write(file, { parsers, kernels: [...others, row] });
}

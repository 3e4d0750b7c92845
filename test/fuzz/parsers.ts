// Many inputs for every parser, in pieces: what FILE tells of already is not tried again. Ends with 1 where there was a finding.
//   node test/fuzz/parsers.ts [PART OF A PARSER'S NAME...] [--inputs 100000] [--seed 1] [--seconds 200] [--threads COUNT] [--json FILE]
import type { ParserRow } from './results.ts';
import type { Target } from './target.ts';
import { Fuzzer } from './fuzzer.ts';
import { keepParserRow, readFuzzResults } from './results.ts';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { printTable } from '../../bench/table.ts';
import { TARGETS } from './targets.ts';

/** So many are asked for at a time: a second or several. */
const PIECE = 2000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: 'Infinity' },
    threads: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'string' },
  },
});
const { json } = values;
const [inputs, seed, seconds] = [values.inputs, values.seed, values.seconds].map(Number) as [
  number,
  number,
  number,
];
const end = performance.now() + 1000 * seconds;

/** The row with the next inputs added. */
async function further(fuzzer: Fuzzer, target: Target, row: ParserRow | undefined): Promise<ParserRow> {
  const first = row?.inputs ?? 0;
  const { name, allocation: allowed } = target;
  const nothing = { index: 0, milliseconds: 0, share: 0 };
  const before = row ?? {
    ...{ name, seed, inputs: 0, read: 0, refused: 0, seconds: 0, slowest: nothing, largest: nothing },
  };
  const now = { allowed, date: new Date().toISOString(), finding: null };
  try {
    const report = await fuzzer.fuzz({ target: name, seed, first, count: Math.min(PIECE, inputs - first) });
    return {
      ...before,
      ...now,
      inputs: before.inputs + report.inputs,
      read: before.read + report.read,
      refused: before.refused + report.refused,
      seconds: before.seconds + report.seconds,
      slowest: report.slowest.milliseconds > before.slowest.milliseconds ? report.slowest : before.slowest,
      largest: report.largest.share > before.largest.share ? report.largest : before.largest,
    };
  } catch (error) {
    return { ...before, ...now, finding: String(error) };
  }
}

const rows = new Map<string, ParserRow>();
for (const row of json === undefined ? [] : readFuzzResults(json).parsers)
  if (row.seed === seed) rows.set(row.name, row);
// Those that take the least time first.
const wanted = TARGETS.filter(({ name }) => positionals.every((word) => name.includes(word))).toSorted(
  (first, second) => second.inputs - first.inputs,
);

/** The file is read and written again for each row: one after the other. */
let kept = Promise.resolve();
const keep = (row: ParserRow): Promise<void> =>
  (kept = kept.then(() => (json === undefined ? undefined : keepParserRow(json, row))));

const waiting = [...wanted];
async function fuzzSome(): Promise<void> {
  const fuzzer = new Fuzzer();
  try {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      let row = rows.get(target.name);
      while ((row?.inputs ?? 0) < inputs && performance.now() < end) {
        row = await further(fuzzer, target, row);
        rows.set(target.name, row);
        await keep(row);
        if (row.finding !== null) break;
      }
    }
  } finally {
    await fuzzer.end();
  }
}
await Promise.all(Array.from({ length: Number(values.threads) }, fuzzSome));

const found = wanted.flatMap(({ name }) => rows.get(name) ?? []);
printTable(
  [`seed ${seed}`, 'inputs', 'read', 'refused', 's', 'slowest ms', '% of allowed memory'],
  found.map((row) => [
    row.name,
    ...[row.inputs, row.read, row.refused].map(String),
    ...[row.seconds, row.slowest.milliseconds, 100 * row.largest.share].map((value) => value.toFixed(0)),
  ]),
);
for (const { finding } of found) if (finding !== null) console.error(finding);
process.exitCode = found.some(({ finding }) => finding !== null) ? 1 : 0;

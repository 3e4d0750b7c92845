// Ends processes in every way while their GPU computes, is idle or is gone, many times over. Each must end by itself, soon, and with its
// code: no hang, no abort, no segmentation fault. test/faults/teardown.test.ts does each way once.
//   node tools/soak/teardown.ts [--runs 200] [--json FILE]     runs that FILE tells of already count, so that it can be done in pieces
import { existsSync, readFileSync } from 'node:fs';
import { ENDINGS, endProcess } from './endings.ts';
import { parseArgs } from 'node:util';
import { printTable } from '../../bench/table.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

interface Tally {
  readonly name: string;
  runs: number;
  /** What processes that ended otherwise ended with. */
  readonly wrong: string[];
  slowest: number;
  seconds: number;
}

interface Results {
  readonly tallies: readonly Tally[];
}

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200' }, json: { type: 'string' } },
});
const { json } = values;
const before: readonly Tally[] =
  json !== undefined && existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Results).tallies : [];
const tallies = ENDINGS.map(
  ({ name }): Tally =>
    before.find((tally) => tally.name === name) ?? { name, runs: 0, wrong: [], slowest: 0, seconds: 0 },
);
const done = (): number => tallies.reduce((sum, { runs }) => sum + runs, 0);

let adapter = '';
while (done() < Number(values.runs)) {
  const [index] = tallies
    .keys()
    .toArray()
    .toSorted((a, b) => (tallies[a]?.runs ?? 0) - (tallies[b]?.runs ?? 0));
  const [tally, wanted] = [tallies[index ?? 0], ENDINGS[index ?? 0]];
  if (tally === undefined || wanted === undefined) break;
  const { code, signal, seconds, output } = await endProcess(tally.name);
  tally.runs++;
  tally.seconds += seconds;
  tally.slowest = Math.max(tally.slowest, seconds);
  if (code !== wanted.code || signal !== wanted.signal) tally.wrong.push(`${code ?? signal}: ${output}`);
  // The first line that is none of Dawn's warnings.
  adapter = output.split('\n').find((line) => !line.startsWith('Warning:')) ?? '';
  const results = { benchmark: 'teardown', date: new Date().toISOString(), node: process.version, adapter };
  if (json !== undefined)
    await writeFileAtomically(json, `${JSON.stringify({ ...results, runs: done(), tallies }, null, 2)}\n`);
}

console.log(`${done()} processes on ${adapter}`);
printTable(
  ['', 'runs', 'wrong', 'mean s', 'slowest s'],
  tallies.map(({ name, runs, wrong, slowest, seconds }) => [
    name,
    String(runs),
    String(wrong.length),
    (seconds / Math.max(runs, 1)).toFixed(2),
    slowest.toFixed(2),
  ]),
);
for (const { name, wrong } of tallies) for (const what of wrong) console.log(`${name}: ended with ${what}`);
process.exitCode = tallies.some(({ wrong }) => wrong.length > 0) ? 1 : 0;

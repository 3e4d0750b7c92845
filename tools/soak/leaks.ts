// Long training and many explanations, with what memory they leave behind: 2,000 steps replayed, 2,000 recorded anew, 2,000 calls
// of `attribute` with five kinds of maps. All is to stay flat; test/faults/leaks.test.ts holds a tenth of it to that.
//   node tools/soak/leaks.ts [--quick] [--json FILE]
import type { MemorySample } from './memory_growth.ts';
import { explainLong, trainLong } from './memory_growth.ts';
import { openBench } from '../../bench/harness.ts';
import { printTable } from '../../bench/table.ts';
import { spawnSync } from 'node:child_process';

// V8 makes its young generation larger in two steps when much is allocated, by some 90 MiB in all: that would hide the rest. Here it has
// one size from the start, which only the command line can say.
const YOUNG = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
if (!YOUNG.every((flag) => process.execArgv.includes(flag))) {
  const again = [...process.execArgv, ...YOUNG, ...process.argv.slice(1)];
  process.exit(spawnSync(process.execPath, again, { stdio: 'inherit' }).status ?? 1);
}

const bench = await openBench('leaks');
const { engine, quick, figure } = bench;
const count = quick ? 200 : 2000;
const every = count / 10;

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(2);

async function report(name: string, run: () => Promise<MemorySample[]>): Promise<void> {
  const begin = performance.now();
  const samples = await run();
  const seconds = (performance.now() - begin) / 1000;
  console.log(`\n${name}: ${count} in ${seconds.toFixed(0)} s`);
  printTable(
    ['after', 'tensors MiB', 'at rest MiB', 'bind groups', 'heap MiB', 'resident MiB'],
    samples.map(({ count: after, used, free, bindGroups, heap, resident }) => [
      String(after),
      ...[used, free].map(mebibytes),
      String(bindGroups),
      ...[heap, resident].map(mebibytes),
    ]),
  );
  // From the second sample on: caches and compiled code are filled by then.
  const [first, last] = [samples[1], samples.at(-1)];
  if (first === undefined || last === undefined) return;
  const growth = (key: keyof MemorySample): number => last[key] - first[key];
  figure(name, 'repetitions', count, '');
  figure(name, 'growth of GPU memory', growth('used') + growth('free'), 'B');
  figure(name, 'growth of bind groups', growth('bindGroups'), '');
  figure(name, 'growth of the heap', growth('heap') / 1024, 'KiB');
  figure(name, 'growth of the resident set', growth('resident') / 1024, 'KiB');
  figure(name, 'resident set at the end', last.resident / 2 ** 20, 'MiB');
}

await report('steps replayed', () => trainLong(engine, { steps: count, every, capture: true }));
await report('steps recorded anew', () => trainLong(engine, { steps: count, every, capture: false }));
await report('explanations', () => explainLong(engine, { count, every }));
await bench.finish();

// What the adapter can do at most, one thing at a time: the bounds that other benchmarks quote.
//   node bench/probes.ts [--quick] [--json FILE]
// Loads, stores and copies of a tensor that fits no cache, exponentials and multiply-adds in registers. On a software adapter a
// load is instructions, not only bytes: loads, exponentials and stores add up there, as the combined probes show.
import { adapterProbes } from './probe_candidates.ts';
import { openBench } from './harness.ts';
import { printTable } from './table.ts';

const bench = await openBench('probes');
const { probes, dispose } = adapterProbes(
  bench.engine,
  bench.engine.capabilities.software ? 2 ** 22 : 2 ** 26,
);
const list = Object.values(probes);
const rows = await bench.measure('ceilings', list);
dispose();
console.log('\nper second');
printTable(
  ['', '10^9 operations'],
  rows.map(({ milliseconds }, index) => {
    const { name, amount } = list[index] ?? { name: '', amount: Number.NaN };
    return [name, (amount / milliseconds / 1e6).toFixed(2)];
  }),
);
await bench.finish();

/**
 * Convolution in its three directions, at every distinct shape of ResNet-50 at 224 x 224 (and of its CALM head), and at those of a small
 * ResNet on small images. Every time holds all launches of a direction: transposing weights, adding parts. 3x3 layers are timed twice, by
 * the algorithm that is chosen for them and by the direct sum, whose flops GFLOP/s count in both.
 */
import { convolutionCases } from './conv2d_candidates.ts';
import { openBench } from './harness.ts';
import { printTable } from './table.ts';

const bench = await openBench('conv2d');
const { engine, quick } = bench;
const { software } = engine.capabilities;
const totals = new Map<string, { flops: number; milliseconds: number }>();

for (const { name, network, count, prepare } of convolutionCases({ quick, software })) {
  if (!bench.wanted(name)) continue;
  const { groups, dispose } = prepare(engine);
  for (const { title, candidates } of groups) {
    const rows = await bench.measure(title, candidates);
    for (const row of rows.filter((measured) => !measured.name.endsWith('direct sum'))) {
      const key = `${network}, ${row.name}`;
      const total = totals.get(key) ?? { flops: 0, milliseconds: 0 };
      total.milliseconds += count * row.milliseconds;
      total.flops += count * row.gigaflopsPerSecond * row.milliseconds * 1e6;
      totals.set(key, total);
    }
  }
  dispose();
}

console.log('\nThe layers measured, as often as the network has them');
printTable(
  ['', 'ms', 'GFLOP/s'],
  [...totals].map(([key, { flops, milliseconds }]) => [
    key,
    milliseconds.toFixed(1),
    (flops / milliseconds / 1e6).toFixed(1),
  ]),
);
await bench.finish();

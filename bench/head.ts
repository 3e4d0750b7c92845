// The fused joint head against a copy kernel and against the chain of single ops: forward, backward and both.
//   node bench/head.ts [PART OF A CASE'S NAME...] [--quick] [--json FILE]
// GB/s counts the bytes that must move: forward reads the class logits once (4 bytes an element), backward reads them and
// writes their gradient (8). The bound is the copy kernel's bandwidth, measured in the same minute at 8 bytes an element. Each way
// takes one exponential an element: '% of probes' is the time of the same loads, exponentials and stores, each probed alone.
import { headCases } from './head_candidates.ts';
import { openBench } from './harness.ts';

const bench = await openBench('head');
for (const { name, prepare } of headCases(bench)) {
  if (!bench.wanted(name)) continue;
  const { groups, dispose } = prepare(bench.engine);
  try {
    for (const { title, candidates, ...options } of groups) await bench.measure(title, candidates, options);
  } finally {
    dispose();
    await bench.engine.trim();
  }
}
await bench.finish();

/**
 * Weak scaling of data-parallel training on the cores of one machine: one rank, and two with as many images each, every rank pinned to a core that its software
 * adapter has to itself; with and without exchange (two processes side by side share the memory's bandwidth: the machine's own bound), and with sums that are
 * held up as by a slower network. `node bench/distributed.ts [--only PART] [--rounds N] [--json FILE]`: rounds are added to those that FILE has.
 * Needs MPICH's mpiexec.mpich or Open MPI's mpirun.openmpi, and taskset.
 */
import type { Sample, Setting } from './distributed_results.ts';
import { addSamples, printResults } from './distributed_results.ts';
import { join } from 'node:path';
import { LAUNCHERS, runPinned } from './distributed_launchers.ts';
import { parseArgs } from 'node:util';

interface Report {
  readonly millisecondsPerStep: number;
  readonly sumMillisecondsPerStep: number;
  readonly processorMillisecondsPerStep: number;
  readonly bytesPerStep: number;
  readonly adapter: unknown;
}

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});

/** Networks with the images of a rank's step, by how many of the launchers, and by how many milliseconds sums are held up in one more setting. */
const NETWORKS = [
  { architecture: 'resnet18', side: 64, images: 8, steps: 6, launchers: 2, delays: [100] },
  { architecture: 'resnet50', side: 224, images: 1, steps: 5, launchers: 1, delays: [] },
  { architecture: 'resnet50', side: 224, images: 2, steps: 4, launchers: 1, delays: [] },
  { architecture: 'resnet50', side: 224, images: 4, steps: 3, launchers: 1, delays: [] },
];

function settings(): Setting[] {
  return NETWORKS.flatMap(({ launchers, delays, ...network }) => {
    const one = { ...network, ranks: 1, launcher: null, exchange: false, delay: 0 };
    const names = LAUNCHERS.slice(0, launchers).map(({ name }) => name);
    const [first] = names;
    if (first === undefined) return [one];
    const two = { ...one, ranks: 2, launcher: first };
    return [
      one,
      two,
      ...names.map((launcher) => ({ ...two, launcher, exchange: true })),
      ...delays.map((delay) => ({ ...two, exchange: true, delay })),
    ];
  });
}

const script = join(import.meta.dirname, 'distributed_rank.ts');
const wanted = settings().filter((setting) => JSON.stringify(setting).includes(options.only));
const samples: Sample[] = [];
let adapter: unknown = null;
// Alternating, so that a slow minute of the machine meets all of them.
for (let round = 0; round < Number(options.rounds); round++) {
  for (const setting of wanted) {
    const { architecture, side, images, steps, launcher, exchange, delay } = setting;
    const values = [architecture, side, images, steps, exchange ? 'exchange' : 'apart', delay];
    const reports = runPinned<Report>(launcher, script, values);
    adapter = reports[0]?.adapter ?? adapter;
    const slowest = (of: (report: Report) => number): number => Math.max(...reports.map(of));
    samples.push({
      setting,
      step: slowest((report) => report.millisecondsPerStep),
      sums: slowest((report) => report.sumMillisecondsPerStep),
      processor: slowest((report) => report.processorMillisecondsPerStep),
      bytes: slowest((report) => report.bytesPerStep),
    });
  }
}
printResults(addSamples(options.json, adapter, samples));

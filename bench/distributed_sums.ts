/**
 * How long the sum of 25 MB takes between two ranks of one machine, each pinned to a core, with nothing else to do.
 * `node bench/distributed_sums.ts [--json FILE]`. Needs MPICH's mpiexec.mpich or Open MPI's mpirun.openmpi, and taskset.
 */
import { LAUNCHERS, runPinned } from './distributed_launchers.ts';
import { launchedRank } from '../src/distributed/launcher.node.ts';
import { median } from './training_setting.ts';
import { openCommunicator } from '../src/distributed/open.node.ts';
import { parseArgs } from 'node:util';
import { versions } from '../tools/version.ts';
import { writeFileSync } from 'node:fs';

const BYTES = 25e6;
const REPEATS = 20;

interface Report {
  readonly description: string;
  readonly milliseconds: number;
}

/** As a rank. */
async function measure(): Promise<Report> {
  const communicator = await openCommunicator();
  const [values, sum] = [new Float32Array(BYTES / 4).fill(1), new Float32Array(BYTES / 4)];
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    await communicator.barrier();
    const start = performance.now();
    await communicator.allReduce(values, sum);
    times.push(performance.now() - start);
  }
  if (sum[0] !== communicator.size) throw new Error(`the sum of ${communicator.size} ones is ${sum[0]}`);
  await communicator.close();
  return { description: communicator.description, milliseconds: median(times) };
}

function compare(file: string | undefined): void {
  const results = LAUNCHERS.map(({ name }) => {
    const [first, second] = runPinned<Report>(name, import.meta.filename, []);
    const milliseconds = Math.max(first?.milliseconds ?? Number.NaN, second?.milliseconds ?? Number.NaN);
    const library = first?.description.split(',')[0] ?? name;
    console.log(`${library}: ${milliseconds.toFixed(1)} ms`);
    return { library, milliseconds };
  });
  const content = {
    bench: 'distributed_sums',
    date: new Date().toISOString(),
    versions,
    bytes: BYTES,
    results,
  };
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

if (launchedRank(process.env) === null)
  compare(parseArgs({ options: { json: { type: 'string' } } }).values.json);
else console.log(JSON.stringify(await measure()));

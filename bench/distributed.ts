/**
 * Weak scaling of data-parallel training on the cores of one machine: one rank and two ranks, each with the same number of images and pinned to one core, with
 * and without exchange, and with sums that are held up as by a slower network. `node bench/distributed.ts [--quick] [--json FILE]`.
 * Needs MPICH's mpiexec.mpich or Open MPI's mpirun.openmpi, and taskset.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';

interface Report {
  readonly rank: number;
  readonly millisecondsPerStep: number;
  readonly sumMillisecondsPerStep: number;
  readonly bytesPerStep: number;
  readonly adapter: { readonly name: string; readonly driver: string };
}

const quick = process.argv.includes('--quick');
const jsonAt = process.argv.indexOf('--json');
const rounds = quick ? 1 : 3;
const steps = quick ? 3 : 6;
const IMAGES = 8;

const LAUNCHERS = [
  { name: 'MPICH', command: ['mpiexec.mpich', '-bind-to', 'none'], rank: 'PMI_RANK' },
  {
    name: 'Open MPI',
    command: ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'],
    rank: 'OMPI_COMM_WORLD_RANK',
  },
].filter(({ command }) => spawnSync(command[0] ?? '', ['--version']).status === 0);

const script = join(import.meta.dirname, 'distributed_rank.ts');
const values = (delay: number, how: string): string =>
  [script, IMAGES, steps, delay, how].map((value) => `'${value}'`).join(' ');

function reportsOf(output: string): Report[] {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Report);
}

function oneRank(): Report[] {
  const command = `exec taskset -c 0 '${process.execPath}' ${values(0, 'apart')}`;
  return reportsOf(
    execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
}

function twoRanks(launcher: (typeof LAUNCHERS)[number], delay: number, how: string): Report[] {
  const [program = '', ...options] = launcher.command;
  const command = `exec taskset -c $${launcher.rank} '${process.execPath}' ${values(delay, how)}`;
  const output = execFileSync(program, [...options, '-n', '2', 'sh', '-c', command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return reportsOf(output);
}

const settings: { readonly name: string; readonly run: () => Report[] }[] = [
  { name: 'one rank', run: oneRank },
  ...LAUNCHERS.flatMap((launcher) => [
    { name: `two ranks, ${launcher.name}, no exchange`, run: () => twoRanks(launcher, 0, 'apart') },
    { name: `two ranks, ${launcher.name}`, run: () => twoRanks(launcher, 0, 'sum') },
  ]),
  ...LAUNCHERS.slice(0, 1).flatMap((launcher) =>
    [20, 100].map((delay) => ({
      name: `two ranks, ${launcher.name}, every sum ${delay} ms later`,
      run: () => twoRanks(launcher, delay, 'sum'),
    })),
  ),
];

const samples = new Map<string, { step: number; sum: number; bytes: number }[]>();
let adapter: Report['adapter'] | null = null;
// Alternating, so that a slow minute of the machine meets all of them.
for (let round = 0; round < rounds; round++) {
  for (const { name, run } of settings) {
    const reports = run();
    adapter = reports[0]?.adapter ?? adapter;
    const slowest = Math.max(...reports.map(({ millisecondsPerStep }) => millisecondsPerStep));
    const sum = Math.max(...reports.map(({ sumMillisecondsPerStep }) => sumMillisecondsPerStep));
    const sample = { step: slowest, sum, bytes: reports[0]?.bytesPerStep ?? 0 };
    samples.set(name, [...(samples.get(name) ?? []), sample]);
  }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const results = [...samples].map(([name, all]) => ({
  name,
  millisecondsPerStep: median(all.map(({ step }) => step)),
  sumMillisecondsPerStep: median(all.map(({ sum }) => sum)),
  bytesPerStep: median(all.map(({ bytes }) => bytes)),
  samples: all.map(({ step }) => step),
}));
const one = results[0]?.millisecondsPerStep ?? Number.NaN;
for (const { name, millisecondsPerStep, sumMillisecondsPerStep } of results) {
  const efficiency = ((100 * one) / millisecondsPerStep).toFixed(1);
  console.log(
    `${name}: ${millisecondsPerStep.toFixed(1)} ms a step, efficiency ${efficiency} %, sums ${sumMillisecondsPerStep.toFixed(1)} ms`,
  );
}
if (jsonAt >= 0) {
  const content = {
    date: new Date().toISOString().slice(0, 10),
    network: 'ResNet-18, CALM-EM, 64x64',
    imagesPerRank: IMAGES,
    steps,
    rounds,
    adapter,
    results,
  };
  writeFileSync(process.argv[jsonAt + 1] ?? 'distributed.json', `${JSON.stringify(content, null, 2)}\n`);
}

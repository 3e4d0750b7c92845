/** What every benchmark shares: the command line, the adapter's name, fair timing, tables and JSON. */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import type { AdapterDescription } from '../src/runtime/open.ts';
import type { Engine } from '../src/runtime/engine.ts';
import { adapterProbes } from './probe_candidates.ts';
import { copyByKernel } from '../src/kernels/copy/copy.ts';
import { createEngine } from '../src/runtime/create_engine.ts';
import { printTable } from './table.ts';
import { startTape } from '../src/kernels/tape.ts';
import { writeFileAtomically } from '../src/runtime/atomic_file.node.ts';

/** Elements that a kernel loads and stores (as vec4s, or one at a time, where it cannot else) and exponentials that it takes. */
export interface Operations {
  readonly loads?: number;
  readonly scalarLoads?: number;
  readonly stores?: number;
  readonly exponentials?: number;
}

/** One way of doing a piece of work, to be timed against others. */
export interface Candidate {
  readonly name: string;
  /** Least bytes that the work must move: what GB/s and the bandwidth bound are computed from. */
  readonly bytes: number;
  readonly flops: number;
  /** What it must do at least, element by element; gives the second bound, `probeShare`. */
  readonly operations?: Operations;
  /** Throws unless the result is right. Runs before anything is timed. */
  readonly check?: () => Promise<void>;
  /**
   * Gets one repetition ready (untimed) and returns the timed launches and what frees their memory:
   * `() => { const tape = startTape(engine); return { run: () => relu(tape, x), end: () => tape.end() }; }`
   */
  readonly start: () => { readonly run: () => void; readonly end: () => void };
}

/** A line of the table. Times in milliseconds. */
export interface BenchRow {
  readonly group: string;
  readonly name: string;
  readonly milliseconds: number;
  /** Half the distance between the quartiles, as a part of the median. */
  readonly spread: number;
  readonly samples: number;
  readonly gigabytesPerSecond: number;
  readonly gigaflopsPerSecond: number;
  /**
   * Time of the bound (bytes at the copy kernel's bandwidth, flops at the given peak) / measured time, taken within each round,
   * then the median; null without a bound.
   */
  readonly boundShare: number | null;
  /**
   * The same with the time in which probes of the adapter do the candidate's operations: on a software adapter, whose loads are
   * instructions, the sum of the probes' times, else the longest of them; null for a candidate without `operations`.
   */
  readonly probeShare: number | null;
  /** Time of the group's last candidate / this one's, likewise: the speed-up over the rival, which comes last. */
  readonly ratio: number;
}

/** A number that is no kernel's time. */
export interface Figure {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** How `measure` is to judge a group. */
export interface MeasureOptions {
  /** Adds a copy kernel that moves so many bytes (half read, half written) to the group; its GB/s is the bandwidth bound. */
  readonly copyBytes?: number;
  /** GFLOP/s of the adapter that nothing can exceed, measured or known. */
  readonly peakGigaflops?: number;
}

/** A benchmark's open engine and its rows so far. */
export interface Bench {
  readonly engine: Engine;
  /** `--quick`: few samples, and the benchmark should leave its large cases out. */
  readonly quick: boolean;
  readonly rows: readonly BenchRow[];
  /** Whether a case is wanted: every word given on the command line is a part of its name. */
  wanted(name: string): boolean;
  /** Checks and times candidates, alternating them, prints their table and keeps the rows. */
  measure(group: string, candidates: readonly Candidate[], options?: MeasureOptions): Promise<BenchRow[]>;
  /** Prints and keeps a number that is no kernel's time: bytes, host time, a ratio. */
  readonly figure: (group: string, name: string, value: number, unit: string) => void;
  /** Writes the JSON file, when asked for, and closes the engine. */
  finish(): Promise<void>;
}

/** A sample lasts at least so long, so that clocks and submits do not matter. */
const SAMPLE_MILLISECONDS = 30;
const MAX_REPETITIONS = 200;
/** Repetitions are prepared together: what they hold must not exceed this, at a guess of four times what a candidate moves. */
const MAX_PREPARED_BYTES = 2 ** 30;

/** The probes that bound a candidate's operations, and how large they are: too large for a core's own cache. */
const PROBES = ['load', 'loadScalars', 'store', 'exponential'] as const;
const OPERATION_OF = {
  load: 'loads',
  loadScalars: 'scalarLoads',
  store: 'stores',
  exponential: 'exponentials',
} as const satisfies Record<(typeof PROBES)[number], keyof Operations>;
const PROBE_ELEMENTS = 2 ** 22;

interface Settings {
  readonly json: string | undefined;
  readonly quick: boolean;
  readonly words: readonly string[];
}

function parseSettings(usage: string): Settings {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(`node bench/${usage}.ts [PART OF A CASE'S NAME...] [--quick] [--json FILE]`);
    process.exit(0);
  }
  return { json: values.json, quick: values.quick, words: positionals };
}

function versions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const version = (name: string): string => (require(name) as { version: string }).version;
  return {
    'calm-webgpu': version('../package.json'),
    node: process.version,
    webgpu: version('webgpu/package.json'),
  };
}

function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** Median over the rounds of a / b: a machine that is slow for a whole round does not show in it. */
function medianRatio(a: readonly number[], b: readonly number[]): number {
  const ratios = b.map((value, round) => (a[round] ?? Number.NaN) / value);
  return quantile(
    ratios.toSorted((first, second) => first - second),
    0.5,
  );
}

/** Milliseconds of one repetition, measured over several. */
async function sample(engine: Engine, candidate: Candidate, repetitions: number): Promise<number> {
  const steps = Array.from({ length: repetitions }, () => candidate.start());
  await engine.sync();
  const work = (): void => {
    for (const { run, end } of steps) {
      run();
      end();
    }
  };
  if (engine.capabilities.timestamps) {
    // Sums the kernels' own times: launching them from JavaScript is not what a kernel benchmark measures.
    return (await engine.profile(work)).milliseconds / repetitions;
  }
  const begin = performance.now();
  work();
  await engine.sync();
  return (performance.now() - begin) / repetitions;
}

function copyCandidate(engine: Engine, bytes: number): { candidate: Candidate; dispose: () => void } {
  const input = engine.zeros([Math.ceil(bytes / 8)]);
  const candidate: Candidate = {
    name: 'copy kernel',
    bytes: 8 * input.size,
    flops: 0,
    start: () => {
      const tape = startTape(engine, { gradients: false });
      return { run: () => void copyByKernel(tape, input), end: () => tape.end() };
    },
  };
  return { candidate, dispose: () => input.dispose() };
}

/**
 * Milliseconds of every candidate, in its order, round by round. Candidates alternate within a round, so that a slow moment of
 * the machine hits all of them.
 */
async function timeAll(
  engine: Engine,
  candidates: readonly Candidate[],
  rounds: number,
): Promise<number[][]> {
  const repetitions: number[] = [];
  for (const candidate of candidates) {
    await sample(engine, candidate, 1);
    const once = await sample(engine, candidate, 1);
    const wanted = Math.ceil(SAMPLE_MILLISECONDS / Math.max(once, 0.01));
    const roomFor = Math.max(1, Math.floor(MAX_PREPARED_BYTES / (4 * candidate.bytes)));
    repetitions.push(Math.min(MAX_REPETITIONS, wanted, roomFor));
  }
  const times: number[][] = candidates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      times[index]?.push(await sample(engine, candidate, repetitions[index] ?? 1));
    }
  }
  return times;
}

function describeAdapter({ name, driver, backend, software }: AdapterDescription): string {
  return `${name} (${backend}; ${driver})${software ? ', SOFTWARE: computed on the CPU' : ''}`;
}

/** Opens a benchmark: reads the command line, makes the engine, prints what it runs on. `name` is its file without .ts. */
export async function openBench(name: string): Promise<Bench> {
  const settings = parseSettings(name);
  const engine = await createEngine();
  const date = new Date().toISOString();
  const timing = engine.capabilities.timestamps ? 'timestamps of the kernels' : 'wall time of the queue';
  console.log(`${name}: ${describeAdapter(engine.adapter)}`);
  console.log(`timing: ${timing}; median of alternating samples; ${date}; ${JSON.stringify(versions())}`);
  const rows: BenchRow[] = [];

  const measure: Bench['measure'] = async (group, given, options = {}) => {
    for (const { check } of given) await check?.();
    const copy = options.copyBytes === undefined ? null : copyCandidate(engine, options.copyBytes);
    const candidates = copy === null ? given : [copy.candidate, ...given];
    const probing = given.some(({ operations }) => operations !== undefined)
      ? adapterProbes(engine, PROBE_ELEMENTS)
      : null;
    const probes = probing === null ? [] : PROBES.map((name) => probing.probes[name]);
    const all = await timeAll(engine, [...candidates, ...probes], settings.quick ? 3 : 9);
    const times = all.slice(0, candidates.length);
    const probeTimes = all.slice(candidates.length);
    copy?.dispose();
    probing?.dispose();
    const measured = candidates.map((candidate, index): BenchRow => {
      const own = times[index] ?? [];
      const sorted = own.toSorted((a, b) => a - b);
      const milliseconds = quantile(sorted, 0.5);
      const flopsBound = candidate.flops / ((options.peakGigaflops ?? Number.POSITIVE_INFINITY) * 1e6);
      const bounds = own.map((_, round) => {
        const copyTime = copy === null ? 0 : (times[0]?.[round] ?? Number.NaN) / copy.candidate.bytes;
        return Math.max(candidate.bytes * copyTime, flopsBound);
      });
      const { operations } = candidate;
      const probeBounds = own.map((_, round) => {
        const parts = PROBES.map((name, probe) => {
          const each = (probeTimes[probe]?.[round] ?? Number.NaN) / (probes[probe]?.amount ?? 1);
          return each * (operations?.[OPERATION_OF[name]] ?? 0);
        });
        return engine.adapter.software ? parts.reduce((sum, part) => sum + part, 0) : Math.max(...parts);
      });
      return {
        group,
        name: candidate.name,
        milliseconds,
        spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / milliseconds,
        samples: own.length,
        gigabytesPerSecond: candidate.bytes / milliseconds / 1e6,
        gigaflopsPerSecond: candidate.flops / milliseconds / 1e6,
        boundShare: copy === null && options.peakGigaflops === undefined ? null : medianRatio(bounds, own),
        probeShare: operations === undefined ? null : medianRatio(probeBounds, own),
        ratio: medianRatio(times.at(-1) ?? [], own),
      };
    });
    rows.push(...measured);
    console.log(`\n${group}`);
    printTable(
      [
        '',
        'ms',
        '+-%',
        'GB/s',
        'GFLOP/s',
        '% of bound',
        '% of probes',
        `speed over ${candidates.at(-1)?.name ?? ''}`,
      ],
      measured.map((row) => [
        row.name,
        row.milliseconds.toFixed(3),
        (100 * row.spread).toFixed(1),
        row.gigabytesPerSecond.toFixed(2),
        row.gigaflopsPerSecond.toFixed(2),
        row.boundShare === null ? '-' : (100 * row.boundShare).toFixed(0),
        row.probeShare === null ? '-' : (100 * row.probeShare).toFixed(0),
        row.ratio.toFixed(2),
      ]),
    );
    return measured;
  };

  const figures: Figure[] = [];
  const figure: Bench['figure'] = (group, label, value, unit) => {
    figures.push({ group, name: label, value, unit });
    console.log(`${group}: ${label}: ${value.toPrecision(4)} ${unit}`);
  };

  return {
    engine,
    quick: settings.quick,
    rows,
    wanted: (text) => settings.words.every((word) => text.includes(word)),
    measure,
    figure,
    async finish() {
      if (settings.json !== undefined) {
        const { adapter } = engine;
        const report = {
          bench: name,
          adapter,
          software: adapter.software,
          timing,
          versions: versions(),
          date,
          rows,
          figures,
        };
        await writeFileAtomically(settings.json, `${JSON.stringify(report, null, 2)}\n`);
        console.log(`\nwritten: ${settings.json}`);
      }
      engine.destroy();
    },
  };
}

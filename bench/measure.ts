/** Fair timing of candidates against each other, on Node and in a page. */
import type { Engine } from '../src/runtime/engine.ts';
import { adapterProbes, computeForNothing } from './probe_candidates.ts';
import { copyByKernel } from '../src/kernels/copy/copy.ts';
import { startTape } from '../src/kernels/tape.ts';

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

/** How `measure` is to judge a group. */
export interface MeasureOptions {
  /** Adds a copy kernel that moves so many bytes (half read, half written) to the group; its GB/s is the bandwidth bound. */
  readonly copyBytes?: number;
  /** GFLOP/s of the adapter that nothing can exceed, measured or known. */
  readonly peakGigaflops?: number;
}

/** How to take the time: by the kernels' timestamps where the adapter has them, or by the clock around a whole sample. */
export interface Timing {
  /** Samples of each candidate. */
  readonly rounds: number;
  /**
   * Default: timestamps, where there are any. A browser rounds them to 100 microseconds, so a page takes the clock, which holds the
   * launches too.
   */
  readonly clock?: 'timestamps' | 'wall';
  /** Whether to time the adapter's probes where candidates have `operations`, for `probeShare`. Default: true. */
  readonly probes?: boolean;
}

/** A sample lasts at least so long, so that clocks and submits do not matter. */
const SAMPLE_MILLISECONDS = 30;
const MAX_REPETITIONS = 200;
/** Repetitions are prepared together: what they hold must not exceed this, at a guess of four times what a candidate moves. */
const MAX_PREPARED_BYTES = 2 ** 30;

/**
 * A GPU at rest runs at a fraction of its clock rate, takes a while to go up, and stays up for some seconds: what comes later than
 * RESTED milliseconds after other work is measured only after so many of computing for nothing.
 */
const RESTED = 500;
const WARM_UP = 150;
/** Of the probe of arithmetic: some 0.1 ms of a large GPU, 10 of a small one. */
const WARM_UP_STEPS = 2 ** 12;
let lastWork = Number.NEGATIVE_INFINITY;

/** The probes that bound a candidate's operations, and how large they are: too large for a core's own cache. */
const PROBES = ['load', 'loadScalars', 'store', 'exponential'] as const;
const OPERATION_OF = {
  load: 'loads',
  loadScalars: 'scalarLoads',
  store: 'stores',
  exponential: 'exponentials',
} as const satisfies Record<(typeof PROBES)[number], keyof Operations>;
const PROBE_ELEMENTS = 2 ** 22;

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

/** Has a GPU's clock up, and nothing to do: call it before what is to be timed. */
export async function warmUp(engine: Engine): Promise<void> {
  await engine.sync();
  const begin = performance.now();
  if (!engine.adapter.software && begin - lastWork > RESTED) {
    const tape = startTape(engine, { gradients: false });
    try {
      for (let launches = 1; performance.now() - begin < WARM_UP; launches *= 2) {
        for (let launch = 0; launch < Math.min(launches, 64); launch++)
          computeForNothing(tape, WARM_UP_STEPS);
        await engine.sync();
      }
    } finally {
      tape.end();
    }
  }
  lastWork = performance.now();
}

/** Milliseconds of one repetition, measured over several. */
async function sample(
  engine: Engine,
  candidate: Candidate,
  repetitions: number,
  clock: Timing['clock'],
): Promise<number> {
  const steps = Array.from({ length: repetitions }, () => candidate.start());
  await warmUp(engine);
  const work = (): void => {
    for (const { run, end } of steps) {
      run();
      end();
    }
  };
  if (clock !== 'wall' && engine.capabilities.timestamps) {
    // Sums the kernels' own times: launching them from JavaScript is not what a kernel benchmark measures.
    const { milliseconds } = await engine.profile(work);
    lastWork = performance.now();
    return milliseconds / repetitions;
  }
  const begin = performance.now();
  work();
  await engine.sync();
  lastWork = performance.now();
  return (lastWork - begin) / repetitions;
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
  clock: Timing['clock'],
): Promise<number[][]> {
  const repetitions: number[] = [];
  for (const candidate of candidates) {
    await sample(engine, candidate, 1, clock);
    const once = await sample(engine, candidate, 1, clock);
    const wanted = Math.ceil(SAMPLE_MILLISECONDS / Math.max(once, 0.01));
    const roomFor = Math.max(1, Math.floor(MAX_PREPARED_BYTES / (4 * candidate.bytes)));
    repetitions.push(Math.min(MAX_REPETITIONS, wanted, roomFor));
  }
  const times: number[][] = candidates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      times[index]?.push(await sample(engine, candidate, repetitions[index] ?? 1, clock));
    }
  }
  return times;
}

/** Checks and times candidates, alternating them. Rejects with whatever a check throws. */
export async function measureCandidates(
  engine: Engine,
  group: string,
  given: readonly Candidate[],
  options: MeasureOptions & Timing,
): Promise<BenchRow[]> {
  const { rounds, clock, probes: withProbes = true } = options;
  for (const { check } of given) await check?.();
  const copy = options.copyBytes === undefined ? null : copyCandidate(engine, options.copyBytes);
  const candidates = copy === null ? given : [copy.candidate, ...given];
  const probing =
    withProbes && given.some(({ operations }) => operations !== undefined)
      ? adapterProbes(engine, PROBE_ELEMENTS)
      : null;
  const probes = probing === null ? [] : PROBES.map((name) => probing.probes[name]);
  const all = await timeAll(engine, [...candidates, ...probes], rounds, clock);
  const times = all.slice(0, candidates.length);
  const probeTimes = all.slice(candidates.length);
  copy?.dispose();
  probing?.dispose();
  return candidates.map((candidate, index): BenchRow => {
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
      probeShare: operations === undefined || probing === null ? null : medianRatio(probeBounds, own),
      ratio: medianRatio(times.at(-1) ?? [], own),
    };
  });
}

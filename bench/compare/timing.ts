/** Fair timing: contenders alternate round by round, so that a slow moment of the machine hits all of them. */
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './peers/peer.ts';

/** How long and how often to measure. */
export interface TimingOptions {
  readonly rounds: number;
  /** A sample repeats the work until it lasts about so long. */
  readonly sampleMilliseconds: number;
  /** Repetitions are in flight together: not more of them than memory allows. */
  readonly maximumRepetitions: number;
}

/** Milliseconds of one repetition, a sample a round. */
export interface Samples {
  readonly milliseconds: readonly number[];
  /** Repetitions within a sample. */
  readonly repetitions: number;
}

/** Threads of whoever ran before may spin for a while, waiting for more work. */
const PAUSE_MILLISECONDS = 20;
/** Whoever takes longer than this for once is sampled once. */
const SLOW_MILLISECONDS = 10_000;

/** Linearly interpolated quantile; `part` is 0.5 for the median. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** exp of the mean logarithm. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Median over the rounds that both were in of a / b. */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  const rounds = Math.min(a.length, b.length);
  return quantile(
    a.slice(0, rounds).map((value, round) => value / (b[round] ?? Number.NaN)),
    0.5,
  );
}

/**
 * Measures contenders that have run once already (their `outputs`). A contender that fails is handed to `onFailure` and left
 * out. Returns the samples of the others.
 */
export async function alternate<T extends { readonly contender: Contender }>(
  entrants: readonly T[],
  { rounds, sampleMilliseconds, maximumRepetitions }: TimingOptions,
  onFailure: (entrant: T, error: unknown) => void,
): Promise<Map<T, Samples>> {
  const samples = new Map<T, { milliseconds: number[]; repetitions: number; rounds: number }>();
  const attempt = async (entrant: T, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      samples.delete(entrant);
      onFailure(entrant, error);
    }
  };
  for (const entrant of entrants) {
    await attempt(entrant, async () => {
      const once = await entrant.contender.time(1);
      if (once > SLOW_MILLISECONDS) {
        samples.set(entrant, { milliseconds: [once], repetitions: 1, rounds: 1 });
        return;
      }
      // The second time, memory and pipelines are there.
      const again = await entrant.contender.time(1);
      const wanted = Math.ceil(sampleMilliseconds / Math.max(again, 0.01));
      const repetitions = Math.max(1, Math.min(wanted, maximumRepetitions));
      samples.set(entrant, { milliseconds: [], repetitions, rounds });
    });
  }
  for (let round = 0; round < rounds; round++) {
    for (const [entrant, own] of samples) {
      if (own.milliseconds.length >= own.rounds) continue;
      await setTimeout(PAUSE_MILLISECONDS);
      await attempt(entrant, async () => {
        own.milliseconds.push((await entrant.contender.time(own.repetitions)) / own.repetitions);
      });
    }
  }
  return samples;
}

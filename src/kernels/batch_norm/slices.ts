import type { Tuning } from '../tuning.ts';
import { ceilDivide } from '../../runtime/grid.ts';

/**
 * How a tensor [rows,C] is dealt out to invocations that own channels. Bands are the fewest rows that fill whole vec4s, so that
 * every C is read by vec4s: one row when C is a multiple of 4, else two or four. Each slice of bands is walked by `columns`
 * invocations, `phases` apart.
 */
export interface Slices {
  readonly bandRows: number;
  /** vec4s of a band. */
  readonly columns: number;
  readonly bands: number;
  /** Neighbouring slices that take turns at the bands, so that narrow tensors are still read in long stretches. */
  readonly phases: number;
  /** Bands that one invocation walks at most. */
  readonly steps: number;
  readonly slices: number;
  /** vec4s of the whole tensor, the last one possibly in part. */
  readonly vectors: number;
}

/**
 * Lanes that should read one stretch of memory together: those that load at once. A software adapter finishes one vector of eight lanes before
 * it begins the next, so that with more lanes each would leave gaps for the others (64 take a fifth to a third longer for 64 channels).
 */
const STRETCH = { software: 8, hardware: 64 };

const FEWEST_STEPS = 4;
/**
 * Invocations wanted, and bands that each walks at least. A large GPU holds some 10^5 invocations at a time, and a pass that
 * stores as it loads has one load in flight in each; a reduction has several, and every invocation leaves partial results. A
 * software adapter is kept busy by few and pays for each one's loads of its channels' numbers. Where all of them would be no more than
 * `slices`, whose partial results a GPU merges at once, invocations walk less: down to FEWEST_STEPS.
 */
const SIZES = {
  software: {
    reduction: { invocations: 1024, steps: 64, slices: 0 },
    elementwise: { invocations: 1024, steps: 64, slices: 0 },
  },
  hardware: {
    reduction: { invocations: 65_536, steps: 16, slices: 128 },
    elementwise: { invocations: 524_288, steps: 4, slices: 0 },
  },
};

/** Deals [rows, channels] out for this kind of adapter. Depends on nothing else, so that results repeat bit by bit. */
export function sliceRows(
  rows: number,
  channels: number,
  pass: 'reduction' | 'elementwise',
  tuning: Tuning,
): Slices {
  const size = SIZES[tuning][pass];
  const bandRows = channels % 4 === 0 ? 1 : channels % 2 === 0 ? 2 : 4;
  const columns = (bandRows * channels) / 4;
  const bands = ceilDivide(rows, bandRows);
  const phases = Math.min(bands, ceilDivide(STRETCH[tuning], columns));
  const least =
    size.slices === 0
      ? size.steps
      : Math.min(size.steps, Math.max(FEWEST_STEPS, ceilDivide(bands, size.slices)));
  const steps = Math.max(least, ceilDivide(bands * columns, size.invocations));
  const slices = ceilDivide(bands, phases * steps) * phases;
  return { bandRows, columns, bands, phases, steps, slices, vectors: ceilDivide(rows * channels, 4) };
}

/**
 * Lanes of the second stages: software adapters pay for barriers, and their first stages leave little to merge. On a GPU the merges that
 * follow one another are what it takes.
 */
export const combineConstants = (tuning: Tuning): { readonly CHANNELS: number; readonly SLOTS: number } =>
  tuning === 'software' ? { CHANNELS: 8, SLOTS: 1 } : { CHANNELS: 2, SLOTS: 128 };

import type { Tape } from '../runtime/tape.ts';

/**
 * Kind of adapter that an operation deals its work out for: many small pieces for a GPU, few large ones for a software adapter, which
 * runs few invocations at a time and pays for loads and barriers.
 */
export type Tuning = 'software' | 'hardware';

/** What an operation that can be tuned by hand takes besides its own options. */
export interface TuningOptions {
  /** Default: what the engine's adapter is. Results differ by rounding at most. */
  readonly tuning?: Tuning;
}

/** The kind to deal out for. */
export function tuningOf(tape: Tape, { tuning }: TuningOptions): Tuning {
  return tuning ?? (tape.engine.capabilities.software ? 'software' : 'hardware');
}

/** Both kinds: the variants that the operations' cases run in, whatever the adapter. */
export const tunings: readonly Tuning[] = ['software', 'hardware'];

/** The variant of a case as a kind. */
export function tuningVariant(variant: string): Tuning {
  return variant === 'hardware' ? 'hardware' : 'software';
}

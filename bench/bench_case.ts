import type { Candidate, MeasureOptions } from './measure.ts';
import type { Engine } from '../src/runtime/engine.ts';

/** Candidates that are timed against each other. */
export interface CaseGroup extends MeasureOptions {
  readonly title: string;
  readonly candidates: readonly Candidate[];
}

/** Groups with the tensors that they share. */
export interface PreparedCase {
  readonly groups: readonly CaseGroup[];
  readonly dispose: () => void;
}

/** A case of a benchmark that a page can run as well: nothing is allocated before it is prepared. */
export interface BenchCase {
  readonly name: string;
  readonly prepare: (engine: Engine) => PreparedCase;
}

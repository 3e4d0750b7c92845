import type { Engine } from '../runtime/engine.ts';
import { add } from './add/add.ts';
import { addScaled } from './sgd/flat_update.ts';
import type { TapeOptions } from '../runtime/tape.ts';
import { Tape } from '../runtime/tape.ts';

/** How a tape adds gradients up. */
export const gradientSums: Pick<TapeOptions, 'accumulate' | 'addTo'> = {
  accumulate: add,
  addTo: (tape, sum, term) => addScaled(tape.engine, sum, term, 1),
};

/**
 * A fresh tape on an engine. With `gradients: false` nothing is recorded and `tape.release` frees at once. End it in `finally`:
 *
 *     const tape = startTape(engine);
 *     try { ... } finally { tape.end(); }
 */
export function startTape(engine: Engine, options: { readonly gradients?: boolean } = {}): Tape {
  return new Tape(engine, { ...options, ...gradientSums });
}

import type { Engine } from '../runtime/engine.ts';
import { add } from './add/add.ts';
import { addScaled } from './sgd/flat_update.ts';
import { Tape } from '../runtime/tape.ts';

/**
 * A fresh tape on an engine. With `gradients: false` nothing is recorded and `tape.release` frees at once. End it in `finally`:
 *
 *     const tape = startTape(engine);
 *     try { ... } finally { tape.end(); }
 */
export function startTape(engine: Engine, options: { readonly gradients?: boolean } = {}): Tape {
  return new Tape(engine, {
    ...options,
    accumulate: add,
    addTo: (tape, sum, term) => addScaled(tape.engine, sum, term, 1),
  });
}

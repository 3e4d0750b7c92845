import type { Engine } from './engine.ts';
import { OutOfMemoryError } from './errors.ts';

/**
 * Does work on several things, and where memory is short, on fewer at a time: halves after every OutOfMemoryError, down to one. Only for
 * work whose result for one thing does not depend on the others, and that leaves nothing behind when it fails.
 */
export class SmallerParts {
  readonly #engine: Engine;
  /** What memory was not short for, as far as it is known. */
  #most = Infinity;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** What `work` gives for all of `count` things, part by part: from number `first` on, `size` of them. */
  async run<Result>(
    count: number,
    work: (first: number, size: number) => Promise<Result>,
  ): Promise<Result[]> {
    for (;;) {
      const size = Math.min(count, this.#most);
      try {
        const results: Result[] = [];
        for (let first = 0; first < count; first += size)
          results.push(await work(first, Math.min(size, count - first)));
        return results;
      } catch (error) {
        if (!(error instanceof OutOfMemoryError) || size <= 1) throw error;
        this.#most = Math.ceil(size / 2);
        // Whatever else the lack of memory spoilt is told until the GPU has nothing to do.
        await this.#engine.sync().catch(() => undefined);
        // Others' failures are theirs; one that ends the engine comes again with the next part.
        await this.#engine.trim().catch(() => undefined);
      }
    }
  }
}

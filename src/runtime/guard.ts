import type { PoolBuffer } from './pool.ts';
import { GpuError } from './errors.ts';

/** Room behind every tensor of a guarded engine. */
export const GUARD_BYTES = 256;

/** A quiet NaN whose bits no kernel produces: distinguishes "never written" from "computed NaN". */
export const UNWRITTEN_BITS = 0x7fc0_dead;

/** Bookkeeping of `guardMemory`: which buffers carry a guard row, and which wait for their check before reuse. */
export class MemoryGuard {
  readonly quarantine: PoolBuffer[] = [];
  readonly #protected = new Map<PoolBuffer, number>();

  /** Fills tensor and guard row with the NaN pattern. */
  protect(storage: PoolBuffer, bytes: number, write: (data: Uint32Array<ArrayBuffer>) => void): void {
    write(new Uint32Array((bytes + GUARD_BYTES) / 4).fill(UNWRITTEN_BITS));
    this.#protected.set(storage, bytes);
  }

  /** Whether a guard row stands right behind a tensor of so many bytes: not so behind a view of a part of a buffer. */
  isProtected(storage: PoolBuffer, bytes: number): boolean {
    return this.#protected.get(storage) === bytes;
  }

  /** All buffers handed out since the last call. */
  take(): { storage: PoolBuffer; bytes: number }[] {
    const list = [...this.#protected].map(([storage, bytes]) => ({ storage, bytes }));
    this.#protected.clear();
    return list;
  }

  /** Throws if a word of the guard row changed. */
  check(words: Uint32Array, bytes: number): void {
    for (let word = bytes / 4; word < words.length; word++) {
      if (words[word] !== UNWRITTEN_BITS) {
        throw new GpuError(
          `a kernel wrote ${word * 4 - bytes} bytes behind the end of a tensor of ${bytes} bytes`,
        );
      }
    }
  }
}

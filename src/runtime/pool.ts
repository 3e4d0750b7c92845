import { OutOfMemoryError } from './errors.ts';

/** A GPU buffer of the pool with the number by which bind groups are cached. */
export interface PoolBuffer {
  readonly id: number;
  readonly buffer: GPUBuffer;
  /** The pool it belongs to: how a tensor of another engine is told apart. */
  readonly pool: BufferPool;
  /** Size of the buffer in bytes. */
  readonly size: number;
  /** That the device had no memory for it, once known: nothing can be done with it but give it back. */
  failure: OutOfMemoryError | null;
}

/** What a pool asks of the engine that it belongs to. */
export interface PoolOwner {
  /** Most bytes to hold. */
  readonly limit: number;
  /** Submits what is recorded, if that can be done without waiting: buffers at rest may be destroyed then. */
  readonly submit: () => boolean;
  /** Is told, late, whether the device had no memory for a new buffer. */
  readonly onCreate: (outcome: Promise<OutOfMemoryError | null>) => void;
}

/** What the pool holds: bytes and buffers in use, and kept for reuse. */
export interface PoolLedger {
  readonly usedBuffers: number;
  readonly usedBytes: number;
  readonly freeBuffers: number;
  readonly freeBytes: number;
  /** Beside these: what values pass through between the GPU and work of the CPU, see `HostWorks`. */
  readonly stagingBytes: number;
  /** Highest sum of the three so far. */
  readonly peakBytes: number;
}

/** What to do about a lack of memory. */
export const SMALLER =
  'use a smaller batch or image; in training microBatchSize (--micro-batch) or recompute (--recompute)';

/** Storage that kernels read and write, that copies reach, and that reads copy from. */
const USAGE_STORAGE = 0x80 | 0x08 | 0x04;

/**
 * Sizes step by an eighth of a power of two: a freed buffer serves every request of its bucket, and at most an eighth of a new
 * one is wasted. Small ones all take 256 bytes, the alignment of binding offsets.
 */
export function bucketSize(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(bytes)) - 3));
  return Math.ceil(bytes / step) * step;
}

/**
 * A buffer at rest serves a request of half its size too, when none fits better: backward's gradients then live in the memory of
 * larger activations that have been given back. What a training step of ResNet-50 (two images of 224x224) holds beyond parameters
 * falls from 248 to 213 MiB, with eight images and recomputed blocks from 481 to 363; four times the size gains hardly more. New
 * buffers are made only while all that fit are in use, so steps that ask alike soon make none.
 */
const MOST_OVERSIZE = 2;

/** Buffers at rest, by size. */
class FreeBuffers {
  readonly #bySize = new Map<number, PoolBuffer[]>();

  /** The smallest that fits, of equals the one with the lowest id. */
  take(size: number): PoolBuffer | undefined {
    let best = size;
    if ((this.#bySize.get(size)?.length ?? 0) === 0) {
      best = Infinity;
      for (const [other, list] of this.#bySize)
        if (list.length > 0 && other > size && other <= MOST_OVERSIZE * size && other < best) best = other;
    }
    return this.#bySize.get(best)?.pop();
  }

  delete(storage: PoolBuffer): boolean {
    const list = this.#bySize.get(storage.size) ?? [];
    const place = list.indexOf(storage);
    return place >= 0 && list.splice(place, 1).length > 0;
  }

  put(storage: PoolBuffer): void {
    const list = this.#bySize.get(storage.size) ?? [];
    // Sorted by id, the lowest last: steps that ask alike get the same buffers, and so the same cached bind groups.
    let place = list.length;
    while (place > 0 && (list[place - 1]?.id ?? 0) < storage.id) place--;
    list.splice(place, 0, storage);
    this.#bySize.set(storage.size, list);
  }

  /** Takes all of them out. */
  drain(): PoolBuffer[] {
    const all = [...this.#bySize.values()].flat();
    this.#bySize.clear();
    return all;
  }
}

/**
 * The buffers of captured commands (see `Capture`). They stay out of the pool, whoever gives them back, until the commands are to be
 * replayed no more: those handed out during the capture, and those of older tensors that the commands name.
 */
export interface Reservation {
  /** The capture has ended, and its commands name these buffers. */
  close(named: Iterable<PoolBuffer>): void;
  /** Gives the buffers that nobody uses back to the pool; the others go there when their tensors are disposed. */
  release(): void;
}

/**
 * Buffers by size bucket. The queue runs commands in order, so a buffer may be handed out again as soon as the last command
 * that uses it has been recorded: nothing here waits for the GPU.
 */
export class BufferPool {
  /** Kept by whoever makes such memory. */
  stagingBytes = 0;
  readonly #device: GPUDevice;
  readonly #owner: PoolOwner;
  readonly #free = new FreeBuffers();
  readonly #used = new Set<PoolBuffer>();
  #usedBytes = 0;
  #freeBytes = 0;
  #freeBuffers = 0;
  #peakBytes = 0;
  #nextId = 1;
  /** Where a buffer comes from and goes to while its commands are being captured, and later. */
  readonly #reservedFor = new Map<PoolBuffer, FreeBuffers>();
  #reserving: FreeBuffers | null = null;
  /** How many captures name a buffer that was handed out before them. */
  readonly #pins = new Map<PoolBuffer, number>();
  /** Buffers given back while a capture names them, or may. */
  readonly #held = new Set<PoolBuffer>();

  constructor(device: GPUDevice, owner: PoolOwner) {
    this.#device = device;
    this.#owner = owner;
  }

  /** A buffer of at least `bytes`; its content is whatever was there before. Throws OutOfMemoryError beyond the limits. */
  acquire(bytes: number, label: string): PoolBuffer {
    const limit = this.#device.limits.maxBufferSize;
    if (bytes > limit) {
      throw new OutOfMemoryError(
        `${label}: needs a buffer of ${bytes} bytes, but the adapter allows ${limit}; ${SMALLER}`,
      );
    }
    const size = Math.min(bucketSize(bytes), limit - (limit % 4));
    const reserved = this.#reserving?.take(size);
    if (reserved !== undefined) return reserved;
    const reused = this.#free.take(size);
    if (reused !== undefined) {
      this.#freeBytes -= reused.size;
      this.#freeBuffers--;
    }
    const storage = reused ?? this.#create(size, label);
    this.#used.add(storage);
    if (this.#reserving !== null) this.#reservedFor.set(storage, this.#reserving);
    this.#usedBytes += storage.size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes);
    return storage;
  }

  get #heldBytes(): number {
    return this.#usedBytes + this.#freeBytes + this.stagingBytes;
  }

  /** Throws OutOfMemoryError where so many bytes more go beyond the limit, though what is at rest has been given back. */
  makeRoom(size: number, label: string): void {
    const { limit, submit } = this.#owner;
    if (this.#heldBytes + size > limit && submit()) this.trim();
    if (this.#heldBytes + size > limit) {
      throw new OutOfMemoryError(
        `${label}: needs ${size} bytes beside the ${this.#heldBytes} that the engine holds, but its memoryLimit is ${limit}; ${SMALLER}`,
      );
    }
  }

  #create(size: number, label: string): PoolBuffer {
    this.makeRoom(size, label);
    this.#device.pushErrorScope('out-of-memory');
    const buffer = this.#device.createBuffer({ label: `pool ${size}`, size, usage: USAGE_STORAGE });
    const storage: PoolBuffer = { id: this.#nextId++, pool: this, size, buffer, failure: null };
    const before = this.#usedBytes;
    const outcome = (cause: GPUError | null): OutOfMemoryError | null => {
      if (cause === null) return null;
      const beside = `beside the ${before} bytes in use`;
      const text = `${label}: no memory for ${size} bytes ${beside}; ${SMALLER}`;
      storage.failure = new OutOfMemoryError(text, { cause });
      if (this.#free.delete(storage)) {
        this.#freeBytes -= size;
        this.#freeBuffers--;
        buffer.destroy();
      }
      return storage.failure;
    };
    // A lost device tells of its loss by itself.
    this.#owner.onCreate(this.#device.popErrorScope().then(outcome, () => null));
    return storage;
  }

  /** Takes a buffer back for reuse. */
  release(storage: PoolBuffer): void {
    const reservation = this.#reservedFor.get(storage);
    const isOlder = this.#reserving !== null && reservation !== this.#reserving;
    if (isOlder || this.#pins.has(storage)) {
      this.#held.add(storage);
      return;
    }
    if (reservation !== undefined) {
      reservation.put(storage);
      return;
    }
    if (!this.#used.delete(storage)) return;
    this.#usedBytes -= storage.size;
    if (storage.failure !== null) {
      storage.buffer.destroy();
      return;
    }
    this.#free.put(storage);
    this.#freeBytes += storage.size;
    this.#freeBuffers++;
  }

  /** From now on until `close`, every buffer handed out is reserved; given back, it serves requests within that time only. */
  reserve(): Reservation {
    const reserved = new FreeBuffers();
    const pinned = new Set<PoolBuffer>();
    this.#reserving = reserved;
    return {
      close: (named) => {
        this.#reserving = null;
        for (const storage of named) if (this.#reservedFor.get(storage) !== reserved) pinned.add(storage);
        for (const storage of pinned) this.#pins.set(storage, (this.#pins.get(storage) ?? 0) + 1);
        this.#releaseHeld();
      },
      release: () => {
        for (const [storage, owner] of this.#reservedFor)
          if (owner === reserved) this.#reservedFor.delete(storage);
        for (const storage of pinned) {
          const others = (this.#pins.get(storage) ?? 1) - 1;
          if (others > 0) this.#pins.set(storage, others);
          else this.#pins.delete(storage);
        }
        pinned.clear();
        for (const storage of reserved.drain()) this.release(storage);
        this.#releaseHeld();
      },
    };
  }

  /** Releases held buffers again: those that still must stay are held anew. */
  #releaseHeld(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const storage of held) this.release(storage);
  }

  /** Destroys the buffers that nobody uses. Only call it when every recorded command has been submitted. */
  trim(): void {
    for (const { buffer } of this.#free.drain()) buffer.destroy();
    this.#freeBytes = 0;
    this.#freeBuffers = 0;
  }

  /** Destroys everything, used or not. */
  destroy(): void {
    this.trim();
    for (const storage of this.#used) storage.buffer.destroy();
    this.#used.clear();
    this.#usedBytes = 0;
  }

  ledger(): PoolLedger {
    return {
      usedBuffers: this.#used.size,
      usedBytes: this.#usedBytes,
      freeBuffers: this.#freeBuffers,
      freeBytes: this.#freeBytes,
      stagingBytes: this.stagingBytes,
      peakBytes: this.#peakBytes,
    };
  }
}

import type { Dataset, PictureDecoder } from './dataset.ts';
import { resizeBilinear } from './resize.ts';

/** Resized pictures by index. What does not fit the budget is decoded again each time: nothing is thrown out for something else, since an epoch wants all alike. */
export class PictureCache {
  decoded = 0;
  bytes = 0;
  readonly #kept = new Map<number, Uint8Array>();
  readonly #dataset: Dataset;
  readonly #side: number;
  readonly #budget: number;
  readonly #decoder: PictureDecoder | undefined;

  /** `budget` in bytes; without `decoder` the data set loads its pictures itself, on this thread. */
  constructor(dataset: Dataset, side: number, budget: number, decoder?: PictureDecoder) {
    this.#dataset = dataset;
    this.#side = side;
    this.#budget = budget;
    this.#decoder = decoder;
  }

  /** [side, side, 3]. Rejects as Dataset.load, or with the signal's reason if it fires before the picture is begun. */
  async get(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const known = this.#kept.get(index);
    if (known) return known;
    signal.throwIfAborted();
    const data = await this.#load(index, signal);
    this.decoded++;
    if (!this.#kept.has(index) && this.bytes + data.length <= this.#budget) {
      this.#kept.set(index, data);
      this.bytes += data.length;
    }
    return data;
  }

  clear(): void {
    this.#kept.clear();
    this.bytes = 0;
  }

  async #load(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const source = this.#dataset.source?.(index);
    if (this.#decoder && source) return this.#decoder.resized(source, this.#side, signal);
    return resizeBilinear(await this.#dataset.load(index), this.#side, this.#side).data;
  }
}

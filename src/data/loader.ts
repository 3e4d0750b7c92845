import { reject } from '../runtime/errors.ts';
import type { Dataset } from './dataset.ts';
import type { Image } from './image.ts';
import { RandomStream } from '../runtime/random.ts';
import { resizeBilinear } from './resize.ts';

/** Resized pictures of one step, with what the `preprocess` kernel has to do to them. N is the number of samples. */
export interface Batch {
  /** [N, height, width, 3] uint8, NHWC: resized, not yet cropped, flipped or normalised. */
  readonly images: Uint8Array;
  readonly size: number;
  /** Height and width of `images`. */
  readonly height: number;
  readonly width: number;
  /** Side of the square to cut out; equal to height and width when nothing is cut. */
  readonly crop: number;
  /** [N, 2]: top and left of the cut. */
  readonly crops: Int32Array;
  /** [N]: 1 to mirror left and right (after the cut). */
  readonly flips: Uint8Array;
  /** [N]: class, 0-based. */
  readonly labels: Uint32Array;
  /** [N]: position in the data set. */
  readonly indices: Uint32Array;
  readonly ids: readonly string[];
}

export interface LoaderOptions {
  readonly batchSize: number;
  /**
   * `train`: resize to `resize` x `resize`, cut a random `crop` x `crop`, flip every second picture, shuffle every epoch.
   * `eval`: resize straight to `crop` x `crop`, in the order of the data set. As the official code.
   */
  readonly mode: 'train' | 'eval';
  /** Side after resizing, train mode only. Default 256. */
  readonly resize?: number;
  /** Side that the network sees. Default 224. */
  readonly crop?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Leave out the last batch if it is smaller. Default false. */
  readonly dropLast?: boolean;
  /** Bytes of resized pictures kept, so that later epochs cost no decoding. Default 512 MiB; 0 keeps none. */
  readonly cacheBytes?: number;
  /** Batches made ready while the current one is used. Default 1; 0 loads each when it is asked for. */
  readonly prefetch?: number;
}

/** Running totals of a loader. */
export interface LoaderStatistics {
  /** Milliseconds that consumers waited for batches. */
  readonly waitMilliseconds: number;
  /** Pictures decoded and resized; the others came from the cache. */
  readonly decoded: number;
  readonly cachedBytes: number;
}

export interface Loader {
  readonly batchesPerEpoch: number;
  /**
   * The batches of an epoch. Order, cuts and flips depend on seed, epoch and sample only, not on timing, prefetch or cache.
   * Ends with the error of the first picture that cannot be loaded. Leaving the loop early is fine.
   */
  epoch(epoch: number): AsyncGenerator<Batch, void, void>;
  statistics(): LoaderStatistics;
}

/** Separate random streams for the order of an epoch and for the transform of a sample. */
const ORDER = 0x0de4;
const TRANSFORM = 0x7f02;

/** Makes a loader. Throws an ArgumentError naming the option that does not fit. */
export function createLoader(dataset: Dataset, options: LoaderOptions): Loader {
  const {
    batchSize,
    mode,
    crop = 224,
    seed = 0,
    dropLast = false,
    cacheBytes = 512 * 2 ** 20,
    prefetch = 1,
  } = options;
  const resize = mode === 'train' ? (options.resize ?? 256) : crop;
  const whole = (name: string, value: number, low: number): void => {
    if (!Number.isInteger(value) || value < low)
      reject('createLoader', name, String(value), `an integer >= ${low}`);
  };
  whole('batchSize', batchSize, 1);
  whole('crop', crop, 1);
  whole('resize', resize, crop);
  whole('prefetch', prefetch, 0);
  if (!Number.isInteger(seed)) reject('createLoader', 'seed', String(seed), 'an integer');
  if (!(cacheBytes >= 0)) reject('createLoader', 'cacheBytes', String(cacheBytes), 'a number >= 0');
  if (dataset.length < 1)
    reject('createLoader', 'dataset', `${dataset.name} with no samples`, 'at least one sample');

  const round = dropLast ? Math.floor : Math.ceil;
  const batchesPerEpoch = round(dataset.length / batchSize);
  const pictures = new PictureCache(dataset, resize, cacheBytes);
  let waitMilliseconds = 0;

  const makeBatch = async (epoch: number, indices: Uint32Array): Promise<Batch> => {
    const size = indices.length;
    const bytes = resize * resize * 3;
    const images = new Uint8Array(size * bytes);
    const crops = new Int32Array(size * 2);
    const flips = new Uint8Array(size);
    const labels = new Uint32Array(size);
    const ids: string[] = [];
    const loading = Array.from(indices, (index) => pictures.get(index));
    for (const [position, index] of indices.entries()) {
      labels[position] = dataset.label(index);
      ids.push(dataset.imageId(index));
      if (mode === 'eval') continue;
      const random = new RandomStream(TRANSFORM, seed, epoch, index);
      crops[position * 2] = random.integer(resize - crop + 1);
      crops[position * 2 + 1] = random.integer(resize - crop + 1);
      flips[position] = random.chance(0.5) ? 1 : 0;
    }
    for (const [position, data] of (await Promise.all(loading)).entries()) images.set(data, position * bytes);
    return { images, size, height: resize, width: resize, crop, crops, flips, labels, indices, ids };
  };

  return {
    batchesPerEpoch,
    statistics: () => ({ waitMilliseconds, decoded: pictures.decoded, cachedBytes: pictures.bytes }),
    async *epoch(epoch) {
      if (!Number.isInteger(epoch)) reject('Loader.epoch', 'epoch', String(epoch), 'an integer');
      const order =
        mode === 'train'
          ? new RandomStream(ORDER, seed, epoch).permutation(dataset.length)
          : Uint32Array.from({ length: dataset.length }, (_, index) => index);
      const queue: Promise<Batch>[] = [];
      let next = 0;
      const enqueue = (): void => {
        const start = next++ * batchSize;
        const batch = makeBatch(epoch, order.slice(start, start + batchSize));
        // A failure is reported when its turn comes; until then, or if the consumer has left, it must not count as unhandled.
        batch.catch(() => undefined);
        queue.push(batch);
      };
      for (let done = 0; done < batchesPerEpoch; done++) {
        while (next < batchesPerEpoch && next <= done + prefetch) enqueue();
        const ready = queue.shift();
        if (!ready) break;
        const start = performance.now();
        const batch = await ready;
        waitMilliseconds += performance.now() - start;
        yield batch;
      }
    },
  };
}

/** Resized pictures by index. What does not fit the budget is decoded again each time: nothing is thrown out for something else, since an epoch wants all alike. */
class PictureCache {
  decoded = 0;
  bytes = 0;
  readonly #kept = new Map<number, Uint8Array>();
  readonly #dataset: Dataset;
  readonly #side: number;
  readonly #budget: number;

  constructor(dataset: Dataset, side: number, budget: number) {
    this.#dataset = dataset;
    this.#side = side;
    this.#budget = budget;
  }

  /** [side, side, 3] */
  async get(index: number): Promise<Uint8Array> {
    const known = this.#kept.get(index);
    if (known) return known;
    const image: Image = await this.#dataset.load(index);
    const { data } = resizeBilinear(image, this.#side, this.#side);
    this.decoded++;
    if (!this.#kept.has(index) && this.bytes + data.length <= this.#budget) {
      this.#kept.set(index, data);
      this.bytes += data.length;
    }
    return data;
  }
}

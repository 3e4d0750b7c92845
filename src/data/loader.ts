import type { Dataset, PictureDecoder } from './dataset.ts';
import { DatasetError } from './dataset.ts';
import { ImageDecodeError } from './image.ts';
import { PictureCache } from './picture_cache.ts';
import { RandomStream } from '../runtime/random.ts';
import { shareOf } from '../distributed/communicator.ts';
import { DisposedError, reject } from '../runtime/errors.ts';

/** Resized pictures of one step, with what the `preprocess` kernel has to do to them. N is the number of samples. */
export interface Batch {
  /** Of the epoch's batches, from 0. */
  readonly number: number;
  /** [N, height, width, 3] uint8, NHWC: resized, not yet cropped, flipped or normalised. */
  readonly images: Uint8Array;
  readonly size: number;
  /** Height and width of `images`. */
  readonly height: number;
  readonly width: number;
  /** Side of the square to cut out; equal to height and width when nothing is cut. */
  readonly crop: number;
  /** Shape [N, 2]. Top and left of the cut. */
  readonly crops: Int32Array;
  /** Shape [N]. 1 to mirror left and right (after the cut). */
  readonly flips: Uint8Array;
  /** Samples of the whole batch, where this is the share of one process of several. */
  readonly wholeSize?: number;
  /** Shape [N]. Class, 0-based. */
  readonly labels: Uint32Array;
  /** Shape [N]. Position in the data set. */
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
  /**
   * Batches made ready while the current one is used. Default 1; 0 loads each when it is asked for. At most (prefetch + 1) * batchSize
   * pictures are asked for at a time, which bounds the memory.
   */
  readonly prefetch?: number;
  /** Reads the pictures of data sets that lie on disk; several loaders may share one. Default: `dataset.load`, on this thread. */
  readonly decoder?: PictureDecoder;
  /**
   * What becomes of a picture that cannot be decoded: `stop` (the default) ends the epoch with its ImageDecodeError; `skip` counts it (see statistics) and,
   * in train mode, puts another picture of the set in its place, drawn by seed, epoch and sample, so that batches keep their size; in eval mode
   * the batch gets smaller, and is left out if nothing remains.
   */
  readonly onBadImage?: 'stop' | 'skip';
  /**
   * Which of several processes this is, that load one batch together: in train mode each loads its share of every batch (`batchSize` counts
   * all of it), in the order and with the cuts that one process would give them; in eval mode, whole batches in turn. Default: all.
   */
  readonly shard?: { readonly rank: number; readonly size: number };
  /** Ends epochs, also while they wait for pictures: they reject with its reason. */
  readonly signal?: AbortSignal;
}

/** A picture that could not be decoded and was skipped. */
export interface BadImage {
  readonly id: string;
  readonly index: number;
  /** File and reason. */
  readonly message: string;
}

/** Running totals of a loader. */
export interface LoaderStatistics {
  /** Milliseconds that consumers waited for batches. */
  readonly waitMilliseconds: number;
  /** Pictures decoded and resized; the others came from the cache. */
  readonly decoded: number;
  readonly cachedBytes: number;
  /** Pictures that were skipped so far, by index, each once. */
  readonly badImages: readonly BadImage[];
}

export interface Loader {
  readonly batchesPerEpoch: number;
  /**
   * The batches of an epoch, from number `first` (counted from 0; default 0) on: those before it are not loaded. Order, cuts and flips
   * depend on seed, epoch and sample only, not on timing, prefetch, cache or `first`.
   * Ends with the error of the first picture that cannot be loaded. Leaving the loop early is fine: what is not begun is not loaded.
   */
  epoch(epoch: number, first?: number): AsyncGenerator<Batch, void, void>;
  statistics(): LoaderStatistics;
  /** Ends running epochs and frees the cache; the decoder stays, being its maker's. */
  dispose(): void;
}

/** Separate random streams for the order of an epoch, the transform of a sample, and what stands in for one that cannot be decoded. */
const ORDER = 0x0de4;
const TRANSFORM = 0x7f02;
const SUBSTITUTE = 0x5b57;

/** Draws in search of a picture that can be decoded; a data set that fails them all is broken. */
const MAX_SUBSTITUTES = 100;

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
  const { decoder, onBadImage = 'stop', signal, shard = { rank: 0, size: 1 } } = options;
  whole('shard.size', shard.size, 1);
  whole('shard.rank', shard.rank, 0);
  if (shard.rank >= shard.size)
    reject('createLoader', 'shard.rank', String(shard.rank), `less than shard.size, ${shard.size}`);
  if (!Number.isInteger(seed)) reject('createLoader', 'seed', String(seed), 'an integer');
  if (!(cacheBytes >= 0)) reject('createLoader', 'cacheBytes', String(cacheBytes), 'a number >= 0');
  if (dataset.length < 1)
    reject('createLoader', 'dataset', `${dataset.name} with no samples`, 'at least one sample');

  const round = dropLast ? Math.floor : Math.ceil;
  const batchesPerEpoch = round(dataset.length / batchSize);
  // In eval mode the processes take turns.
  const turns = mode === 'eval' ? shard : { rank: 0, size: 1 };
  const smallest = Math.min(batchSize, dropLast ? batchSize : dataset.length % batchSize || batchSize);
  if (mode === 'train' && smallest < shard.size) {
    const wanted = `at least one for each of ${shard.size} processes: another batch size, or dropLast`;
    reject('createLoader', 'size of the smallest batch', String(smallest), wanted);
  }
  const pictures = new PictureCache(dataset, resize, cacheBytes, decoder);
  const bad = new Map<number, BadImage>();
  const disposal = new AbortController();
  let waitMilliseconds = 0;

  /** The picture, or undefined if it cannot be decoded and may be skipped. */
  const pictureOf = async (index: number, ending: AbortSignal): Promise<Uint8Array | undefined> => {
    if (bad.has(index)) return undefined;
    try {
      return await pictures.get(index, ending);
    } catch (error) {
      if (onBadImage === 'stop' || !(error instanceof ImageDecodeError)) throw error;
      bad.set(index, { id: dataset.imageId(index), index, message: error.message });
      return undefined;
    }
  };

  /** The sample itself or what stands in for it; undefined if it is left out. */
  const sampleAt = async (epoch: number, index: number, ending: AbortSignal): Promise<Sample | undefined> => {
    const picture = await pictureOf(index, ending);
    if (picture) return { index, picture };
    if (mode === 'eval') return undefined;
    const random = new RandomStream(SUBSTITUTE, seed, epoch, index);
    for (let draw = 0; draw < MAX_SUBSTITUTES; draw++) {
      const other = random.integer(dataset.length);
      const substitute = await pictureOf(other, ending);
      if (substitute) return { index: other, picture: substitute };
    }
    throw new DatasetError(
      `${dataset.name}: hardly any image can be decoded, ${MAX_SUBSTITUTES} in a row failed; the first: ${bad.get(index)?.message ?? ''}`,
    );
  };

  const makeBatch = async (
    epoch: number,
    number: number,
    wanted: Uint32Array,
    wholeSize: number,
    ending: AbortSignal,
  ): Promise<Batch> => {
    const found = await Promise.all(Array.from(wanted, (index) => sampleAt(epoch, index, ending)));
    const samples = found.flatMap((sample, position) =>
      sample ? [{ ...sample, place: wanted[position] ?? 0 }] : [],
    );
    const size = samples.length;
    const bytes = resize * resize * 3;
    const images = new Uint8Array(size * bytes);
    const crops = new Int32Array(size * 2);
    const flips = new Uint8Array(size);
    for (const [position, { picture, place }] of samples.entries()) {
      images.set(picture, position * bytes);
      if (mode === 'eval') continue;
      const random = new RandomStream(TRANSFORM, seed, epoch, place);
      crops[position * 2] = random.integer(resize - crop + 1);
      crops[position * 2 + 1] = random.integer(resize - crop + 1);
      flips[position] = random.chance(0.5) ? 1 : 0;
    }
    const indices = Uint32Array.from(samples, ({ index }) => index);
    const labels = indices.map((index) => dataset.label(index));
    const ids = Array.from(indices, (index) => dataset.imageId(index));
    const sides = { height: resize, width: resize, crop };
    const batch = { number, images, size, ...sides, crops, flips, labels, indices, ids };
    return mode === 'train' && shard.size > 1 ? { ...batch, wholeSize } : batch;
  };

  return {
    batchesPerEpoch,
    statistics: () => ({
      waitMilliseconds,
      decoded: pictures.decoded,
      cachedBytes: pictures.bytes,
      badImages: [...bad.values()].toSorted((a, b) => a.index - b.index),
    }),
    dispose() {
      disposal.abort(new DisposedError('the loader was disposed of'));
      pictures.clear();
    },
    async *epoch(epoch, first = 0) {
      if (!Number.isInteger(epoch)) reject('Loader.epoch', 'epoch', String(epoch), 'an integer');
      if (!Number.isInteger(first) || first < 0)
        reject('Loader.epoch', 'first', String(first), 'an integer >= 0');
      const order =
        mode === 'train'
          ? new RandomStream(ORDER, seed, epoch).permutation(dataset.length)
          : Uint32Array.from({ length: dataset.length }, (_, index) => index);
      const leaving = new AbortController();
      const ending = AbortSignal.any([leaving.signal, disposal.signal, ...(signal ? [signal] : [])]);
      const queue: Promise<Batch>[] = [];
      const own = first + ((turns.rank - (first % turns.size) + turns.size) % turns.size);
      let next = own;
      const enqueue = (): void => {
        const whole = order.slice(next * batchSize, (next + 1) * batchSize);
        const share = shareOf(whole.length, mode === 'train' ? shard : { rank: 0, size: 1 });
        const batch = makeBatch(epoch, next, whole.subarray(share.first, share.end), whole.length, ending);
        next += turns.size;
        // A failure is reported when its turn comes; until then, or if the consumer has left, it must not count as unhandled.
        batch.catch(() => undefined);
        queue.push(batch);
      };
      try {
        for (let done = own; done < batchesPerEpoch; done += turns.size) {
          ending.throwIfAborted();
          while (next < batchesPerEpoch && next <= done + prefetch * turns.size) enqueue();
          const ready = queue.shift();
          if (!ready) break;
          const start = performance.now();
          const batch = await unlessAborted(ready, ending);
          waitMilliseconds += performance.now() - start;
          if (batch.size > 0) yield batch;
        }
      } finally {
        leaving.abort();
      }
    },
  };
}

interface Sample {
  readonly index: number;
  /** [resize, resize, 3] */
  readonly picture: Uint8Array;
}

/** Rejects with the signal's reason as soon as it fires. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject: abort } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    abort(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

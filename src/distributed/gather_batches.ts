import type { Communicator } from './communicator.ts';

/** What a batch of images gave: `labels` [N], and `values` [N, any number] of each. */
export interface BatchValues {
  /** Of the batch in the set, from 0. Default: as if rank r of N had batches r, r + N, ... and none were missing. */
  readonly number?: number | undefined;
  readonly labels: Uint32Array;
  readonly probabilities: Float32Array;
}

/**
 * All batches of a set in its order, on every rank, where each has some of them (as a loader in eval mode deals them out): the same bits as one
 * process has. Batches that nobody has (no image of theirs could be read) are left out.
 */
export async function gatherBatches(
  communicator: Communicator,
  own: readonly BatchValues[],
): Promise<BatchValues[]> {
  const { rank, size } = communicator;
  const numbered = own.map((batch, turn) => ({ ...batch, number: batch.number ?? turn * size + rank }));
  const all = (await communicator.allGather(pack(numbered))).flatMap(unpack);
  return all.toSorted((a, b) => a.number - b.number);
}

type NumberedBatch = BatchValues & { readonly number: number };

/** Words: number of batches; number, images and values of each; then labels and values of each. */
function pack(batches: readonly NumberedBatch[]): Uint8Array {
  const sizes = batches.flatMap(({ number, labels, probabilities }) => [
    number,
    labels.length,
    probabilities.length,
  ]);
  const content = batches.reduce(
    (sum, { labels, probabilities }) => sum + labels.length + probabilities.length,
    0,
  );
  const words = new Uint32Array(1 + sizes.length + content);
  words.set([batches.length, ...sizes]);
  let end = 1 + sizes.length;
  for (const { labels, probabilities } of batches) {
    words.set(labels, end);
    end += labels.length;
    new Float32Array(words.buffer, 4 * end, probabilities.length).set(probabilities);
    end += probabilities.length;
  }
  return new Uint8Array(words.buffer);
}

function unpack(bytes: Uint8Array): NumberedBatch[] {
  const { buffer } = bytes.slice();
  const words = new Uint32Array(buffer);
  const count = words[0] ?? 0;
  let end = 1 + 3 * count;
  return Array.from({ length: count }, (_, batch) => {
    const [number = 0, images = 0, values = 0] = words.subarray(1 + 3 * batch);
    const labels = words.slice(end, end + images);
    const probabilities = new Float32Array(buffer, 4 * (end + images), values).slice();
    end += images + values;
    return { number, labels, probabilities };
  });
}

/** Sums of counts over all ranks, in float64. */
export function sumCounts(communicator: Communicator): (counts: Float64Array) => Promise<Float64Array> {
  return async (counts) => {
    const all = await communicator.allGather(new Uint8Array(counts.slice().buffer));
    const sums = new Float64Array(counts.length);
    for (const bytes of all)
      for (const [index, value] of new Float64Array(bytes.slice().buffer).entries())
        sums[index] = (sums[index] ?? 0) + value;
    return sums;
  };
}

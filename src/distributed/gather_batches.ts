import type { Communicator } from './communicator.ts';

/** What a batch of images gave: `labels` [N], and `values` [N, any number] of each. */
export interface BatchValues {
  readonly labels: Uint32Array;
  readonly probabilities: Float32Array;
}

/**
 * All batches of a set in its order, on every rank, where rank r of N has batches r, r + N, ... (as a loader in eval mode deals them
 * out): the same bits as one process has.
 */
export async function gatherBatches(
  communicator: Communicator,
  own: readonly BatchValues[],
): Promise<BatchValues[]> {
  const all = await communicator.allGather(pack(own));
  const ranks = all.map(unpack);
  const batches: BatchValues[] = [];
  const most = Math.max(...ranks.map(({ length }) => length));
  for (let turn = 0; turn < most; turn++)
    for (const rank of ranks) {
      const batch = rank[turn];
      if (batch !== undefined) batches.push(batch);
    }
  return batches;
}

/** Words: number of batches; images and values of each; then labels and values of each. */
function pack(batches: readonly BatchValues[]): Uint8Array {
  const sizes = batches.flatMap(({ labels, probabilities }) => [labels.length, probabilities.length]);
  const words = new Uint32Array(1 + sizes.length + sizes.reduce((sum, size) => sum + size, 0));
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

function unpack(bytes: Uint8Array): BatchValues[] {
  const { buffer } = bytes.slice();
  const words = new Uint32Array(buffer);
  const count = words[0] ?? 0;
  let end = 1 + 2 * count;
  return Array.from({ length: count }, (_, batch) => {
    const [images = 0, values = 0] = words.subarray(1 + 2 * batch);
    const labels = words.slice(end, end + images);
    const probabilities = new Float32Array(buffer, 4 * (end + images), values).slice();
    end += images + values;
    return { labels, probabilities };
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

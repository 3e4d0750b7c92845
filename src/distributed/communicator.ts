/**
 * Several processes that work as one: what they can say to each other. Every process (rank) of a job must make the same calls in the
 * same order; calls that overlap in time on one rank run one after the other, in the order in which they were made.
 */
export interface Communicator {
  /** Of this process, 0 to size - 1. */
  readonly rank: number;
  /** Processes in the job. */
  readonly size: number;
  /** Of this process among those on its host, from 0: which of the host's GPUs is its own. */
  readonly localRank: number;
  /** Name of every rank's host. */
  readonly hosts: readonly string[];
  /** In words: "Open MPI 4.1.4, rank 1 of 2 on node07". */
  readonly description: string;
  /**
   * The sum over all ranks, element by element, on every rank. Added in float64 in the order of the ranks and rounded once, so
   * the bits depend neither on the MPI library and its algorithms nor on time, and are the same on every rank. All ranks must pass equal lengths.
   */
  allReduce(values: Float32Array): Promise<Float32Array>;
  /** The values of every rank, one behind the other in the order of the ranks; in one round. All must pass equal lengths. */
  allGatherFloats(values: Float32Array): Promise<Float32Array>;
  /** What every rank passed, in the order of the ranks; lengths may differ. */
  allGather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** What rank `root` (default 0) passed. The others' own bytes are ignored. */
  broadcast(bytes: Uint8Array, root?: number): Promise<Uint8Array>;
  /** Settles when every rank has called it. */
  barrier(): Promise<void>;
  /** Ends the processes of all ranks with this exit code (default 1), at once. */
  abort(code?: number): void;
  /** To be called once, by every rank, when all is done: leaves the job in good order. */
  close(): Promise<void>;
}

/** One process by itself: every call gives what it was given. */
export const alone: Communicator = {
  rank: 0,
  size: 1,
  localRank: 0,
  hosts: ['localhost'],
  description: 'one process',
  allReduce: (values) => Promise.resolve(values.slice()),
  allGatherFloats: (values) => Promise.resolve(values.slice()),
  allGather: (bytes) => Promise.resolve([bytes.slice()]),
  broadcast: (bytes) => Promise.resolve(bytes.slice()),
  barrier: () => Promise.resolve(),
  abort: () => undefined,
  close: () => Promise.resolve(),
};

/** Elements that are added up at a time: what stays in a core's cache. */
const BLOCK = 4096;

/** The sum of equally long parts that lie one behind the other, added in float64 in their order and rounded once. */
export function orderedSum(parts: Float32Array, count: number): Float32Array {
  const length = parts.length / count;
  const result = new Float32Array(length);
  const sums = new Float64Array(BLOCK);
  for (let first = 0; first < length; first += BLOCK) {
    const size = Math.min(BLOCK, length - first);
    sums.fill(0);
    for (let part = 0; part < count; part++) {
      const offset = part * length + first;
      for (let i = 0; i < size; i++) sums[i] = (sums[i] ?? 0) + (parts[offset + i] ?? 0);
    }
    result.set(size === BLOCK ? sums : sums.subarray(0, size), first);
  }
  return result;
}

/** Which of `count` things are a rank's, when they are dealt out in order as evenly as can be: from `first` up to `end`. */
export function shareOf(
  count: number,
  { rank, size }: { readonly rank: number; readonly size: number },
): { readonly first: number; readonly end: number } {
  return { first: Math.floor((count * rank) / size), end: Math.floor((count * (rank + 1)) / size) };
}

/** JSON of every rank, in the order of the ranks. */
export async function gatherJson<Value>(communicator: Communicator, value: Value): Promise<Value[]> {
  const all = await communicator.allGather(new TextEncoder().encode(JSON.stringify(value)));
  return all.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Value);
}

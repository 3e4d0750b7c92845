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
   * In `target` (as long; may be `values`) where it is given, else in memory of its own.
   */
  allReduce(values: Float32Array, target?: Float32Array): Promise<Float32Array>;
  /** The values of every rank, one behind the other in the order of the ranks; in one round. All must pass equal lengths. */
  allGatherFloats(values: Float32Array): Promise<Float32Array>;
  /** What every rank passed, in the order of the ranks; lengths may differ. */
  allGather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** What rank `root` (default 0) passed. The others' own bytes are ignored. */
  broadcast(bytes: Uint8Array, root?: number): Promise<Uint8Array>;
  /** Settles when every rank has called it. */
  barrier(): Promise<void>;
  /** Ends the processes of all ranks with this exit code (default 1), as soon as what was written has been passed on. */
  abort(code?: number): Promise<void>;
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
  allReduce(values, target = new Float32Array(values.length)) {
    target.set(values);
    return Promise.resolve(target);
  },
  allGatherFloats: (values) => Promise.resolve(values.slice()),
  allGather: (bytes) => Promise.resolve([bytes.slice()]),
  broadcast: (bytes) => Promise.resolve(bytes.slice()),
  barrier: () => Promise.resolve(),
  abort: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** Elements that are added up at a time: what stays in a core's cache. */
const BLOCK = 4096;

/** The sum of equally long parts, added in float64 in their order and rounded once, in `target`, which may be one of them. */
export function orderedSum(
  parts: readonly Float32Array[],
  target: Float32Array = new Float32Array(parts[0]?.length ?? 0),
): Float32Array {
  const sums = new Float64Array(BLOCK);
  const [head = target, ...others] = parts;
  const last = others.pop();
  if (last === undefined) target.set(head);
  else
    for (let first = 0; first < target.length; first += BLOCK) {
      const size = Math.min(BLOCK, target.length - first);
      for (let i = 0; i < size; i++) sums[i] = head[first + i] ?? 0;
      for (const part of others)
        for (let i = 0; i < size; i++) sums[i] = (sums[i] ?? 0) + (part[first + i] ?? 0);
      for (let i = 0; i < size; i++) target[first + i] = (sums[i] ?? 0) + (last[first + i] ?? 0);
    }
  return target;
}

/** Parts of `length` that lie one behind the other. */
export function partsOf(values: Float32Array, length: number): Float32Array[] {
  return Array.from({ length: values.length / length }, (_, part) =>
    values.subarray(part * length, (part + 1) * length),
  );
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

import type { Communicator } from '../../src/distributed/communicator.ts';
import { orderedSum } from '../../src/distributed/communicator.ts';

/** Communicators of several "ranks" within one process, for tests without MPI: a call settles when all ranks have made theirs. */
export function connectInProcess(size: number): Communicator[] {
  const calls: {
    readonly name: string;
    readonly values: unknown[];
    readonly done: PromiseWithResolvers<void>;
  }[] = [];
  const next = Array.from({ length: size }, () => 0);

  /** Everybody's value; throws when ranks make different calls, which would be a deadlock under MPI. */
  async function meet<Value>(rank: number, name: string, value: Value): Promise<Value[]> {
    const number = next[rank] ?? 0;
    next[rank] = number + 1;
    const call = (calls[number] ??= { name, values: [], done: Promise.withResolvers<void>() });
    if (call.name !== name)
      throw new Error(`call ${number}: ${name} on rank ${rank}, ${call.name} on others`);
    call.values[rank] = value;
    if (Object.keys(call.values).length === size) call.done.resolve();
    await call.done.promise;
    return call.values as Value[];
  }

  const concatenate = (parts: readonly Float32Array[]): Float32Array =>
    Float32Array.from(parts.flatMap((part) => [...part]));
  return next.map((_, rank) => ({
    rank,
    size,
    localRank: rank,
    hosts: next.map(() => 'here'),
    description: `rank ${rank} of ${size} in one process`,
    async allReduce(values, target) {
      return orderedSum(await meet(rank, `allReduce of ${values.length}`, values.slice()), target);
    },
    async allGatherFloats(values) {
      return concatenate(await meet(rank, `allGatherFloats of ${values.length}`, values.slice()));
    },
    allGather: (bytes) => meet(rank, 'allGather', bytes.slice()),
    async broadcast(bytes, root = 0) {
      return (await meet(rank, `broadcast of ${root}`, bytes.slice()))[root] ?? new Uint8Array();
    },
    async barrier() {
      await meet(rank, 'barrier', null);
    },
    abort: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }));
}

/** What communicator.test.ts runs on every rank: each call once or more, its results as one line of JSON. */
import { fingerprintOf, hostileNumbers } from './hostile_numbers.ts';
import { openCommunicator } from '../../src/distributed/open.node.ts';

const communicator = await openCommunicator();
const { rank, size } = communicator;

// Not waited for one by one: they must keep their order all the same.
const small = communicator.allReduce(hostileNumbers(rank, 1000));
const large = communicator.allReduce(hostileNumbers(rank, 100_003));
const tiny = communicator.allReduce(Float32Array.of(rank + 1));
const gathered = communicator.allGather(new Uint8Array(rank * 70_000 + 1).fill(rank + 1));
const said = communicator.broadcast(new TextEncoder().encode(`rank ${rank} speaks`), size - 1);
await communicator.barrier();
const parts = await gathered;
console.log(
  JSON.stringify({
    rank,
    size,
    localRank: communicator.localRank,
    hosts: communicator.hosts.length,
    description: communicator.description,
    small: fingerprintOf(await small),
    large: fingerprintOf(await large),
    tiny: [...(await tiny)],
    gathered: parts.map((part) => [part.length, part[0], part.at(-1)]),
    said: new TextDecoder().decode(await said),
  }),
);
await communicator.close();

/** What silence_watch.test.ts runs: the last rank falls silent, as the first argument says; the others wait for it. */
import { openCommunicator } from '../../src/distributed/open.node.ts';

const [how = 'busy', timeoutSeconds = '2'] = process.argv.slice(2);
const communicator = await openCommunicator({ timeoutSeconds: Number(timeoutSeconds) });
await communicator.barrier();
const isSilent = communicator.rank === (how === 'first' ? 0 : communicator.size - 1);
if (isSilent && how === 'dead') process.kill(process.pid, 'SIGKILL');
// Stopped it answers nobody; late, it answers questions but does not come.
if (isSilent && how !== 'late') process.kill(process.pid, 'SIGSTOP');
if (isSilent) await new Promise((resolve) => setTimeout(resolve, 60_000));
await communicator.allReduce(Float32Array.of(1));
await communicator.close();

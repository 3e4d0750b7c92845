/** What silence_watch.test.ts runs: the last rank falls silent, as the first argument says; the others wait for it. */
import { openCommunicator } from '../../src/distributed/open.node.ts';
import { SilenceWatch } from '../../src/distributed/silence_watch.node.ts';

const [how = 'busy', timeoutSeconds = '2'] = process.argv.slice(2);
const communicator = await openCommunicator({ timeoutSeconds: Number(timeoutSeconds) });
await communicator.barrier();
const isSilent = communicator.rank === (how === 'first' ? 0 : communicator.size - 1);
if (how === 'inside') {
  // Comes, and stops when its values have begun to move: the others wait within the call.
  let calls = 0;
  const begin = Object.getOwnPropertyDescriptor(SilenceWatch.prototype, 'begin')?.value as () => void;
  SilenceWatch.prototype.begin = function (this: SilenceWatch): void {
    begin.call(this);
    calls += 1;
    // The first is that all have come.
    if (isSilent && calls === 2) setImmediate(() => process.kill(process.pid, 'SIGSTOP'));
  };
  await communicator.allReduce(new Float32Array(10_000_000));
}
if (isSilent && how === 'dead') process.kill(process.pid, 'SIGKILL');
// Stopped it answers nobody; late, it answers questions but does not come.
if (isSilent && how !== 'late') process.kill(process.pid, 'SIGSTOP');
if (isSilent) await new Promise((resolve) => setTimeout(resolve, 60_000));
await communicator.allReduce(Float32Array.of(1));
await communicator.close();

/** A command that runs as several processes at once, under mpirun, srun or the like: what each of its ranks does for that. */
import type { Communicator } from '../src/distributed/communicator.ts';
import type { OpenOptions } from '../src/runtime/open.ts';
import { counted } from '../src/report/counted.ts';
import { errorMessage } from './error_message.ts';
import { openCommunicator } from '../src/distributed/open.node.ts';
import { wholeNumber } from './options.ts';
import { Option } from 'commander';

/** Of several ranks that fail alike (an option that does not fit, say) the first one tells, and the others are ended before they do. */
const OTHERS_WAIT_MILLISECONDS = 1000;

/** `--rank-timeout`, for every command that runs as several processes. */
export function rankTimeoutOption(): Option {
  return new Option(
    '--rank-timeout <seconds>',
    'under mpirun or srun: how long a process waits for the others before it names those that are silent and ends the job',
  )
    .default(600)
    .argParser(wholeNumber(1));
}

/**
 * Runs a command's work with the communicator of its job. Ranks but the first say nothing on stdout. A rank that fails tells of it,
 * naming itself and its host, and ends the whole job: the others would wait for it.
 */
export async function asJob(
  timeoutSeconds: number,
  work: (communicator: Communicator) => Promise<void>,
): Promise<void> {
  const communicator = await openCommunicator({ timeoutSeconds });
  const { rank, size, hosts } = communicator;
  if (size === 1) {
    await work(communicator);
    await communicator.close();
    return;
  }
  const { log } = console;
  if (rank === 0) log(`${communicator.description}; ranks on ${counted(new Set(hosts).size, 'host')}`);
  else console.log = () => undefined;
  try {
    await work(communicator);
  } catch (error) {
    if (rank > 0) await new Promise((resolve) => setTimeout(resolve, OTHERS_WAIT_MILLISECONDS + 10 * rank));
    const message = errorMessage(error);
    const name = `calm: rank ${rank} on ${hosts[rank] ?? 'its host'}:`;
    if (message === null) console.error(name, error);
    else console.error(`${name} ${message}`);
    await communicator.abort(1);
    process.exit(1);
  } finally {
    console.log = log;
  }
  await communicator.close();
}

/**
 * For the engine of a rank: of the adapters in a list between commas that of its place among its host's ranks, beginning again at the
 * end; and how many there are to share the host's memory.
 */
export function engineOptionsOf(
  adapter: string | undefined,
  { rank, localRank, hosts }: Communicator,
): OpenOptions {
  const names = adapter?.split(',').map((name) => name.trim());
  const processes = hosts.filter((host) => host === hosts[rank]).length;
  return { adapter: names?.[localRank % names.length], processes };
}

import type { Communicator } from './communicator.ts';
import { alone } from './communicator.ts';
import { fstatSync } from 'node:fs';
import { initialiseMpi } from './mpi_library.node.ts';
import { launchedRank } from './launcher.node.ts';
import { MpiCommunicator } from './mpi_communicator.node.ts';
import { UnsupportedError } from '../runtime/errors.ts';

/** How to meet the other ranks. */
export interface CommunicatorOptions {
  /**
   * Seconds that a rank waits for the others before it names those that are silent and ends the job. Default: 600: compilation of a first step's
   * kernels and one rank's slow disk must fit.
   */
  readonly timeoutSeconds?: number;
}

/** MPI is initialised once in a process. */
let opened: Promise<Communicator> | null = null;

/**
 * The communicator of this process: MPI's where mpirun, srun or another launcher started it as one of several, else `alone`. The environment variable
 * CALM_MPI names the library (a path or a soname), or is `none` to keep to oneself.
 * @throws UnsupportedError when the process was started by a launcher and its MPI library or the package koffi is missing,
 * belongs to another launcher, or is of an unknown family
 */
export function openCommunicator(options: CommunicatorOptions = {}): Promise<Communicator> {
  opened ??= open(options);
  return opened;
}

async function open({ timeoutSeconds = 600 }: CommunicatorOptions): Promise<Communicator> {
  const launched = launchedRank(process.env);
  if (launched === null) return alone;
  checkLauncherDescriptor(process.env['PMI_FD']);
  return MpiCommunicator.open(await initialiseMpi(launched, process.env), timeoutSeconds);
}

/**
 * MPICH's mpirun gives each rank an open socket to speak through. A program between the two, npx above all, may close it, and MPI_Init then
 * crashes the process.
 */
function checkLauncherDescriptor(descriptor: string | undefined): void {
  if (descriptor === undefined) return;
  try {
    if (fstatSync(Number(descriptor)).isSocket()) return;
  } catch {
    // It is closed, or no number.
  }
  throw new UnsupportedError(
    `MPI: the descriptor ${descriptor} by which mpirun reaches this rank (PMI_FD) did not come through; npx closes it: start node_modules/.bin/calm, in a clone tools/calm.mjs, instead of npx calm`,
  );
}

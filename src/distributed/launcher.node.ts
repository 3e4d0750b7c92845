/** Whether, and by whom, this process was started as one of several: what launchers leave in the environment. */

/** The kinds of MPI libraries, by what their handles are: see mpi_library.node.ts. */
export type MpiFamily = 'mpich' | 'openmpi' | 'abi';

/** A process's place in a job, as its launcher has it. */
export interface LaunchedRank {
  /** In words: "mpirun of Open MPI". */
  readonly launcher: string;
  readonly rank: number;
  readonly size: number;
  /** Of the library that belongs to the launcher; null where any may. */
  readonly family: MpiFamily | null;
}

interface Launcher {
  readonly name: string;
  readonly rank: string;
  readonly size: string;
  readonly family: MpiFamily | null;
}

/** Looked through in this order: Open MPI sets the variables of PMIx too, and Slurm those of whatever it was told to speak. */
const LAUNCHERS: readonly Launcher[] = [
  {
    name: 'mpirun of Open MPI',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
    family: 'openmpi',
  },
  {
    name: 'a launcher that speaks PMI (MPICH, Intel MPI)',
    rank: 'PMI_RANK',
    size: 'PMI_SIZE',
    family: 'mpich',
  },
  // Slurm's batch step has SLURM_PROCID too; only srun says how many tasks its step has.
  { name: 'srun of Slurm', rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS', family: null },
  // PRRTE alone (Open MPI 5) names no size; the library knows it.
  { name: 'a launcher that speaks PMIx', rank: 'PMIX_RANK', size: 'PMIX_SIZE', family: null },
];

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

/**
 * The place that a launcher gave this process; null when none did, or when CALM_MPI is `none`. A job of one process counts:
 * its library has to be initialised all the same, or Open MPI's launcher complains at the end.
 */
export function launchedRank(environment: Readonly<Record<string, string | undefined>>): LaunchedRank | null {
  if (environment['CALM_MPI'] === 'none') return null;
  for (const { name, rank, size, family } of LAUNCHERS) {
    const own = wholeNumber(environment[rank]);
    const all = wholeNumber(environment[size]);
    if (own === null || (all === null && size !== 'PMIX_SIZE')) continue;
    return { launcher: name, rank: own, size: all ?? 0, family };
  }
  return null;
}

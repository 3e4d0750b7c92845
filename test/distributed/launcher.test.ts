import { expect, test } from 'vitest';
import { launchedRank } from '../../src/distributed/launcher.node.ts';

test('ranks are told by what their launchers leave in the environment', () => {
  const openMpi = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '1', SLURM_PROCID: '0' };
  expect(launchedRank(openMpi)).toMatchObject({ rank: 1, size: 4, family: 'openmpi' });
  expect(launchedRank({ PMI_RANK: '0', PMI_SIZE: '2' })).toMatchObject({ rank: 0, size: 2, family: 'mpich' });
  const slurm = { SLURM_PROCID: '3', SLURM_STEP_NUM_TASKS: '8', SLURM_NTASKS: '8' };
  expect(launchedRank(slurm)).toMatchObject({ rank: 3, size: 8, family: null });
  expect(launchedRank({ PMIX_RANK: '2' })).toMatchObject({ rank: 2, family: null });
});

test('a process that nobody launched is alone, and so is a Slurm batch script', () => {
  expect(launchedRank({})).toBeNull();
  expect(launchedRank({ SLURM_PROCID: '0', SLURM_NTASKS: '8' })).toBeNull();
  expect(launchedRank({ PMI_RANK: '0', PMI_SIZE: '2', CALM_MPI: 'none' })).toBeNull();
});

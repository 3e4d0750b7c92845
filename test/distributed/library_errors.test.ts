import { describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

/** What a process says that believes to have been started by a launcher, with another koffi, or none, where wanted. */
function saidBy(environment: Readonly<Record<string, string>>, koffi?: string): string {
  const hook = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(name, context, next) {
        if (name !== 'koffi') return next(name, context);
        ${koffi === undefined ? 'return next(name, context);' : koffi}
      },
    });`;
  const values = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`];
  const script = join(import.meta.dirname, 'communicator_rank.ts');
  const { stderr, status } = spawnSync(process.execPath, [...values, script], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  expect(status).not.toBe(0);
  return /UnsupportedError: (.*)/.exec(stderr)?.[1] ?? stderr;
}

const MPICH = { PMI_RANK: '0', PMI_SIZE: '2' };
const OPEN_MPI = { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '2' };

describe('a process that was launched says what is missing', () => {
  test('koffi', () => {
    expect(saidBy(MPICH, "throw new Error('not installed');")).toBe(
      'started by a launcher that speaks PMI (MPICH, Intel MPI), but MPI is reached through the package koffi, which is not installed: ' +
        'npm install koffi (or set CALM_MPI=none: every process then works by itself)',
    );
  });

  test('the library, where to get it, and how to name it', () => {
    const loadsNothing = 'export default { load() { throw new Error(0); } };';
    const koffi = `return { url: 'data:text/javascript,${encodeURIComponent(loadsNothing)}', shortCircuit: true };`;
    expect(saidBy(OPEN_MPI, koffi)).toMatch(
      /^started by mpirun of Open MPI, but its MPI library is not to be found \(tried libmpi\.so\.40, .*libmpi_abi\.so\); install it \(libopenmpi3 on Debian 12, or .*\), or name it with CALM_MPI=/,
    );
    expect(saidBy(MPICH, koffi)).toMatch(/tried libmpich\.so\.12, .*install it \(libmpich12 on Debian 12/);
  });

  test('a library that is named and is not there, or no MPI', () => {
    expect(saidBy({ ...MPICH, CALM_MPI: '/nowhere/libmpi.so' })).toMatch(
      /^CALM_MPI=\/nowhere\/libmpi\.so cannot be loaded: /,
    );
    expect(saidBy({ ...MPICH, CALM_MPI: 'libm.so.6' })).toMatch(
      /^CALM_MPI=libm\.so\.6 belongs to no known family of MPI libraries; wanted MPICH .*, Open MPI, or libmpi_abi\.so of MPI 5/,
    );
  });
});

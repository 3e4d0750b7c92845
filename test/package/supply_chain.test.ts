/** What is installed, and how a release is made. */
import { describe, expect, test } from 'vitest';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

type Versions = Readonly<Record<string, string>>;
interface Manifest {
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly scripts?: Versions;
}
interface Lock {
  readonly packages: Readonly<
    Record<string, Manifest & { readonly integrity?: string; readonly resolved?: string }>
  >;
}

const PROJECTS = ['.', 'bench/compare', 'docs/api'];
const manifest = (folder: string): Manifest => JSON.parse(read(join(folder, 'package.json'))) as Manifest;
const lock = (folder: string): Lock => JSON.parse(read(join(folder, 'package-lock.json'))) as Lock;

describe.each(PROJECTS)('%s', (folder) => {
  test('asks for exact versions, and the lock file has the same', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest(folder);
    const locked = lock(folder).packages[''] ?? {};
    const wanted = { dependencies, devDependencies, optionalDependencies };
    const versions = Object.values(wanted).flatMap((each) => Object.values(each ?? {}));
    expect(versions.length).toBeGreaterThan(0);
    for (const version of versions) expect(version).toMatch(/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/);
    expect({
      dependencies: locked.dependencies,
      devDependencies: locked.devDependencies,
      optionalDependencies: locked.optionalDependencies,
    }).toEqual(wanted);
  });

  test('the lock file has the checksum of everything, and names no other place to get it from', () => {
    const entries = Object.entries(lock(folder).packages).filter(([path]) => path !== '');
    expect(entries.length).toBeGreaterThan(5);
    for (const [path, { integrity = '', resolved }] of entries) {
      expect(integrity, path).toMatch(/^sha512-/);
      expect(resolved, path).toBeUndefined();
    }
  });
});

test('the list of licences and install scripts is up to date, and every licence is permissive', () => {
  execFileSync(process.execPath, [join(root, 'tools', 'dependencies.ts'), '--check']);
  expect(read('docs/dependencies.md')).toMatch(/\| webgpu +\| [\d.]+ +\| MIT/);
});

test('installing the package runs nothing of ours', () => {
  expect(
    Object.keys(manifest('.').scripts ?? {}).filter((name) => /^(pre|post)?install$/.test(name)),
  ).toEqual([]);
});

describe('the workflow that publishes', () => {
  const workflow = read('.github/workflows/publish.yml');

  test('signs where the package comes from, and may do nothing else', () => {
    expect(workflow).toMatch(/^permissions: \{\}$/m);
    expect(workflow).toMatch(
      /^ {4}permissions:\n {6}contents: read\n(?: {6}#.*\n)* {6}id-token: write\n {4}steps:/m,
    );
    expect(workflow).toContain('npm publish --provenance');
  });

  test('takes actions by their commits, and checks before it publishes', () => {
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action);
    expect(actions.length).toBeGreaterThan(1);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    const steps = ['npm ci', 'npm audit\n', 'npm audit signatures', '.ci/run', 'npm publish'];
    const places = steps.map((step) => workflow.indexOf(step));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places.toSorted((first, second) => first - second)).toEqual(places);
  });
});

import { describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { trainCommand } from '../../tools/commands/train.ts';

const folder = join(import.meta.dirname, '../../docs/distributed');
const script = join(folder, 'train.sbatch');

const succeeds = (command: string, ...values: string[]): boolean =>
  spawnSync(command, values, { stdio: 'ignore' }).status === 0;
const skipUnless = (there: boolean, what: string): string =>
  there ? '' : ` (skipped: ${what} is not installed)`;

/** The options of `calm train` that a text uses. */
function optionsIn(text: string): string[] {
  const ours = text.split('\n').filter((line) => !/^\s*#|srun|mpirun/.test(line));
  const called = text.match(/calm train .*/g) ?? [];
  return [...ours, ...called].flatMap((line) => line.match(/(?<= |\()--[a-z-]+/g) ?? []);
}

describe('the Slurm script', () => {
  test('is valid bash', () => {
    const { status, stderr } = spawnSync('bash', ['-n', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  const hasShellcheck = succeeds('shellcheck', '--version');
  test.skipIf(!hasShellcheck)(`passes shellcheck${skipUnless(hasShellcheck, 'shellcheck')}`, () => {
    const { stdout } = spawnSync('shellcheck', [script], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  test('has its directives before the first command, where sbatch reads them', () => {
    const lines = readFileSync(script, 'utf8').split('\n');
    const firstCommand = lines.findIndex((line) => line !== '' && !line.startsWith('#'));
    const last = lines.findLastIndex((line) => line.startsWith('#SBATCH'));
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThan(firstCommand);
  });
});

const hasYaml = succeeds('python3', '-c', 'import yaml');
test.skipIf(!hasYaml)(`the MPIJob is YAML of that kind${skipUnless(hasYaml, "Python's yaml")}`, () => {
  const program = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
  const { stdout, stderr } = spawnSync('python3', ['-c', program, join(folder, 'mpijob.yaml')], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const job = JSON.parse(stdout) as {
    readonly spec: {
      readonly mpiReplicaSpecs: Record<string, { readonly template: { readonly spec: PodSpec } }>;
    };
  };
  expect(job).toMatchObject({ apiVersion: 'kubeflow.org/v2beta1', kind: 'MPIJob' });
  const { Launcher, Worker } = job.spec.mpiReplicaSpecs;
  for (const replica of [Launcher, Worker]) {
    const { containers, volumes } = replica?.template.spec ?? { containers: [], volumes: [] };
    expect(containers).toHaveLength(1);
    const names = volumes.map(({ name }) => name);
    for (const { volumeMounts } of containers)
      for (const { name } of volumeMounts) expect(names).toContain(name);
  }
  const [text = ''] = Launcher?.template.spec.containers[0]?.args ?? [];
  const checked = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
  expect(checked.stderr).toBe('');
  expect(text).toContain('calm train');
});

interface PodSpec {
  readonly containers: readonly {
    readonly args?: readonly string[];
    readonly volumeMounts: readonly { readonly name: string }[];
  }[];
  readonly volumes: readonly { readonly name: string }[];
}

test('both give calm train options that it has', () => {
  const known = new Set(trainCommand().options.map(({ long }) => long));
  for (const file of ['train.sbatch', 'mpijob.yaml']) {
    const options = optionsIn(readFileSync(join(folder, file), 'utf8'));
    expect(options.length).toBeGreaterThan(6);
    for (const option of options) expect(known, `${option} of ${file}`).toContain(option);
  }
});

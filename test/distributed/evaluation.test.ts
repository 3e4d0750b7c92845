import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeMpi, startRanks } from './launchers.ts';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

const CALM = join(import.meta.dirname, '../../tools/calm.ts');

/** Runs the command line as one process. */
function calm(values: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [CALM, ...values], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`calm ${values.join(' ')}: ${stderr}`);
}

let folder = '';
const at = (...path: readonly string[]): string => join(folder, ...path);
const checkpoint = (): string => at('run', 'last.safetensors');
const measurement = (out: string): string[] => [
  ...['evaluate', checkpoint(), '--data', at('data'), '--split', 'test', '--batch', '3', '--size', '32'],
  ...['--interval', '0.05', '--erase', '0.1,0.5', '--draws', '1', '--gallery', '1'],
  ...['--methods', 'joint,grad-cam', '--out', at(out)],
];
let pictures: string[] = [];
const explanation = (out: string): string[] => [
  ...['explain', ...pictures, '--checkpoint', checkpoint(), '--batch', '2', '--out', at(out)],
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-evaluation-'));
  calm([
    ...['train', '--birdlets', '--birdlets-size', '48', '--birdlets-images', '24,4,8', '--data', at('data')],
    ...['--architecture', 'resnet18', '--layers', '1,1', '--widths', '8,16', '--small-stem', '--batch', '8'],
    ...['--epochs', '1', '--evaluate', 'none', '--out', at('run')],
  ]);
  const species = (await readdir(at('data', 'images'))).slice(0, 3);
  const lists = await Promise.all(species.map((name) => readdir(at('data', 'images', name))));
  // Seven good ones in batches of two, and one that cannot be read.
  pictures = species.flatMap((name, i) => (lists[i] ?? []).map((file) => at('data', 'images', name, file)));
  pictures = [...pictures.slice(0, 3), at('missing.png'), ...pictures.slice(3, 7)];
  calm(measurement('evaluated'));
  spawnSync(process.execPath, [CALM, ...explanation('explained')]);
});
afterAll(() => rm(folder, { recursive: true }));

type Json = Readonly<Record<string, unknown>>;
const jsonOf = async (...path: readonly string[]): Promise<Json> =>
  JSON.parse(await readFile(at(...path), 'utf8')) as Json;

describeMpi('sharing images', (launcher) => {
  // Of three batches of eight images one of two ranks has a batch more, and one of four has none.
  test.each([2, 4])('calm evaluate: %i ranks measure what one process does', async (ranks) => {
    const out = `evaluated-${launcher.name}-${ranks}`;
    const { code, stderr } = await startRanks(launcher, ranks, CALM, measurement(out)).result;
    expect(stderr).not.toMatch(/calm:/);
    expect(code).toBe(0);
    const files = await readdir(at('evaluated', 'results'));
    expect(files.length).toBeGreaterThan(8);
    expect(await readdir(at(out, 'results'))).toEqual(files);
    for (const file of files) {
      const [one, both] = await Promise.all(
        ['evaluated', out].map((where) => jsonOf(where, 'results', file)),
      );
      expect(both, file).toEqual(one);
    }
  });

  test('calm explain: the same maps, overlays and list', async () => {
    const out = `explained-${launcher.name}`;
    const { stderr } = await startRanks(launcher, 2, CALM, explanation(out)).result;
    expect(stderr).toContain('missing.png');
    const [one, both] = [
      await jsonOf('explained', 'explanations.json'),
      await jsonOf(out, 'explanations.json'),
    ];
    expect(both['images']).toEqual(one['images']);
    expect((both['images'] as readonly unknown[]).length).toBe(7);
    expect(both['errors']).toEqual(one['errors']);
    const files = await readdir(at('explained'));
    expect(await readdir(at(out))).toEqual(files);
    for (const file of files.filter((name) => name !== 'explanations.json'))
      expect(Buffer.compare(await readFile(at(out, file)), await readFile(at('explained', file))), file).toBe(
        0,
      );
  });
});

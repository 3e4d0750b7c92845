import type { Holder } from '../../tools/training/folder_lock.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { calm, startCalm } from './calm.ts';
import { existsSync, utimesSync } from 'node:fs';
import { FolderLock } from '../../tools/training/folder_lock.ts';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { RunFolder } from '../../tools/training/run_folder.ts';
import { setTimeout } from 'node:timers/promises';
import { spawnSync } from 'node:child_process';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'calm-lock-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function emptyFolder(name: string): Promise<string> {
  await mkdir(join(root, name));
  return join(root, name);
}

const lockOf = (folder: string): string => join(folder, 'run.lock');

const holderOf = async (folder: string): Promise<Holder> =>
  JSON.parse(await readFile(lockOf(folder), 'utf8')) as Holder;

/** A folder with the lock of this process, with other words in it. */
async function heldBy(name: string, changed: Partial<Holder>): Promise<string> {
  const folder = await emptyFolder(name);
  const lock = await FolderLock.take(folder);
  const holder = await holderOf(folder);
  lock.release();
  await writeFile(lockOf(folder), `${JSON.stringify({ ...holder, id: 'before', ...changed })}\n`);
  return folder;
}

describe("a run folder's lock", () => {
  test('is for one at a time, says whose it is, and is given back', async () => {
    const folder = await emptyFolder('once');
    const lock = await FolderLock.take(folder);
    await expect(FolderLock.take(folder)).rejects.toThrow(
      `--out: ${folder} is in use by process ${process.pid} on ${hostname()} (since `,
    );
    lock.release();
    expect(await readdir(folder)).toEqual([]);
    (await FolderLock.take(folder)).release();
  });

  test('is given back by a process that ends at once', async () => {
    const folder = await emptyFolder('exit');
    const module = join(import.meta.dirname, '../../tools/training/folder_lock.ts');
    const text = `import { FolderLock } from '${module}'; await FolderLock.take('${folder}'); process.exit(130);`;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', text]);
    expect(status).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each<readonly [string, () => Partial<Holder>]>([
    ['that has ended', () => ({ process: spawnSync(process.execPath, ['--version']).pid })],
    // Which holds where the system says when a process began: on Linux.
    ...(process.platform === 'linux'
      ? ([['whose number is that of another one now', () => ({ birth: '1' })]] as const)
      : []),
  ])('is taken over from a process %s', async (what, changed) => {
    const folder = await heldBy(what, changed());
    const lock = await FolderLock.take(folder);
    expect(await holderOf(folder)).toMatchObject({ process: process.pid });
    lock.release();
  });

  test('is taken over where its writer was killed in the middle', async () => {
    for (const [place, text] of ['', '{"host":"x","pro', '{"host":"x"}'].entries()) {
      const folder = await emptyFolder(`torn-${place}`);
      await writeFile(lockOf(folder), text);
      (await FolderLock.take(folder)).release();
      expect(existsSync(lockOf(folder))).toBe(false);
    }
  });

  test('of another host counts as long as it gives signs of life', async () => {
    const times = { beat: 20, silence: 400 };
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const folder = await heldBy('elsewhere', { host: 'node7' });
    const beats = setInterval(() => utimesSync(lockOf(folder), new Date(), new Date()), times.beat);
    await expect(FolderLock.take(folder, times)).rejects.toThrow(`process ${process.pid} on node7`);
    clearInterval(beats);
    (await FolderLock.take(folder, times)).release();
    expect(log).toHaveBeenCalledWith(expect.stringContaining('unless that gives a sign of life in 0.4 s'));
    log.mockRestore();
  });

  test('shows that its holder lives', async () => {
    const folder = await emptyFolder('beats');
    const lock = await FolderLock.take(folder, { beat: 20, silence: 400 });
    utimesSync(lockOf(folder), 1, 1);
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const holder = await holderOf(folder);
    await writeFile(lockOf(folder), `${JSON.stringify({ ...holder, host: 'node7' })}\n`);
    await expect(FolderLock.take(folder, { beat: 20, silence: 400 })).rejects.toThrow('on node7');
    log.mockRestore();
    lock.release();
  });

  test('that was taken over keeps a run from saving', async () => {
    const path = join(root, 'stopped');
    const folder = new RunFolder(path);
    await folder.make();
    await folder.begin();
    folder.addLine({ kind: 'session' });
    await folder.syncLog();
    const holder = await holderOf(path);
    await writeFile(lockOf(path), `${JSON.stringify({ ...holder, id: 'other', host: 'node7' })}\n`);
    await expect(folder.syncLog()).rejects.toThrow(/process \d+ on node7 .* has taken the run over/);
    folder.release();
    expect(existsSync(lockOf(path))).toBe(true);
  });
});

describe('a new run', () => {
  test('removes what runs leave, and nothing else', async () => {
    const path = await emptyFolder('used');
    const uuid = '01234567-89ab-cdef-0123-456789abcdef';
    const own = [`.last.safetensors.${uuid}.part`, 'log.jsonl', 'events.out.tfevents.0000000001.calm'];
    const others = ['.film.mkv.part', `.film.mkv.${uuid}.part`, 'events.out.tfevents.1.host', 'notes.txt'];
    for (const name of [...own, ...others]) await writeFile(join(path, name), '{"kind":"session"}\n');
    await new RunFolder(path).begin();
    expect((await readdir(path)).toSorted()).toEqual(others.toSorted());
  });

  test('leaves a log alone that is no run’s', async () => {
    const path = await emptyFolder('log');
    await writeFile(join(path, 'log.jsonl'), '{"level":"info"}\n');
    await expect(new RunFolder(path).begin()).rejects.toThrow("log.jsonl is no run's; move it away");
    expect(await readFile(join(path, 'log.jsonl'), 'utf8')).toBe('{"level":"info"}\n');
  });
});

describe('calm train', () => {
  const parameters = (out: string, seed: number): string[] => [
    ...['train', '--birdlets', '--birdlets-size', '48', '--birdlets-images', '24,4,4', '--workers', '0'],
    ...['--architecture', 'resnet18', '--layers', '1,1', '--widths', '8,16', '--small-stem', '--batch', '2'],
    ...['--epochs', '50', '--save-every', '1', '--data', join(root, 'birdlets'), '--seed', `${seed}`],
    ...['--out', out],
  ];

  test('lets nobody else into the folder of a run, and says who is in it; the run goes on', async () => {
    const out = join(root, "it's run 3");
    const { child, ended } = startCalm(...parameters(out, 1));
    while (child.exitCode === null && !existsSync(join(out, 'last.safetensors'))) await setTimeout(5);
    const others = await Promise.all([
      calm('train', '--resume', '--out', out, '--epochs', '9'),
      calm(...parameters(out, 2), '--print-config'),
    ]);
    const refused = `in use by process ${child.pid} on ${hostname()}`;
    expect(others.map(({ code, errors }) => [code, errors.includes(refused)])).toEqual([
      [1, true],
      [0, false],
    ]);
    const second = await calm(...parameters(out, 2));
    expect([second.code, second.errors]).toEqual([1, expect.stringContaining(refused)]);
    expect(existsSync(lockOf(out))).toBe(true);
    child.kill('SIGINT');
    const { code, errors } = await ended;
    expect(code).toBe(130);
    expect(errors).toContain(String.raw`calm train --resume --out '${root}/it'\''s run 3'`);
    expect(existsSync(lockOf(out))).toBe(false);
    const steps = (await readFile(join(out, 'log.jsonl'), 'utf8'))
      .split('\n')
      .filter((line) => line.includes('"kind":"step"'))
      .map((line) => (JSON.parse(line) as { readonly step: number; readonly epoch: number }).step);
    expect(steps).toEqual(steps.map((_, place) => (place % 12) + 1));
  });

  test('says what is in the way of --out', async () => {
    await writeFile(join(root, 'file'), '');
    for (const out of [join(root, 'file'), join(root, 'file', 'run')]) {
      const { code, errors } = await calm(...parameters(out, 1));
      expect([code, errors]).toEqual([1, expect.stringContaining(`--out: ${out} is no folder, or in none`)]);
    }
  });
});

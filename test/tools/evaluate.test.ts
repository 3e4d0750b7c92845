import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calm } from './calm.ts';
import {
  appendFile,
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { join } from 'node:path';
import { keyOf, ResultStore } from '../../tools/evaluate/result_store.ts';
import { nameCheckpoints } from '../../tools/evaluate/checkpoints.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.node.ts';
import { saveModel } from '../../src/train/checkpoint.node.ts';
import { tmpdir } from 'node:os';
import { writeBirdlets } from '../../src/data/birdlets/write.node.ts';

interface Table {
  readonly settings: { readonly size: number };
  readonly table: {
    readonly columns: readonly { readonly heading: string }[];
    readonly rows: readonly {
      readonly model: string;
      readonly method: string;
      readonly values: readonly (number | null)[];
    }[];
  };
}

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'calm-evaluate-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('calm evaluate', () => {
  const out = (): string => join(home, 'out');
  const readTable = async (): Promise<Table> =>
    JSON.parse(await readFile(join(out(), 'table.json'), 'utf8')) as Table;
  const evaluate = (...options: string[]): ReturnType<typeof calm> =>
    calm(
      'evaluate',
      join(home, 'em.safetensors'),
      join(home, 'cam.safetensors'),
      ...['--data', join(home, 'data'), '--out', out(), '--gallery', '2', '--draws', '2'],
      ...['--erase', '0.5,0.1', '--interval', '0.02', '--samples', '2', '--batch', '5', ...options],
    );
  let first: Awaited<ReturnType<typeof calm>>;

  beforeAll(async () => {
    await writeBirdlets(join(home, 'data'), { seed: 1, classes: 12, train: 12, val: 12, test: 12, size: 64 });
    const engine = await createEngine();
    for (const [name, head] of [
      ['em', 'calm-em'],
      ['cam', 'cam'],
    ] as const) {
      const model = createModel(engine, {
        architecture: 'resnet18',
        head,
        classes: 12,
        layers: [1],
        widths: [8],
        strides: [1],
        stem: { width: 8, kernel: 3, stride: 2, pool: false },
        seed: 1,
      });
      await saveModel(join(home, `${name}.safetensors`), model, { crop: 32 });
      model.dispose();
    }
    // Of usual widths, as what is told by tensors alone must be.
    const usual = {
      architecture: 'resnet18',
      head: 'calm-em',
      classes: 12,
      outputStride: 8,
      seed: 2,
    } as const;
    const own = createModel(engine, usual);
    await saveModel(join(home, 'own.safetensors'), own, { crop: 32 });
    own.dispose();
    engine.destroy();
    first = await evaluate('--methods', 'joint,saliency,cam,smooth-grad');
  });

  test('measures every method that each head has, and writes the tables and the page', async () => {
    expect(first.errors).not.toContain('Error');
    expect(first.code).toBe(0);
    const { table, settings } = await readTable();
    // That of the exact part masks.
    expect(settings.size).toBe(64);
    expect(table.rows.map(({ model, method }) => [model, method])).toEqual([
      ['em', 'joint'],
      ['em', 'saliency'],
      // A CALM head has class logits too.
      ['em', 'cam'],
      ['em', 'smooth-grad'],
      ['cam', 'cam'],
      ['cam', 'smooth-grad'],
    ]);
    const headings = table.columns.map(({ heading }) => heading);
    expect(headings).toEqual(
      expect.arrayContaining(['1 part', 'mean', '10 %', '50 %', 'MaxBoxAcc', 'MaxBoxAccV2', 'PxAP', 'ECE %']),
    );
    const valueOf = (row: number, heading: string): number | null =>
      table.rows[row]?.values[headings.indexOf(heading)] ?? null;
    // Saliency is of no class, so two classes' maps have no difference.
    expect(valueOf(1, '1 part')).toBeNull();
    // Signed maps are no distribution.
    expect([0, 1, 2, 3, 4].map((row) => (valueOf(row, 'area %') ?? 0) > 0)).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    for (const row of [0, 2, 3, 4, 5]) expect(valueOf(row, '1 part')).toBeGreaterThan(0);
    for (const row of [0, 1, 2, 3, 4, 5]) {
      expect(valueOf(row, 'PxAP')).toBeGreaterThan(0);
      expect(valueOf(row, 'MaxBoxAcc')).toBeGreaterThanOrEqual(0);
    }
    expect((await readdir(out())).toSorted()).toEqual([
      'maps',
      'plots',
      'report.html',
      'results',
      'table.csv',
      'table.json',
      'table.tex',
      'table.txt',
    ]);
    expect(await readdir(join(out(), 'plots'))).toContain('remove-and-classify.svg');
    const page = await readFile(join(out(), 'report.html'), 'utf8');
    expect(page.match(/<canvas/g)?.length).toBe(2 * 6);
    // Every raw map that the page links is there, with the maps of both classes of both pictures.
    for (const [, href = ''] of page.matchAll(/href="(maps\/[^"]+)"/g)) {
      const { tensors } = await readSafetensors(join(out(), decodeURIComponent(href)));
      expect(tensors.size).toBeGreaterThanOrEqual(2);
    }
  });

  test('measures again only what is new, and gives the same figures', async () => {
    const before = await readTable();
    const kept = await stat(join(out(), 'results', 'em.joint.cue.json'));
    const again = await evaluate('--methods', 'joint,saliency,cam,smooth-grad');
    expect(again.output).toContain('em (1 of 2): all is known from before');
    expect(again.output).toContain('cam (2 of 2): all is known from before');
    expect((await readTable()).table).toEqual(before.table);
    expect((await stat(join(out(), 'results', 'em.joint.cue.json'))).mtimeMs).toBe(kept.mtimeMs);

    const other = await evaluate('--methods', 'joint,posterior', '--fill', 'mean', '--official-cue');
    // The fill changes what erasing does; cue and boxes of the joint map are known.
    expect(other.output).toMatch(/em \(1 of 2\) 1\/2 classes and random erasing: 12 images/);
    expect(other.output).toContain('em (1 of 2) 2/2 joint, posterior: 12 images');
    expect(other.output).toMatch(/em joint: [\d.]+ % accumulated, [\d.]+ % by pair/);
    expect(other.output).toContain('cam: its head has none of the methods joint, posterior.');
    expect((await stat(join(out(), 'results', 'em.joint.cue.json'))).mtimeMs).toBe(kept.mtimeMs);
  });

  test('scales cues as it is told, and measures them again for it', async () => {
    const cues = async (...options: string[]): Promise<readonly (readonly (number | null)[])[]> => {
      const { code } = await evaluate(
        '--methods',
        'joint,cam',
        '--metrics',
        'cue',
        '--gallery',
        '0',
        ...options,
      );
      expect(code).toBe(0);
      const { rows } = (await readTable()).table;
      return rows.map(({ values }) => values);
    };
    const [joint, cam] = await cues();
    const [clippedJoint, clippedCam] = await cues('--normalisation', 'clipping');
    const [scaledJoint, scaledCam] = await cues('--normalisation', 'minmax');
    // Each method's own, said aloud, changes nothing.
    expect(clippedJoint).toEqual(joint);
    expect(scaledCam).toEqual(cam);
    expect(scaledJoint).not.toEqual(joint);
    expect(clippedCam).not.toEqual(cam);
    expect(await readFile(join(out(), 'table.txt'), 'utf8')).toContain('All maps are min-max scaled.');
  });

  test('says of weights made elsewhere what their tensors do not: the form of the head', async () => {
    // Without our metadata it is anybody's: then the released form is meant.
    const { tensors } = await readSafetensors(join(home, 'own.safetensors'));
    await writeSafetensors(join(home, 'bare.safetensors'), tensors);
    const quick = [
      '--metrics',
      'classification,sharpness',
      '--images',
      '4',
      '--gallery',
      '0',
      '--crop',
      '32',
    ];
    const figures = async (file: string, ...options: string[]): Promise<unknown> => {
      const folder = join(home, `form-${file}-${options.length}`);
      const data = ['--data', join(home, 'data'), '--dataset', 'cub', '--out', folder];
      const { errors, code } = await calm('evaluate', join(home, file), ...data, ...quick, ...options);
      expect(errors.replaceAll(/^Warning: max.*\n/gm, '')).toBe('');
      expect(code).toBe(0);
      return (JSON.parse(await readFile(join(folder, 'table.json'), 'utf8')) as Table).table.rows[0]?.values;
    };
    const foreign = ['--head', 'calm-em', '--output-stride', '8'];
    const own = await figures('own.safetensors');
    expect(await figures('bare.safetensors', ...foreign, '--no-official')).toEqual(own);
    expect(await figures('bare.safetensors', ...foreign)).not.toEqual(own);
  });

  test('measures again what pictures, masks or annotations were changed for', async () => {
    const quick = ['--methods', 'joint', '--metrics', 'classification,cue', '--gallery', '0'];
    const isKnown = async (): Promise<boolean> => {
      const { code, output } = await evaluate(...quick);
      expect(code).toBe(0);
      return output.includes('em (1 of 2): all is known from before');
    };
    await isKnown();
    expect(await isKnown()).toBe(true);
    const file = (...parts: readonly string[]): string => join(home, 'data', ...parts);
    const ids = await readFile(file('metadata', 'test', 'image_ids.txt'), 'utf8');
    const [one = '', other = ''] = ids.split('\n');
    const maskOf = (id: string): string => file('part_masks', id.replace(/\.\w+$/, '.png'));
    for (const change of [
      () => copyFile(file('images', other), file('images', one)),
      () => copyFile(maskOf(other), maskOf(one)),
      () => appendFile(file('parts', 'part_locs.txt'), '\n'),
      // Of the same size, another time.
      () => utimes(file('images', other), new Date(), new Date(0)),
    ]) {
      await change();
      expect(await isKnown(), String(change)).toBe(false);
      expect(await isKnown()).toBe(true);
    }
  });

  test('speaks of cue masks only where cues are measured', async () => {
    await rm(join(home, 'data', 'part_masks'), { recursive: true, force: true });
    await rm(join(home, 'data', 'segmentations'), { recursive: true, force: true });
    const boxes = await evaluate('--methods', 'joint', '--metrics', 'wsol', '--gallery', '0');
    expect(boxes.output).toContain('Report: ');
    expect(boxes.output).not.toContain('segmentations');
    const cues = await evaluate('--methods', 'joint', '--metrics', 'cue', '--gallery', '0');
    expect(cues.output).toContain('No segmentations');
  });

  test('says what is wrong', async () => {
    const wrong = async (...options: string[]): Promise<string> => {
      const { code, errors } = await evaluate(...options);
      expect(code).toBe(1);
      return errors;
    };
    expect(await wrong('--methods', 'jiont')).toContain("got 'jiont'");
    expect(await wrong('--erase', '1.5')).toContain('a number >= 0 and <= 1');
    expect(await wrong('--data', join(home, 'nowhere'))).toContain('there is no such folder');
    const file = join(home, 'em.safetensors');
    expect(await wrong('--out', file)).toContain(`--out: ${file} is no folder`);
    await writeBirdlets(join(home, 'few'), { seed: 1, classes: 4, train: 4, val: 4, test: 4, size: 64 });
    expect(await wrong('--data', join(home, 'few'))).toMatch(
      /em\.safetensors: knows 12 classes, few \(test\) has 4: wanted the classes .*--only-present/,
    );
  });
});

test('checkpoints of one name are told apart', async () => {
  const paths = ['x/best.bin', 'y/best.bin', 'y/other.bin'].map((path) => path.split('/').join('-'));
  for (const path of paths) await writeFile(join(home, path), path);
  const named = await nameCheckpoints(paths.map((path) => join(home, path)));
  expect(named.map(({ name }) => name)).toEqual(['x-best', 'y-best', 'y-other']);
  expect(new Set(named.map(({ hash }) => hash)).size).toBe(3);
  await copyFile(join(home, 'x-best.bin'), join(home, 'x-best.pt'));
  const folder = home.split('/').at(-1) ?? '';
  const same = await nameCheckpoints([join(home, 'x-best.bin'), join(home, 'x-best.pt')]);
  expect(same.map(({ name }) => name)).toEqual([`${folder}-x-best`, `${folder}-x-best-2`]);
});

test('a stored result counts for its key only, and a damaged one not at all', async () => {
  const store = new ResultStore(join(home, 'store'));
  const key = keyOf({ a: 1 });
  expect(await store.find('r', key)).toBeNull();
  await store.keep('r', key, { value: [1, Number.NaN] });
  expect(await store.find('r', key)).toEqual({ value: [1, null] });
  expect(await store.find('r', keyOf({ a: 2 }))).toBeNull();
  await writeFile(join(store.folder, 'r.json'), '{"key":');
  expect(await store.find('r', key)).toBeNull();
});

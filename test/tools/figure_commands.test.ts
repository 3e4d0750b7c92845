import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PropertyResult } from '../../src/attribution/audit/properties.ts';
import { calm } from './calm.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { join } from 'node:path';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { openCub } from '../../src/data/cub.node.ts';
import { readImage } from '../../src/data/decode.node.ts';
import { saveModel } from '../../src/train/checkpoint.node.ts';
import { tmpdir } from 'node:os';
import { writeBirdlets } from '../../src/data/birdlets/write.node.ts';

let folder: string;
let picture: string;
const path = (name: string): string => join(folder, name);

// An untrained model of four classes: what the commands draw and write does not depend on what it knows.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'figures-'));
  await writeBirdlets(path('birdlets'), { seed: 1, classes: 4, train: 4, val: 4, test: 4, size: 48 });
  picture = (await openCub({ folder: path('birdlets'), split: 'test' })).path(0);
  const engine = await createEngine();
  for (const head of ['calm-em', 'cam'] as const) {
    const model = createModel(engine, { architecture: 'resnet18', head, classes: 4, outputStride: 8 });
    await saveModel(path(`${head}.safetensors`), model, { crop: 48 });
    model.dispose();
  }
  engine.destroy();
});
afterAll(() => rm(folder, { recursive: true }));

describe('calm figure', () => {
  test.each([
    ['counterfactual', 'calm-em', 4],
    ['counterfactual', 'cam', 4],
    ['maps', 'calm-em', 7],
    // Image, the class, the two likeliest, all.
    ['hierarchy', 'calm-em', 4],
  ] as const)('draws %s of a %s model: %i panels', async (kind, head, panels) => {
    const out = path(`${kind}-${head}.png`);
    const checkpoint = ['--checkpoint', path(`${head}.safetensors`)];
    const { code, errors } = await calm(
      'figure',
      kind,
      picture,
      picture,
      ...checkpoint,
      '--side',
      '100',
      '--out',
      out,
    );
    expect(errors.replaceAll(/^Warning: max.*\n/gm, '')).toBe('');
    expect(code).toBe(0);
    const { width, height } = await readImage(out);
    expect(width).toBe(24 + panels * (100 + 24));
    expect(height).toBeGreaterThan(200);
  });

  test('goes up given sets, and says what it cannot draw', async () => {
    await writeFile(path('pair.txt'), '0\n3\n');
    const common = [
      picture,
      '--checkpoint',
      path('calm-em.safetensors'),
      '--side',
      '100',
      '--out',
      path('sets.png'),
    ];
    const { code } = await calm('figure', 'hierarchy', ...common, '--level', path('pair.txt'));
    expect(code).toBe(0);
    const { errors } = await calm('figure', 'maps', picture, '--checkpoint', path('cam.safetensors'));
    expect(errors).toContain('a cam head has one map');
  });
});

describe('calm figure counterfactual of several models', () => {
  const draw = (out: string, ...options: string[]): ReturnType<typeof calm> =>
    calm('figure', 'counterfactual', picture, '--side', '100', '--out', path(out), ...options);
  const em = (): string[] => ['--checkpoint', path('calm-em.safetensors')];
  const both = (): string[] => [...em(), '--checkpoint', path('cam.safetensors')];
  const heightOf = async (name: string): Promise<number> => (await readImage(path(name))).height;

  test('has a row for each and each method', async () => {
    const one = await draw('one.png', ...em());
    const four = await draw('four.png', ...both(), '--methods', 'cam,input-x-gradient');
    expect([one.code, four.code]).toEqual([0, 0]);
    // Margins of 24 pixels around and between the rows.
    expect((await heightOf('four.png')) - 24).toBe(4 * ((await heightOf('one.png')) - 24));
  });

  test('says which head lacks a method, and that other figures have their own', async () => {
    const lacking = await draw('none.png', ...both(), '--methods', 'joint');
    expect(lacking.errors).toContain('a cam head has no joint maps of two classes');
    const saliency = await draw('none.png', ...em(), '--methods', 'saliency');
    expect(saliency.errors).toContain('a calm-em head has no saliency maps of two classes');
    const { errors } = await calm('figure', 'maps', picture, ...em(), '--methods', 'joint');
    expect(errors).toContain('--methods are for counterfactual, maps has its own');
  });
});

test('calm audit measures and writes all numbers', async () => {
  const json = path('audit.json');
  const parameters = [
    '--data',
    path('birdlets'),
    '--images',
    '2',
    '--method',
    'joint,grad-cam',
    '--json',
    json,
  ];
  const { code, output } = await calm('audit', path('calm-em.safetensors'), ...parameters);
  expect(code).toBe(0);
  expect(output).toContain('implementation invariance');
  expect(output).not.toContain('does not hold');
  const { properties, randomisation } = JSON.parse(await readFile(json, 'utf8')) as {
    properties: PropertyResult[];
    randomisation: { parts: string[]; results: unknown[] };
  };
  expect(properties).toHaveLength(8);
  expect(randomisation.results).toHaveLength(2 * randomisation.parts.length);
  expect(output).toMatch(/Measured on \d images only/);
  const wrong = await calm('audit', path('cam.safetensors'), '--data', path('birdlets'), '--method', 'joint');
  expect(wrong.errors).toContain('a cam head has no joint map');
  expect(wrong.code).toBe(1);
});

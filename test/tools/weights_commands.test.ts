import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { calm } from './calm.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { encodeTensor, toFloat32 } from '../../src/model/safetensors.ts';
import { loadCheckpoint } from '../../tools/explain/load_model.ts';
import { readCheckpoint, saveModel } from '../../src/train/checkpoint.node.ts';
import { readWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { serializeTorch } from '../../src/model/files/torch_writer.ts';
import { writeSafetensors } from '../../src/model/safetensors.node.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import type { WeightsDescription } from '../../tools/weights/describe.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const tiny = {
  architecture: 'resnet18',
  layers: [1, 1],
  widths: [8, 16],
  strides: [1, 2],
  stem: { width: 8 },
  classes: 3,
} as const;

let folder: string;
let engine: Engine;
let state: ReadonlyMap<string, SafetensorsTensor>;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), 'calm-convert-'));
  const model = createModel(engine, { ...tiny, head: 'calm-ml', seed: 5 });
  state = await model.stateDict();
  await saveModel(path('ours.safetensors'), model, { classNames: ['a', 'b', 'c'], crop: 48 });
  model.dispose();
});
afterAll(async () => {
  engine.destroy();
  await rm(folder, { recursive: true, force: true });
});

const succeed = async (...parameters: readonly string[]): Promise<string> => {
  const { code, output, errors } = await calm(...parameters);
  if (code !== 0) throw new Error(`calm ${parameters.join(' ')}: ${output}${errors}`);
  return output;
};

const sorted = (tensors: ReadonlyMap<string, SafetensorsTensor>): [string, SafetensorsTensor][] =>
  [...tensors].toSorted(([first], [second]) => (first < second ? -1 : 1));

describe('calm inspect', () => {
  test('tells a released checkpoint: fields, optimiser, and what it does not say', async () => {
    const output = await succeed('inspect', join(fixtures, 'torch/checkpoint.pth.tar'), '--stats');
    for (const text of [
      'torch.save (zip)',
      "under 'state_dict', 'module.' taken off",
      'field epoch         3',
      'counts them from 0',
      '3 at 0.01 and 6 at 0.1',
    ])
      expect(output).toContain(text);
    expect(output).toMatch(/not told +which of CAM, CALM-EM and CALM-ML/);
    expect(output).toMatch(/bn1\.num_batches_tracked +\[\] +I64 +1\.0000 +1\.0000 +1\.0000 +0 +0/);
  });

  test('of a checkpoint of ours says what it says itself, and guesses nothing', async () => {
    const { model, checkpoint } = JSON.parse(
      await succeed('inspect', path('ours.safetensors'), '--json', '--no-tensors'),
    ) as WeightsDescription;
    expect(model).toMatchObject({
      architecture: 'resnet18',
      head: 'calm',
      classes: 3,
      trunk: null,
      open: [],
    });
    expect(checkpoint?.model).toMatchObject({ strides: [1, 2], head: { kind: 'calm-ml' } });
  });

  test('counts what is not finite, as JSON too', async () => {
    const output = await succeed('inspect', join(fixtures, 'torch/zip.pth'), '--json', '--stats');
    const { tensors } = JSON.parse(output) as { tensors: Record<string, unknown>[] };
    expect(tensors.find(({ name }) => name === 'f16')).toEqual({
      name: 'f16',
      shape: [8],
      dtype: 'F16',
      minimum: -65504,
      maximum: 1.5,
      // Of 0, -0, 1.5, -65504 and 1e-7, which float16 has as 2 * 2^-24.
      mean: (1.5 - 65504 + 2 * 2 ** -24) / 5,
      nan: 1,
      infinite: 2,
    });
  });

  test('tells a checkpoint of ours by what it says itself', async () => {
    const output = await succeed('inspect', path('ours.safetensors'), '--json', '--no-tensors');
    const { checkpoint, model } = JSON.parse(output) as WeightsDescription;
    expect(checkpoint?.info).toEqual({ classNames: ['a', 'b', 'c'], crop: 48 });
    expect(model).toMatchObject({ head: 'calm', classes: 3 });
  });

  test('shows control characters instead of obeying them', async () => {
    const strange = path('strange.safetensors');
    const metadata = [['a\u001b[2J', 'one\ntwo\u009b31m']] as const;
    await writeSafetensors(strange, [['b\u0007\r', encodeTensor(Float32Array.of(1), [1])]], metadata);
    const output = await succeed('inspect', strange);
    expect(output).not.toMatch(/[^\P{Cc}\n]/u);
    expect(output).toMatch(/metadata a\\u001b\[2J +one\\u000atwo\\u009b31m\n/);
    expect(output).toContain(String.raw`b\u0007\u000d`);
  });
});

describe('calm convert', () => {
  test('ours to .pth.tar and back is the same model', async () => {
    await succeed('convert', path('ours.safetensors'), path('ours.pth.tar'));
    const torch = await readWeightsFile(path('ours.pth.tar'));
    expect([torch.format, torch.stateKey]).toEqual(['pytorch-zip', 'state_dict']);
    expect([torch.fields.get('architecture'), torch.fields.get('epoch')]).toEqual(['resnet18', 0]);
    expect(sorted(torch.tensors)).toEqual(sorted(state));
    await succeed('convert', path('ours.pth.tar'), path('again.safetensors'));
    const [before, after] = [
      await readCheckpoint(path('ours.safetensors')),
      await readCheckpoint(path('again.safetensors')),
    ];
    expect(after).toEqual(before);
    const { model, classNames } = await loadCheckpoint(engine, path('ours.pth.tar'));
    expect([model.configuration, classNames]).toEqual([before.configuration, ['a', 'b', 'c']]);
    model.dispose();
  });

  test('a plain .pth keeps the names alone, and needs to be told the head', async () => {
    const output = await succeed('convert', path('ours.safetensors'), path('plain.pth'));
    expect(output).toContain('does not say how the model is built');
    const { stateKey, tensors } = await readWeightsFile(path('plain.pth'));
    expect(stateKey).toBeNull();
    expect(sorted(tensors)).toEqual(sorted(state));
    const refused = await calm('convert', path('plain.pth'), path('x.safetensors'), '--output-stride', '8');
    expect([refused.code, refused.errors]).toEqual([
      1,
      expect.stringContaining('wanted --head cam, calm-em or calm-ml'),
    ]);
  });

  test('rounds to half precision, and back', async () => {
    await succeed('convert', path('ours.safetensors'), path('half.safetensors'), '--dtype', 'bf16');
    const { tensors } = await readWeightsFile(path('half.safetensors'));
    const wanted = state.get('conv1.weight');
    if (wanted === undefined) throw new Error('no conv1');
    const rounded = encodeTensor(toFloat32(wanted), wanted.shape, 'BF16');
    expect(tensors.get('conv1.weight')).toEqual(rounded);
    expect(tensors.get('bn1.num_batches_tracked')?.dtype).toBe('I64');
    await succeed('convert', path('half.safetensors'), path('full.safetensors'), '--dtype', 'f32');
    const full = (await readCheckpoint(path('full.safetensors'))).state.get('conv1.weight');
    expect(full).toEqual(encodeTensor(toFloat32(rounded), wanted.shape));
  });

  test('a released checkpoint becomes one of ours with --head', async () => {
    const whole = createModel(engine, {
      architecture: 'resnet18',
      widths: [4, 8, 12, 16],
      stem: { width: 4 },
      head: 'cam',
      classes: 2,
    });
    await writeFileAtomically(
      path('released.pth.tar'),
      serializeTorch(
        [...(await whole.stateDict())].map(([name, tensor]) => [`module.${name}`, tensor]),
        {
          fields: new Map<string, string | number>([
            ['architecture', 'resnet18'],
            ['epoch', 7],
          ]),
        },
      ),
    );
    whole.dispose();
    await succeed(
      'convert',
      path('released.pth.tar'),
      path('released.safetensors'),
      '--head',
      'calm-em',
      '--large-feature-map',
    );
    const { configuration } = await readCheckpoint(path('released.safetensors'));
    expect(configuration).toMatchObject({
      widths: [4, 8, 12, 16],
      strides: [1, 2, 1, 1],
      // The released form unless --no-official.
      head: { kind: 'calm-em', prior: 'relu', detachNormalizer: true, officialEpsilons: true },
    });
    await succeed(
      'convert',
      path('released.pth.tar'),
      path('paper.safetensors'),
      '--head',
      'calm-em',
      '--no-official',
    );
    expect((await readCheckpoint(path('paper.safetensors'))).configuration.head).toMatchObject({
      prior: 'softplus',
    });
    const { model } = await loadCheckpoint(engine, path('released.safetensors'));
    expect(model.configuration.classes).toBe(2);
    model.dispose();
  });

  test('leaves its input, and whatever stood there, alone when it fails', async () => {
    await cp(path('ours.safetensors'), path('copy.safetensors'));
    const before = await readFile(path('copy.safetensors'));
    const same = await calm('convert', path('copy.safetensors'), `${folder}/./copy.safetensors`);
    expect([same.code, same.errors]).toEqual([1, expect.stringContaining('this is the file that is read')]);
    const broken = await calm('convert', join(fixtures, 'torch/whole_model.pth'), path('copy.safetensors'));
    expect([broken.code, broken.errors]).toEqual([1, expect.stringContaining('"__main__.Tiny"')]);
    expect(await readFile(path('copy.safetensors'))).toEqual(before);
    const unknown = await calm('convert', path('copy.safetensors'), path('copy.bin'));
    expect(unknown.errors).toContain('or --to safetensors or pth');
    const ours = await calm('convert', path('copy.safetensors'), path('x.pth'), '--head', 'cam');
    expect(ours.errors).toContain('knows its own head: calm-ml, got cam');
  });

  test('a checkpoint of ours may be told what it knows, and nothing else', async () => {
    const said = { head: 'calm-ml', architecture: 'resnet18', outputStride: 8, official: false } as const;
    for (const choice of [said, { largeFeatureMap: true, batchNorm: true }] as const)
      (await loadCheckpoint(engine, path('ours.safetensors'), choice)).model.dispose();
    for (const [choice, message] of [
      [{ ...said, head: 'cam' }, 'its own head: calm-ml, got cam'],
      [{ outputStride: 16 }, 'its own outputStride: 8, got 16'],
      [{ official: true }, 'its own official: false, got true'],
      [{ batchNorm: false }, 'its own batchNorm: true, got false'],
    ] as const)
      await expect(loadCheckpoint(engine, path('ours.safetensors'), choice)).rejects.toThrow(message);
  });
});

import type { Difference } from '../../tools/compare/difference.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calm } from './calm.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { differenceOf, termsOf } from '../../tools/compare/difference.ts';
import { encodeTensor, toFloat32 } from '../../src/model/safetensors.ts';
import { join } from 'node:path';
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { checkTarget } from '../../tools/weights/check_target.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.node.ts';
import { recordPass } from '../../src/train/recorded_pass.ts';
import { saveModel } from '../../src/train/checkpoint.node.ts';
import { smallModel } from '../train/patches.ts';
import { tmpdir } from 'node:os';

let engine: Engine;
let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), 'calm-compare-'));
  const model = smallModel(engine);
  await saveModel(path('a.safetensors'), model, { crop: 20 });
  const weight = model.weights.parameter('layer1.0.conv2.weight');
  const values = await engine.read(weight);
  // One number to its neighbour: rounding, and to be told nonetheless.
  engine.write(weight, values.with(5, (values[5] ?? 0) * (1 + 2 ** -22)));
  await saveModel(path('neighbour.safetensors'), model, { crop: 20 });
  const bias = model.weights.parameter('layer2.0.bn1.bias');
  engine.write(bias, new Float32Array(bias.size).fill(0.25));
  await saveModel(path('other.safetensors'), model, { crop: 20 });
  model.dispose();
});
afterAll(async () => {
  engine.destroy();
  await rm(folder, { recursive: true });
});

test('two tensors are measured as they are', () => {
  const values = Float32Array.of(1, -2, 0, Number.NaN, Infinity, 4);
  const other = Float32Array.of(1, -2.5, -0, Number.NaN, 3, 4);
  const [a, b] = [encodeTensor(values, [6]), encodeTensor(other, [6])];
  expect(differenceOf('x', a, b)).toEqual({
    ...{ name: 'x', shape: [6], different: 2, elements: 6, maxAbsolute: 0.5, relative: 0.125 },
    // From 2 to 2.5 a quarter of the numbers with that exponent.
    ...{ ulp: 2 ** 21, nonFinite: [2, 1], nonFiniteDifferent: 1 },
  });
});

test('the gradient of a bias is measured by what it adds up, of which little may be left', () => {
  const tensors = new Map([
    ['activation_gradient.conv', encodeTensor(Float32Array.of(1, -1, 5, 0, -2, 2, 1, 1), [2, 2, 1, 2])],
    ['gradient.conv.bias', encodeTensor(Float32Array.of(0, 7), [2])],
  ]);
  expect(
    ['gradient.conv.bias', 'gradient.conv.weight', 'activation_gradient.conv'].map((name) =>
      termsOf(name, tensors),
    ),
  ).toEqual([7, 0, 0]);
  const [a, b] = [0, 2 ** -10].map((value) => encodeTensor(Float32Array.of(value), [1]));
  if (a === undefined || b === undefined) throw new RangeError('two tensors');
  expect(differenceOf('x', a, b, 8)).toMatchObject({ maxAbsolute: 2 ** -10, relative: 2 ** -13 });
  expect(differenceOf('x', a, b)).toMatchObject({ relative: 1 });
});

test('files: what differs, by how much, and what is first in the order of the network', async () => {
  const same = await calm('compare', path('a.safetensors'), path('a.safetensors'));
  expect([same.code, same.output]).toEqual([
    0,
    expect.stringContaining('equal to the bit, 0 beyond rounding'),
  ]);
  const near = await calm('compare', path('a.safetensors'), path('neighbour.safetensors'));
  expect(near.code).toBe(0);
  expect(near.output).toMatch(/ {2}layer1\.0\.conv2\.weight +8x8x3x3 +0\.2 % .* [123]\n/);
  const other = await calm('compare', path('a.safetensors'), path('other.safetensors'));
  expect(other.code).toBe(1);
  expect(other.output).toContain('first with other bits: layer1.0.conv2.weight');
  expect(other.output).toContain('first beyond rounding: layer2.0.bn1.bias');
});

test('a recorded pass, as of a page or PyTorch, against the checkpoint run here: finds the layer that went wrong', async () => {
  const dump = path('pass.safetensors');
  const made = await calm('compare', path('a.safetensors'), '--dump', dump);
  expect([made.code, made.errors.replaceAll(/Warning: max.*\n/g, '')]).toEqual([0, '']);
  const again = await calm('compare', dump, path('a.safetensors'));
  expect([again.code, again.output]).toEqual([0, expect.stringContaining(' 0 beyond rounding')]);
  const { tensors, metadata } = await readSafetensors(dump);
  const activation = tensors.get('activation.layer2.0.conv1');
  if (activation === undefined) throw new Error('the pass has every layer');
  const values = toFloat32(activation);
  tensors.set('activation.layer2.0.conv1', encodeTensor(values.with(9, Number.NaN), activation.shape));
  await writeSafetensors(path('wrong.safetensors'), tensors, metadata);
  const wrong = await calm('compare', path('wrong.safetensors'), path('a.safetensors'));
  expect(wrong.code).toBe(1);
  expect(wrong.output).toContain('first beyond rounding: activation.layer2.0.conv1');
  // Another model on the same images: the first activation behind what was changed.
  const other = await calm('compare', dump, path('other.safetensors'));
  expect(other.output).toContain('first beyond rounding: activation.layer2.0.bn1\n');
});

test('a checkpoint on two adapters: each pass where it was asked for, apart by rounding', async () => {
  const own = engine.adapter.source === 'system' ? 'system' : 'swiftshader';
  // It comes with the development dependencies there; elsewhere one adapter must do for both.
  const other = process.platform === 'linux' && process.arch === 'x64' ? 'swiftshader' : own;
  const { code, output, errors } = await calm(
    ...['compare', path('a.safetensors'), '--adapters', `${own},${other}`, '--json'],
  );
  expect(code, errors).toBe(0);
  const { a, b, differences, unmatched } = JSON.parse(output) as {
    readonly a: string;
    readonly b: string;
    readonly differences: readonly Difference[];
    readonly unmatched: readonly string[];
  };
  expect([a, b]).toEqual([own, other].map((adapter) => `${path('a.safetensors')} on ${adapter}`));
  expect(unmatched).toEqual([]);
  const names = differences.map(({ name }) => name);
  for (const name of [
    'input.images',
    'activation.conv1',
    'loss',
    'activation_gradient.conv1',
    'gradient.conv1.weight',
  ])
    expect(names).toContain(name);
  for (const { name, relative } of differences) expect(relative, name).toBeLessThan(1e-4);
  // Two adapters do not add up in one order; one adapter twice gives the same bits.
  expect(differences.some(({ different }) => different > 0)).toBe(own !== other);
});

test('what cannot be compared is said', async () => {
  const file = path('a.safetensors');
  const [alone, three, absent] = await Promise.all([
    calm('compare', file),
    calm('compare', file, '--adapters', 'a,b,c'),
    calm('compare', file, '--adapters', 'no-such-adapter,auto'),
  ]);
  expect([alone.code, alone.errors]).toEqual([1, expect.stringContaining('--adapters A,B')]);
  expect([three.code, three.errors]).toEqual([
    1,
    expect.stringContaining('wanted two names between a comma'),
  ]);
  expect([absent.code, absent.errors]).toEqual([
    1,
    expect.stringContaining('the pass on no-such-adapter failed'),
  ]);
});

test('options that would mean nothing are refused, and so is a dump over what is read', async () => {
  const file = path('a.safetensors');
  const before = await readFile(file);
  await link(file, path('linked.safetensors'));
  const dump = ['--dump', path('unwritten.safetensors')];
  await Promise.all(
    (
      [
        // The usual adapter on both sides would be the same to the bit.
        [[file, '--adapters', 'system,'], 'wanted two names'],
        [[file, '--adapters', ' ,system'], 'wanted two names'],
        [[file, '--dump', file], 'this is the file that is read'],
        [[file, '--dump', path('linked.safetensors')], 'this is the file that is read'],
        [[file, '--input', path('other.safetensors'), '--dump', path('other.safetensors')], 'that is read'],
        [[file, file, '--input', '/nonexistent'], '--input: two files bring what is compared'],
        [[file, file, '--adapter', 'nosuch'], '--adapter: nothing is run here'],
        [[file, '--adapters', 'a,b', '--adapter', 'a'], '--adapter: --adapters names both'],
        [[file, ...dump, '--all', '--tolerance', '1'], '--tolerance, --all: --dump writes one pass'],
        [[file, ...dump, '--json'], '--json: --dump writes one pass'],
      ] as const
    ).map(async ([parameters, message]) => {
      const { code, output, errors } = await calm('compare', ...parameters);
      expect([code, output], errors).toEqual([1, '']);
      expect(errors).toContain(message);
    }),
  );
  expect(await readFile(file)).toEqual(before);
  expect(await readdir(folder)).not.toContain('unwritten.safetensors');
});

test('nothing is written over a shard that is read, nor beside shards that have no index', async () => {
  const shards = path('shards');
  await mkdir(shards);
  await copyFile(path('a.safetensors'), join(shards, 'part.safetensors'));
  const beside = join(shards, 'new.safetensors');
  for (const target of [join(shards, 'part.safetensors'), beside])
    await expect(checkTarget(shards, target)).rejects.toThrow('among the shards that are read');
  await checkTarget(shards, path('new.safetensors'));
  await checkTarget(shards, join(shards, 'new.pth'));
  const index = join(shards, 'model.safetensors.index.json');
  await writeFile(index, '{}');
  for (const source of [shards, index]) {
    await expect(checkTarget(source, join(shards, '.', 'part.safetensors'))).rejects.toThrow(
      'among the shards',
    );
    await checkTarget(source, beside);
  }
});

test('a pass that does not fit the model is refused by its name, each label included', async () => {
  const model = smallModel(engine);
  const images = encodeTensor(new Float32Array(3 * 20 * 20), [1, 3, 20, 20]);
  try {
    for (const label of [NaN, 0.5, -1, 2 ** 32, 100])
      await expect(
        recordPass(model, { images, labels: encodeTensor(Float64Array.of(label), [1]) }),
        String(label),
      ).rejects.toThrow(`recordPass: a label is ${label}, wanted a class from 0 to `);
  } finally {
    model.dispose();
  }
  const wrong = path('no_label.safetensors');
  await writeSafetensors(
    wrong,
    [
      ['input.images', images],
      ['input.labels', encodeTensor(Float32Array.of(NaN), [1])],
    ],
    new Map([['pass', '{}']]),
  );
  const { code, errors } = await calm('compare', wrong, path('a.safetensors'));
  expect([code, errors]).toEqual([1, expect.stringContaining(`calm: ${wrong}: recordPass: a label is NaN`)]);
});

test('a damaged checkpoint is refused, whichever of the two it is', async () => {
  const bytes = await readFile(path('a.safetensors'));
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
  await writeFile(path('damaged.safetensors'), bytes);
  const pair = [path('a.safetensors'), path('damaged.safetensors')] as const;
  for (const order of [pair, pair.toReversed()]) {
    const { code, errors } = await calm('compare', ...order);
    expect([code, errors]).toEqual([1, expect.stringContaining(`${path('damaged.safetensors')}: `)]);
    expect(errors).toContain('checksum');
  }
});

test('names that would steer a terminal are shown, and numbers that JSON has not are texts', async () => {
  const name = 'a\u001b[31m\nb\u009b';
  const values = [1e308, -1e308].map((value) => encodeTensor(Float64Array.of(value), [1]));
  const [one, two] = [path('one.safetensors'), path('two.safetensors')];
  for (const [index, target] of [one, two].entries()) {
    const value = values[index];
    if (value === undefined) throw new RangeError('two values');
    await writeSafetensors(target, [
      [name, value],
      [`only ${index}${name}`, value],
    ]);
  }
  const { code, output } = await calm('compare', one, two);
  expect(code).toBe(1);
  expect(output).not.toMatch(/[^\P{Cc}\n]/u);
  const shown = String.raw`a\u001b[31m\u000ab\u009b`;
  expect(output).toContain(`* ${shown} `);
  expect(output).toContain(`* only 0${shown} is in`);
  expect(output).toContain(`first beyond rounding: ${shown}\n`);
  const { output: json } = await calm('compare', one, two, '--json');
  // 2e308 is no float64.
  expect(JSON.parse(json)).toMatchObject({
    differences: [{ name, maxAbsolute: 'Infinity', relative: 'Infinity' }],
  });
});

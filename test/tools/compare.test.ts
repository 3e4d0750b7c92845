import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calm } from './calm.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { differenceOf } from '../../tools/compare/difference.ts';
import { encodeTensor, toFloat32 } from '../../src/model/safetensors.ts';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.node.ts';
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

test('what cannot be compared is said', async () => {
  const alone = await calm('compare', path('a.safetensors'));
  expect([alone.code, alone.errors]).toEqual([1, expect.stringContaining('--adapters A,B')]);
});

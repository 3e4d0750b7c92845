import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { batchOf, readLabels } from '../../tools/explain/images.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';
import { explainBatch } from '../../tools/explain/explain_batch.ts';
import { generateBirdlet } from '../../src/data/birdlets/generate.ts';
import { loadCheckpoint } from '../../tools/explain/load_model.ts';
import { mapSum } from '../../src/attribution/maps.ts';
import { writeSafetensors } from '../../src/model/safetensors.node.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { ImageExplanation } from '../../tools/explain/explain_batch.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';

const CLASSES = 3;

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), 'calm-weights-'));
});
afterAll(async () => {
  engine.destroy();
  await rm(folder, { recursive: true, force: true });
});

const batch = batchOf([{ path: 'a', name: 'a', ...generateBirdlet(1, 2, { size: 64 }) }], 64);
const wanted = { methods: ['cam'] } as const;

function meanOfCam(explanation: ImageExplanation | undefined): number {
  const map = explanation?.maps.get('cam');
  if (map === undefined) throw new Error('no map');
  return mapSum(map) / map.data.length;
}

describe('plain weights', () => {
  test('of torchvision: fc becomes the head of a CAM with stride 32', async () => {
    const original = createModel(engine, {
      architecture: 'resnet18',
      head: 'cam',
      classes: CLASSES,
      outputStride: 32,
    });
    const state = new Map<string, SafetensorsTensor>();
    for (const [name, tensor] of await original.stateDict()) {
      if (name.startsWith('attention')) continue;
      const isWeight = name === 'conv_last.weight';
      state.set(
        name.replace('conv_last', 'fc'),
        isWeight ? { ...tensor, shape: tensor.shape.slice(0, 2) } : tensor,
      );
    }
    const file = join(folder, 'torchvision.safetensors');
    await writeSafetensors(file, state);
    const { model, classNames } = await loadCheckpoint(engine, file, { architecture: 'resnet18' });
    expect(model.configuration).toMatchObject({
      classes: CLASSES,
      head: { kind: 'cam' },
      strides: [1, 2, 2, 2],
    });
    expect(classNames).toBeNull();

    const [[expected], [found]] = [
      await explainBatch(original, batch, wanted),
      await explainBatch(model, batch, wanted),
    ];
    expect(found).toEqual(expected);
    if (found === undefined) throw new Error('no explanation');
    const map = found.maps.get('cam');
    expect([map?.height, map?.width]).toEqual([2, 2]);
    // Equation 1: probabilities are the softmax of the maps' means.
    const { probabilities, classIndex, versus } = found;
    if (versus === null) throw new Error('no second class');
    const [other] = await explainBatch(model, batch, { ...wanted, classIndex: versus });
    const ratio = (probabilities[classIndex] ?? 0) / (probabilities[versus] ?? 0);
    // Both from f32 logits of magnitude 1.
    expect(meanOfCam(found) - meanOfCam(other)).toBeCloseTo(Math.log(ratio), 5);
    await expect(loadCheckpoint(engine, file, { architecture: 'resnet18', head: 'calm-em' })).rejects.toThrow(
      'wanted --head cam, got calm-em',
    );
    model.dispose();
    original.dispose();
  });

  test('of neither kind are refused with what is missing', async () => {
    const file = join(folder, 'other.safetensors');
    await writeSafetensors(file, [['classifier.weight', encodeTensor(new Float32Array(6), [2, 3])]]);
    await expect(loadCheckpoint(engine, file, { architecture: 'resnet18' })).rejects.toThrow(
      'neither fc.weight (torchvision) nor conv_last.weight (CALM)',
    );
  });
});

test('labels are found by the end of the path, or by a file name that only one id has', async () => {
  const file = join(folder, 'labels.txt');
  await writeFile(file, 'val/one.png,7\na/two.png,1\nb/two.png,2\nwith,comma.png, 4\n');
  const labelOf = await readLabels(file);
  expect(labelOf('/data/val/one.png')).toBe(7);
  expect(labelOf('elsewhere/one.png')).toBe(7);
  expect(labelOf('/x/b/two.png')).toBe(2);
  expect(labelOf('/x/two.png')).toBeUndefined();
  expect(labelOf('with,comma.png')).toBe(4);
  expect(labelOf('three.png')).toBeUndefined();
  await writeFile(file, 'one.png 7\n');
  await expect(readLabels(file)).rejects.toThrow('line 1');
});

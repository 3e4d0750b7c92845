import { expect, test } from 'vitest';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { OptimizerState } from '../../src/model/files/weights_file.ts';
import {
  checkpointMetadata,
  foreignCheckpoint,
  METADATA_FIELD,
  namedMomentum,
} from '../../src/train/foreign_checkpoint.ts';
import { encodeTensor, toFloat32 } from '../../src/model/safetensors.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { openWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { parseCheckpoint } from '../../src/train/checkpoint.ts';

const folder = join(import.meta.dirname, '../fixtures/torch');

async function openCheckpoint(name: string) {
  const file = await openWeightsFile(join(folder, name));
  const { optimizer } = file;
  if (optimizer === null) throw new Error('the fixture has no optimiser');
  return { file, optimizer, state: await file.read() };
}

/** By name, as the program that made the fixture knew it. */
const expected = JSON.parse(await readFile(join(folder, 'checkpoint_momentum.json'), 'utf8')) as Record<
  string,
  number[]
>;

test.each(['checkpoint.pth.tar', 'checkpoint_legacy.pth.tar'])(
  '%s: momentum finds its parameters, and is zero where there never was a gradient',
  async (name) => {
    const { file, optimizer, state } = await openCheckpoint(name);
    const momentum = await namedMomentum('resnet50', state, optimizer);
    const found = Object.fromEntries(Array.from(momentum, ([key, tensor]) => [key, [...toFloat32(tensor)]]));
    expect(found).toEqual({ ...expected, 'attention.0.weight': [0, 0], 'attention.0.bias': [0] });
    await file.close();
  },
);

test('it becomes a checkpoint of ours', async () => {
  const { file, optimizer, state } = await openCheckpoint('checkpoint.pth.tar');
  const configuration = modelConfiguration({
    architecture: 'resnet50',
    head: { kind: 'calm-em', official: true },
    classes: 3,
  });
  const content = await foreignCheckpoint(configuration, state, { epoch: 3, optimizer });
  const { training, ...checkpoint } = parseCheckpoint(content);
  expect(checkpoint).toEqual({ checksum: null, configuration, state, info: null });
  expect(training).toMatchObject({ epochsDone: 3, steps: 0, progress: null, slow: null });
  expect([
    ...toFloat32(training?.velocities.get('layer4.conv1.bias') ?? encodeTensor(new Float32Array(), [0])),
  ]).toEqual(expected['layer4.conv1.bias']);
  expect(parseCheckpoint(await foreignCheckpoint(configuration, state, null)).training).toBeNull();
  await file.close();
});

test('groups that are not the released code’s are refused', async () => {
  const { file, optimizer, state } = await openCheckpoint('checkpoint.pth.tar');
  const [slow, fast] = optimizer.groups;
  if (slow === undefined || fast === undefined) throw new Error('the fixture has no two groups');
  const otherSizes: OptimizerState = {
    ...optimizer,
    groups: [
      { ...slow, parameters: [0, 1] },
      { ...fast, parameters: [2, 3, 4, 5, 6, 7, 8] },
    ],
  };
  await expect(namedMomentum('resnet50', state, otherSizes)).rejects.toThrow(
    'groups of 2 + 7 parameters, none of',
  );
  // The right sizes, but a buffer of another parameter's shape.
  const otherShapes = { ...optimizer, momentum: new Map([[0, { dtype: 'F32', shape: [5] } as const]]) };
  await expect(namedMomentum('resnet50', state, otherShapes)).rejects.toThrow(
    'groups of 3 + 6 parameters, none of',
  );
  await file.close();
});

test('metadata come from a header or from the field of a .pth file', () => {
  const metadata = new Map([['format', 'pt']]);
  expect(checkpointMetadata({ metadata, fields: new Map() })).toBe(metadata);
  const fields = new Map([[METADATA_FIELD, '{"model":"{}"}']]);
  expect(checkpointMetadata({ metadata, fields }).get('model')).toBe('{}');
  expect(() => checkpointMetadata({ metadata, fields: new Map([[METADATA_FIELD, '{']]) })).toThrow(
    'is no JSON',
  );
});

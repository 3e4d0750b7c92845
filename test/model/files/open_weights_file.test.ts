import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { getuid } from 'node:process';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { encodeTensor } from '../../../src/model/safetensors.ts';
import { openWeights } from '../../../src/model/files/open_weights.ts';
import { openWeightsFile, readWeightsFile } from '../../../src/model/files/open_weights.node.ts';
import { readCheckpoint } from '../../../src/train/checkpoint.node.ts';
import { readSafetensors, writeSafetensors } from '../../../src/model/safetensors.node.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const tensor = (...values: readonly number[]) => encodeTensor(Float32Array.from(values), [values.length]);

let folder: string;
const path = (...parts: readonly string[]): string => join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const openDescriptors = async (): Promise<number> =>
  process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0;

test('a format is told by the content, whatever the name', async () => {
  await cp(join(fixtures, 'torch/legacy.pth'), path('model.safetensors'));
  await cp(join(fixtures, 'safetensors/numpy.safetensors'), path('model.pth'));
  expect((await readWeightsFile(path('model.safetensors'))).format).toBe('pytorch-legacy');
  expect((await readWeightsFile(path('model.pth'))).format).toBe('safetensors');
});

describe('shards', () => {
  const index = {
    metadata: { total_size: 12 },
    weight_map: { a: 'one.safetensors', b: 'two.safetensors', c: 'one.safetensors' },
  };
  beforeAll(async () => {
    await mkdir(path('shards'));
    await writeSafetensors(path('shards', 'one.safetensors'), [
      ['a', tensor(1)],
      ['c', tensor(3)],
    ]);
    await writeSafetensors(path('shards', 'two.safetensors'), [['b', tensor(2)]]);
  });

  test('by their index, by the folder that has it, and by a folder without', async () => {
    await writeFile(path('shards', 'model.safetensors.index.json'), JSON.stringify(index));
    for (const file of [path('shards', 'model.safetensors.index.json'), path('shards')]) {
      const { format, tensors, metadata } = await readWeightsFile(file);
      expect(format).toBe('safetensors-sharded');
      expect(Object.fromEntries(metadata)).toEqual({ total_size: '12' });
      expect(tensors).toEqual(
        new Map([
          ['a', tensor(1)],
          ['c', tensor(3)],
          ['b', tensor(2)],
        ]),
      );
    }
    await rm(path('shards', 'model.safetensors.index.json'));
    const { tensors } = await readWeightsFile(path('shards'));
    expect([...tensors.keys()]).toEqual(['a', 'c', 'b']);
    // A run's checkpoints are no shards.
    await writeFile(path('shards', 'configuration.json'), '{}');
    await expect(readWeightsFile(path('shards'))).rejects.toThrow(
      /folder of a training run, name one of its files: .*\.safetensors/,
    );
    await rm(path('shards', 'configuration.json'));
  });

  test('in a page, by whoever can get them', async () => {
    const shards = new Map([
      ['one.safetensors', await readFileOf('one')],
      ['two.safetensors', await readFileOf('two')],
    ]);
    const text = new TextEncoder().encode(JSON.stringify(index));
    const file = await openWeights(text, { shard: (name) => shards.get(name) ?? new Uint8Array() });
    expect([...(await file.read(['b'])).values()]).toEqual([tensor(2)]);
    await expect(openWeights(text)).rejects.toThrow('no way to its shards');
  });
  const readFileOf = async (name: string): Promise<Uint8Array> => {
    const { readFile } = await import('node:fs/promises');
    return new Uint8Array(await readFile(path('shards', `${name}.safetensors`)));
  };

  test('that lack a tensor, have one twice, or lie elsewhere are refused', async () => {
    const file = path('shards', 'bad.safetensors.index.json');
    const refused = async (map: Record<string, unknown>, message: string): Promise<void> => {
      await writeFile(file, JSON.stringify({ weight_map: map }));
      await expect(openWeightsFile(file)).rejects.toThrow(`${file}: ${message}`);
    };
    await refused({ z: 'one.safetensors' }, 'shard one.safetensors has no tensor "z"');
    await refused({ a: '../one.safetensors' }, 'weight_map has "../one.safetensors"');
    await refused({ a: '/etc/x.safetensors' }, 'weight_map has "/etc/x.safetensors"');
    await refused(
      { a: 'three.safetensors' },
      `shard three.safetensors: ${path('shards', 'three.safetensors')}: there is no such file`,
    );
    await writeSafetensors(path('shards', 'copy.safetensors'), [['a', tensor(1)]]);
    await refused(
      { a: 'one.safetensors', b: 'copy.safetensors' },
      'shard copy.safetensors has no tensor "b"',
    );
    await rm(file);
    await expect(openWeightsFile(path('shards'))).rejects.toThrow(
      'tensor "a" is in copy.safetensors and in one.safetensors',
    );
  });
});

describe('every reader says what is wrong with a path:', () => {
  test.each([readWeightsFile, readSafetensors, readCheckpoint])('%o', async (read) => {
    await mkdir(path('empty'), { recursive: true });
    await expect(read(path('empty'))).rejects.toThrow(/empty: this is a folder/);
    await expect(read(path('nothing.pth'))).rejects.toThrow(`${path('nothing.pth')}: there is no such file`);
    await expect(read(path('model.pth', 'x'))).rejects.toThrow('a part of its path is no folder');
  });

  test.skipIf(getuid?.() === 0)('and that it must not be read (skipped as root, who may)', async () => {
    await writeFile(path('locked.pth'), 'x');
    await chmod(path('locked.pth'), 0);
    await expect(readWeightsFile(path('locked.pth'))).rejects.toThrow('no permission');
  });
});

test('a file that shrinks after it was opened gives an error, and nothing stays open', async () => {
  const before = await openDescriptors();
  await cp(join(fixtures, 'torch/zip.pth'), path('shrinking.pth'));
  const file = await openWeightsFile(path('shrinking.pth'));
  await truncate(path('shrinking.pth'), 100);
  await expect(file.read()).rejects.toThrow(/shrinking\.pth: file ends at byte/);
  await file.close();
  await expect(openWeightsFile(path('shrinking.pth'))).rejects.toThrow(
    'its end is missing: the file is cut off',
  );
  await expect(openWeightsFile(join(fixtures, 'torch/whole_model.pth'))).rejects.toThrow('Tiny');
  expect(await openDescriptors()).toBe(before);
});

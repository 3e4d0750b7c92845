import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../../src/data/png/png.node.ts';
import { locateDataset, openDataset } from '../../src/data/open_dataset.node.ts';
import { goldenTensors } from '../eval/golden.ts';

const fixtures = new URL('../fixtures/', import.meta.url).pathname;
let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'datasets-'));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

/** Writes files, text as it is, and small pictures where the content is a size. */
async function write(
  folder: string,
  files: Readonly<Record<string, string | readonly [number, number]>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if (typeof content === 'string') await writeFile(path, content);
    else {
      const [width, height] = content;
      await writeFile(path, encodePng({ width, height, data: new Uint8Array(width * height * 3).fill(9) }));
    }
  }
}

describe('ILSVRC as wsolevaluation lays it out', () => {
  let root = '';
  beforeAll(async () => {
    root = join(home, 'dataset');
    await write(root, {
      'ILSVRC/train/n01440764/n01440764_1.JPEG': [8, 6],
      'ILSVRC/train/n01443537/n01443537_1.JPEG': [8, 6],
      'ILSVRC/train/n01443537/n01443537_2.JPEG': [8, 6],
      'ILSVRC/val/ILSVRC2012_val_00000001.JPEG': [10, 5],
      'ILSVRC/val2/0/0.jpeg': [4, 4],
    });
    await write(join(home, 'metadata', 'ILSVRC'), {
      'train/image_ids.txt':
        'train/n01440764/n01440764_1.JPEG\ntrain/n01443537/n01443537_1.JPEG\ntrain/n01443537/n01443537_2.JPEG\n',
      'train/image_ids_proxy.txt': 'train/n01443537/n01443537_2.JPEG\n',
      'train/class_labels.txt':
        'train/n01440764/n01440764_1.JPEG,0\ntrain/n01443537/n01443537_1.JPEG,1\ntrain/n01443537/n01443537_2.JPEG,1\n',
      'val/image_ids.txt': 'val2/0/0.jpeg\n',
      'val/class_labels.txt': 'val2/0/0.jpeg,0\n',
      'test/image_ids.txt': 'val/ILSVRC2012_val_00000001.JPEG\n',
      'test/class_labels.txt': 'val/ILSVRC2012_val_00000001.JPEG,1\n',
      'test/image_sizes.txt': 'val/ILSVRC2012_val_00000001.JPEG,10,5\n',
      'test/localization.txt':
        'val/ILSVRC2012_val_00000001.JPEG,1,1,4,3\nval/ILSVRC2012_val_00000001.JPEG,2,2,5,4\n',
    });
  });

  test('is found beside its lists, with wnids for names and ImageNetV2 as validation', async () => {
    for (const folder of [root, join(root, 'ILSVRC')]) {
      const train = await openDataset({ folder, split: 'train' });
      expect([train.kind, train.name, train.length]).toEqual(['ilsvrc', 'ILSVRC (train)', 3]);
      expect(train.classNames).toEqual(['n01440764', 'n01443537']);
      expect(train.path(1)).toBe(join(root, 'ILSVRC/train/n01443537/n01443537_1.JPEG'));
      expect(train.size(0)).toBeUndefined();
      expect(train.boxes(0)).toEqual([]);
      const val = await openDataset({ folder, split: 'val' });
      expect(val.imageId(0)).toBe('val2/0/0.jpeg');
      expect(val.classNames).toEqual(train.classNames);
      const test = await openDataset({ folder, split: 'test' });
      expect([test.label(0), test.size(0), test.boxes(0).length]).toEqual([1, { width: 10, height: 5 }, 2]);
      // PNG inside, JPEG by name, as one picture of ILSVRC is.
      expect(await test.load(0)).toMatchObject({ width: 10, height: 5 });
    }
  });

  test('the proxy list is for train only', async () => {
    const folder = join(root, 'ILSVRC');
    const proxy = await openDataset({ folder, split: 'train', proxy: true });
    expect([proxy.name, proxy.length, proxy.imageId(0), proxy.label(0)]).toEqual([
      'ILSVRC (train, proxy)',
      1,
      'train/n01443537/n01443537_2.JPEG',
      1,
    ]);
    expect((await openDataset({ folder, split: 'test', proxy: true })).length).toBe(1);
  });

  test('lists are found where they are said to be', async () => {
    const bare = join(home, 'away', 'from', 'its', 'bare');
    await cp(join(root, 'ILSVRC'), bare, { recursive: true });
    await expect(openDataset({ folder: bare, split: 'test', kind: 'ilsvrc' })).rejects.toThrow(
      /bare: no split lists found \(metadata, --metadata .*\)\nexpected of ILSVRC:\n {2}train\/n01440764/,
    );
    for (const metadata of [join(home, 'metadata', 'ILSVRC'), join(home, 'metadata')]) {
      const dataset = await openDataset({ folder: bare, split: 'test', kind: 'ilsvrc', metadata });
      expect(dataset.length).toBe(1);
    }
    // Told by the paths of the lists, whatever the folder is called.
    expect((await locateDataset({ folder: bare, metadata: join(home, 'metadata', 'ILSVRC') })).kind).toBe(
      'ilsvrc',
    );
    await rename(join(bare, 'val'), join(bare, 'elsewhere'));
    await expect(
      openDataset({ folder: bare, split: 'test', metadata: join(home, 'metadata'), kind: 'ilsvrc' }),
    ).rejects.toThrow(
      /test split's first image is missing: .*ILSVRC2012_val_00000001.JPEG\nexpected of ILSVRC/,
    );
  });

  test('a missing list and a label out of range are named', async () => {
    const metadata = join(home, 'few');
    await cp(join(home, 'metadata', 'ILSVRC'), metadata, { recursive: true });
    await rm(join(metadata, 'train', 'image_ids_proxy.txt'));
    const options = { folder: join(root, 'ILSVRC'), metadata, split: 'train', proxy: true } as const;
    await expect(openDataset(options)).rejects.toThrow(
      /few\/train: cannot read image_ids_proxy.txt\nexpected of ILSVRC/,
    );
  });
});

test('OpenImages30k: masks are the official get_mask, at 224x224 and at the size of the picture', async () => {
  const folder = join(home, 'OpenImages');
  await cp(join(fixtures, 'openimages_tiny'), folder, { recursive: true });
  await write(folder, {
    'test/aa/img0.jpg': [150, 110],
    'test/aa/img1.jpg': [224, 224],
    'test/aa/img2.jpg': [97, 301],
  });
  const dataset = await openDataset({ folder, split: 'test' });
  expect([dataset.kind, dataset.length, dataset.hasMasks]).toEqual(['openimages', 3, true]);
  expect(dataset.maskPaths(0)).toEqual(
    ['m0', 'm1', 'ignore'].map((name) => join(folder, `test/aa/img0_${name}.png`)),
  );
  const golden = await goldenTensors('pixel_average_precision');
  for (let index = 0; index < dataset.length; index++) {
    const mask = await dataset.mask(index, { width: 224, height: 224 });
    expect(Buffer.compare(mask?.data ?? new Uint8Array(), golden.bytes(`openimages.mask.${index}`))).toBe(0);
    const original = await dataset.mask(index);
    expect({ width: original?.width, height: original?.height }).toEqual(dataset.size(index));
    expect(new Set(original?.data)).toEqual(new Set([0, 1, 255]));
  }
});

describe('folders of classes', () => {
  test('train, val and test', async () => {
    const folder = join(home, 'classes');
    await write(folder, {
      'train/dog/b.jpg': [4, 4],
      'train/dog/a.JPEG': [4, 4],
      'train/cat/x.png': [4, 4],
      'train/cat/notes.txt': 'no picture',
      'train/.hidden/x.png': [4, 4],
      'test/dog/c.jpg': [4, 4],
    });
    const train = await openDataset({ folder, split: 'train' });
    expect([train.kind, train.classNames]).toEqual(['folder', ['cat', 'dog']]);
    expect([0, 1, 2].map((index) => [train.imageId(index), train.label(index)])).toEqual([
      ['train/cat/x.png', 0],
      ['train/dog/a.JPEG', 1],
      ['train/dog/b.jpg', 1],
    ]);
    expect((await openDataset({ folder, split: 'test' })).label(0)).toBe(1);
    await expect(openDataset({ folder, split: 'val' })).rejects.toThrow(
      /the folder val is missing\nexpected of a folder of classes/,
    );
    await write(folder, { 'test/horse/h.jpg': [4, 4] });
    await expect(openDataset({ folder, split: 'test' })).rejects.toThrow(
      /test: horse: no class of that name in train/,
    );
  });

  test('one level is split by seed, each class by itself', async () => {
    const folder = join(home, 'one_level');
    const files = Array.from({ length: 20 }, (_, i) => [`a/${i}.png`, `b/${i}.png`]).flat();
    await write(folder, Object.fromEntries(files.map((file) => [file, [2, 2] as const])));
    const idsOf = async (split: 'train' | 'val' | 'test', seed: number): Promise<readonly string[]> => {
      const dataset = await openDataset({ folder, split, seed });
      return Array.from({ length: dataset.length }, (_, index) => dataset.imageId(index));
    };
    const parts = [await idsOf('train', 0), await idsOf('val', 0), await idsOf('test', 0)];
    expect(parts.map((ids) => ids.length)).toEqual([32, 4, 4]);
    expect(parts.flat().toSorted()).toEqual(files.toSorted());
    expect(parts.map((ids) => ids.filter((id) => id.startsWith('a/')).length)).toEqual([16, 2, 2]);
    expect(await idsOf('test', 0)).toEqual(parts[2]);
    expect(await idsOf('test', 1)).not.toEqual(parts[2]);
  });
});

describe('recognising', () => {
  test('CUB as it is unpacked and as wsolevaluation moves it', async () => {
    expect((await openDataset({ folder: join(fixtures, 'cub_tiny'), split: 'test' })).kind).toBe('cub');
    const moved = join(home, 'moved', 'CUB');
    await cp(join(fixtures, 'cub_tiny', 'images'), moved, { recursive: true });
    await cp(join(fixtures, 'cub_tiny', 'metadata'), join(home, 'moved', 'metadata', 'CUB'), {
      recursive: true,
    });
    const dataset = await openDataset({ folder: moved, split: 'test' });
    expect([dataset.kind, dataset.length]).toEqual(['cub', 10]);
    expect(dataset.classNames[1]).toBe('Synthetic_Bird_B');
    expect((await dataset.load(0)).width).toBe(dataset.size(0)?.width);
  });

  test('any folder with lists', async () => {
    const folder = join(home, 'own');
    await write(folder, {
      'img/1.png': [3, 3],
      'metadata/train/image_ids.txt': 'img/1.png\n',
      'metadata/train/class_labels.txt': 'img/1.png,1\n',
    });
    const dataset = await openDataset({ folder, split: 'train' });
    expect([dataset.kind, dataset.classNames]).toEqual(['lists', ['0', '1']]);
  });

  test('what is no data set is told all layouts', async () => {
    const folder = join(home, 'nothing');
    await write(folder, { 'readme.txt': '' });
    const message =
      /nothing: not a data set that is known here\nexpected of CUB[^]*ILSVRC[^]*OpenImages30k[^]*folder of classes/;
    await expect(openDataset({ folder, split: 'train' })).rejects.toThrow(message);
    await expect(openDataset({ folder: join(home, 'nowhere'), split: 'train' })).rejects.toThrow(
      /there is no such folder/,
    );
    await expect(openDataset({ folder, split: 'train', kind: 'folder' })).rejects.toThrow(
      /has no images\nexpected of a folder of classes/,
    );
  });

  test('several data sets in one folder, and options that do not fit, are refused', async () => {
    const folder = join(home, 'several');
    await mkdir(join(folder, 'CUB'), { recursive: true });
    await mkdir(join(folder, 'ILSVRC'), { recursive: true });
    await expect(openDataset({ folder, split: 'train' })).rejects.toThrow(
      /several data sets \(cub, ilsvrc\)/,
    );
    const own = join(home, 'own');
    await expect(openDataset({ folder: own, split: 'train', onlyPresent: true })).rejects.toThrow(
      /onlyPresent is true with lists/,
    );
    await expect(
      openDataset({ folder: join(home, 'one_level'), split: 'train', proxy: true }),
    ).rejects.toThrow(/proxy is true/);
  });
});

import type { CubAnnotationFile } from '../../src/data/cub_annotations.ts';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { birdletClasses, BIRD_PARTS, differingParts } from '../../src/data/birdlets/classes.ts';
import { writeBirdlets } from '../../src/data/birdlets/write.node.ts';
import type { ImageDataset } from '../../src/data/image_dataset.ts';
import { openDataset } from '../../src/data/open_dataset.node.ts';
import { openCub, readCubAnnotations } from '../../src/data/cub.node.ts';
import { CUB_ANNOTATION_FILES, parseCubAnnotations } from '../../src/data/cub_annotations.ts';

const tiny = new URL('../fixtures/cub_tiny', import.meta.url).pathname;
let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cub-'));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

describe('the synthetic CUB folder of the reference', () => {
  test('a split by its official lists', async () => {
    const dataset = await openCub({ folder: tiny, split: 'test' });
    expect(dataset.name).toBe('cub_tiny (test)');
    expect(dataset.length).toBe(10);
    expect(dataset.classNames.slice(0, 2)).toEqual(['Synthetic_Bird_A', 'Synthetic_Bird_B']);
    expect(dataset.classIds).toEqual([1, 2, 3, 4, 5]);
    expect(dataset.imageId(5)).toBe('001.Synthetic_Bird_A/Synthetic_0006_1.jpg');
    expect(dataset.label(5)).toBe(0);
    expect(dataset.size(5)).toEqual({ width: 107, height: 139 });
    expect(dataset.boxes(5)).toEqual([{ x0: 20, y0: 23, x1: 103, y1: 97 }]);
    for (let index = 0; index < dataset.length; index++) {
      const { width, height } = await dataset.load(index);
      expect({ width, height }).toEqual(dataset.size(index));
      const segmentation = await dataset.segmentation(index);
      expect([segmentation?.width, segmentation?.height]).toEqual([width, height]);
    }
    expect(await dataset.partMask(0)).toBeUndefined();
    expect(() => dataset.label(10)).toThrow(/ImageDataset.label: index is 10/);
  });

  test('without lists its own train_test_split.txt says the same of every image, and knows no val split', async () => {
    const folder = join(home, 'unpacked', 'CUB_200_2011');
    await cp(tiny, folder, { recursive: true });
    await rm(join(folder, 'metadata'), { recursive: true });
    const imagesOf = (dataset: ImageDataset): readonly unknown[] =>
      Array.from({ length: dataset.length }, (_, index) => [
        dataset.imageId(index),
        dataset.label(index),
        dataset.size(index),
        dataset.boxes(index),
      ]);
    // The fixture's lists hold all ten images in each split; of its own split every other one is for training.
    const listed = imagesOf(await openCub({ folder: tiny, split: 'test' }));
    const [train, test] = [
      await openDataset({ folder, split: 'train' }),
      await openDataset({ folder, split: 'test' }),
    ];
    expect([train.kind, train.classNames[4]]).toEqual(['cub', 'Synthetic_Bird_E']);
    expect(imagesOf(train)).toEqual(listed.filter((_, index) => index % 2 === 0));
    expect(imagesOf(test)).toEqual(listed.filter((_, index) => index % 2 === 1));
    await expect(openDataset({ folder, split: 'val' })).rejects.toThrow(
      /train_test_split.txt knows no val split/,
    );
    await expect(openDataset({ folder, split: 'train', proxy: true })).rejects.toThrow(/image_ids_proxy.txt/);

    await writeFile(join(folder, 'bounding_boxes.txt'), '1 15.0 44.0 4000.0 92.0\n');
    const clipped = await openDataset({ folder, split: 'train' });
    const { width = 0 } = clipped.size(0) ?? {};
    expect(clipped.boxes(0)).toEqual([{ x0: 15, y0: 44, x1: width - 1, y1: 136 }]);
    expect(clipped.boxes(1)).toEqual([]);
    await writeFile(join(folder, 'train_test_split.txt'), '1 2\n');
    await expect(openDataset({ folder, split: 'train' })).rejects.toThrow(
      /image 1 \(.*\) has no class .*neither 0 nor 1 in train_test_split.txt/,
    );
    // Lists beside the folder go before, under wsolevaluation's name of the data set.
    await cp(join(tiny, 'metadata'), join(home, 'unpacked', 'metadata', 'CUB'), { recursive: true });
    expect((await openDataset({ folder, split: 'val' })).length).toBe(10);
  });

  test('attributes.txt may lie beside the folder, where the archive has it', async () => {
    const folder = join(home, 'archive', 'CUB_200_2011');
    await cp(tiny, folder, { recursive: true });
    await rename(join(folder, 'attributes', 'attributes.txt'), join(home, 'archive', 'attributes.txt'));
    expect((await readCubAnnotations(folder)).attributeNames[0]).toBe('has_bill_shape::curved_(up_or_down)');
  });

  test('annotations', async () => {
    const annotations = await readCubAnnotations(tiny);
    expect(annotations.partNames).toHaveLength(15);
    expect(annotations.attributeNames[0]).toBe('has_bill_shape::curved_(up_or_down)');
    expect(annotations.classAttributes.get(1)?.[2]).toBe(54.29);
    const image = annotations.images.get('001.Synthetic_Bird_A/Synthetic_0001_1.jpg');
    expect(image).toMatchObject({
      id: 1,
      classId: 1,
      isTraining: true,
      box: { x: 15, y: 44, width: 40, height: 92 },
    });
    // part_locs.txt gives part 1 (back) as not visible.
    expect(image?.visibleParts.has('back')).toBe(false);
    expect(image?.visibleParts.get('beak')).toEqual({ x: 41.5, y: 48.8 });
  });

  test('onlyPresent leaves out images and classes that are not on disk, and relabels alike in all splits', async () => {
    const folder = join(home, 'partial');
    await cp(tiny, folder, { recursive: true });
    await rm(join(folder, 'images/002.Synthetic_Bird_B'), { recursive: true });
    await rm(join(folder, 'images/004.Synthetic_Bird_D/Synthetic_0009_4.jpg'));
    await expect(openCub({ folder, split: 'test' })).rejects.toThrow(
      /3 of 10 test images are missing, such as images\/002.Synthetic_Bird_B\/Synthetic_0002_2.jpg .*onlyPresent/,
    );
    const dataset = await openCub({ folder, split: 'test', onlyPresent: true });
    expect(dataset.length).toBe(7);
    expect(dataset.classIds).toEqual([1, 3, 4, 5]);
    const labels = Array.from({ length: 7 }, (_, index) => dataset.label(index));
    expect(labels).toEqual([0, 1, 2, 3, 0, 1, 3]);
    expect(dataset.classNames[1]).toBe('Synthetic_Bird_C');
  });

  test('what is missing is listed with the expected layout', async () => {
    const folder = join(home, 'broken');
    await cp(tiny, folder, { recursive: true });
    await rm(join(folder, 'parts'), { recursive: true });
    await rm(join(folder, 'bounding_boxes.txt'));
    await expect(readCubAnnotations(folder)).rejects.toThrow(
      /cannot read bounding_boxes.txt, parts\/part_locs.txt, parts\/parts.txt\nexpected/,
    );
    await expect(openCub({ folder: join(home, 'nowhere'), split: 'train' })).rejects.toThrow(
      /cannot read classes.txt\nexpected/,
    );
    await expect(openCub({ folder, split: 'train', metadata: home })).rejects.toThrow(
      /cannot read class_labels.txt, image_ids.txt\nexpected/,
    );
    await rm(join(folder, 'images'), { recursive: true });
    await expect(openCub({ folder, split: 'train' })).rejects.toThrow(/cannot read the folder of images/);
  });

  test('malformed lines are named', async () => {
    const folder = join(home, 'malformed');
    await cp(tiny, folder, { recursive: true });
    await writeFile(join(folder, 'bounding_boxes.txt'), '1 2 3 4 5\n2 x 3 4 5\n');
    await expect(readCubAnnotations(folder)).rejects.toThrow(
      /bounding_boxes.txt, line 2: got "2 x 3 4 5", wanted 5 numbers/,
    );

    const texts: Partial<Record<CubAnnotationFile, string>> = {};
    for (const file of CUB_ANNOTATION_FILES) texts[file] = await readFile(join(tiny, file), 'utf8');
    const complete = texts as Record<CubAnnotationFile, string>;
    expect(() => parseCubAnnotations('here', { ...complete, 'train_test_split.txt': '1 1\n' })).toThrow(
      /here: image 2 \(.*\) has no class, split or bounding box/,
    );
    expect(() => parseCubAnnotations('here', { ...complete, 'classes.txt': 'nonsense\n' })).toThrow(
      /here\/classes.txt, line 1: got "nonsense"/,
    );
  });
});

describe('birdlets are a CUB folder', () => {
  test('every split opens; attributes differ in exactly the parts that look different', async () => {
    const folder = join(home, 'birdlets');
    await writeBirdlets(folder, { seed: 2, size: 64, classes: 8, train: 16, val: 8, test: 9 });
    const annotations = await readCubAnnotations(folder);
    const seen = new Set<string>();
    for (const [split, length] of [
      ['train', 16],
      ['val', 8],
      ['test', 9],
    ] as const) {
      const dataset = await openCub({ folder, split });
      expect(dataset.length).toBe(length);
      for (let index = 0; index < length; index++) {
        const id = dataset.imageId(index);
        expect(seen.has(id)).toBe(false);
        seen.add(id);
        const image = annotations.images.get(id);
        expect(image?.classId).toBe(dataset.classIds[dataset.label(index)]);
        expect(image?.isTraining).toBe(split !== 'test');
        expect((await dataset.load(index)).width).toBe(64);
        const partMask = await dataset.partMask(index);
        for (const [name, { x, y }] of image?.visibleParts ?? []) {
          expect(partMask?.data[y * 64 + x], name).toBeGreaterThan(0);
        }
      }
    }
    const classes = birdletClasses(8);
    const holds = (classId: number): readonly string[] =>
      annotations.attributeNames.filter((_, i) => (annotations.classAttributes.get(classId)?.[i] ?? 0) >= 50);
    // CALM's rule: the head has many words, the other parts are named by themselves.
    const partsOf = (name: string): readonly string[] =>
      BIRD_PARTS.filter((part) =>
        part === 'head' ? /bill|crown|forehead|eye|nape|throat|head/.test(name) : name.includes(part),
      );
    for (const [i, a] of classes.entries()) {
      for (const [j, b] of classes.entries()) {
        const one = new Set(holds(i + 1));
        const other = new Set(holds(j + 1));
        const parts = new Set([...one.symmetricDifference(other)].flatMap(partsOf));
        expect(BIRD_PARTS.filter((part) => parts.has(part))).toEqual(differingParts(a, b));
      }
    }
  });
});

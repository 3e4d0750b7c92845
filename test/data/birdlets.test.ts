import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIRD_PARTS, birdletClasses, differingParts, MAX_CLASSES } from '../../src/data/birdlets/classes.ts';
import { generateBirdlet } from '../../src/data/birdlets/generate.ts';
import { cosineOfTurn, sineOfTurn } from '../../src/data/birdlets/geometry.ts';
import { CUB_PART_NAMES } from '../../src/data/birdlets/points.ts';
import { writeBirdlets } from '../../src/data/birdlets/write.node.ts';
import { readImage, readPlane } from '../../src/data/decode.node.ts';
import { hashIntegers } from '../../src/runtime/random.ts';

/** Part labels at which each of CUB's parts may be seen. */
const LABEL_OF_PART: Readonly<Record<string, number>> = {
  back: 2,
  belly: 3,
  breast: 4,
  tail: 5,
  'left leg': 6,
  'right leg': 6,
  'left wing': 7,
  'right wing': 7,
};

describe('generateBirdlet', () => {
  test('the same seed and index give the same bytes, in any order of calls', () => {
    const first = generateBirdlet(3, 5);
    generateBirdlet(3, 6);
    expect(generateBirdlet(3, 5)).toEqual(first);
    expect(generateBirdlet(3, 15).image.data).not.toEqual(first.image.data);
    expect(generateBirdlet(4, 5).image.data).not.toEqual(first.image.data);
  });

  test('the bytes are those of this generator, on every platform', () => {
    // Changing a picture on purpose means raising GENERATOR_VERSION in write.node.ts and renewing this number.
    const { image, partMap } = generateBirdlet(1, 0, { size: 96 });
    expect([hashIntegers(...image.data), hashIntegers(...partMap.data)]).toEqual([4180084346, 1930231645]);
  });

  test('every part is seen, lies in the segmentation and in the box, and the box fits the bird', () => {
    for (let index = 0; index < 40; index++) {
      const { image, partMap, segmentation, parts, box, label } = generateBirdlet(9, index, { size: 112 });
      expect(label).toBe(index % MAX_CLASSES);
      expect(image.data.length).toBe(112 * 112 * 3);
      const counts = new Uint32Array(8);
      for (let i = 0; i < partMap.data.length; i++) {
        const part = partMap.data[i] ?? 0;
        counts[part] = (counts[part] ?? 0) + 1;
        if (segmentation.data[i] !== (part > 0 ? 255 : 0))
          throw new Error(`birdlet ${index}: segmentation at ${i}`);
        const x = i % 112;
        const y = Math.floor(i / 112);
        if (part > 0 && (x < box.x || y < box.y || x >= box.x + box.width || y >= box.y + box.height)) {
          throw new Error(`birdlet ${index}: pixel ${x}, ${y} of part ${part} lies outside the box`);
        }
      }
      // A part of fewer pixels than this would be no cue at the resolution of a feature map.
      for (let part = 1; part <= 7; part++) expect(counts[part], BIRD_PARTS[part - 1]).toBeGreaterThan(15);
      // The figure is small: localising it means something.
      expect(box.width / 112).toBeGreaterThan(0.3);
      expect(box.width / 112).toBeLessThan(0.6);
      expect(parts.map(({ name }) => name)).toEqual(CUB_PART_NAMES);
      for (const { name, x, y, visible } of parts) {
        if (visible) expect(partMap.data[y * 112 + x], name).toBe(LABEL_OF_PART[name] ?? 1);
        else expect([x, y]).toEqual([0, 0]);
      }
      expect(parts.filter(({ visible }) => visible).length).toBeGreaterThan(5);
    }
  });

  test('pose and background do not depend on the class', () => {
    // Index 5 is class 5 of 10 and class 1 of 4: same scene, another bird.
    const one = generateBirdlet(2, 5, { classes: 10, occlusion: 0 });
    const other = generateBirdlet(2, 5, { classes: 4, occlusion: 0 });
    expect(one.label).not.toBe(other.label);
    let differences = 0;
    for (let i = 0; i < one.partMap.data.length; i++) {
      const same = [0, 1, 2].every(
        (channel) => one.image.data[i * 3 + channel] === other.image.data[i * 3 + channel],
      );
      if (same) continue;
      differences++;
      const { x, y, width, height } = one.box;
      // One pixel around: antialiased edges.
      expect(i % 128).toBeGreaterThanOrEqual(Math.min(x, other.box.x) - 1);
      expect(i % 128).toBeLessThanOrEqual(Math.max(x + width, other.box.x + other.box.width));
      expect(Math.floor(i / 128)).toBeGreaterThanOrEqual(Math.min(y, other.box.y) - 1);
      expect(Math.floor(i / 128)).toBeLessThanOrEqual(Math.max(y + height, other.box.y + other.box.height));
    }
    expect(differences).toBeGreaterThan(50);
  });

  test('misuse names the option', () => {
    expect(() => generateBirdlet(1, -1)).toThrow(/index >= 0, got 1 and -1/);
    expect(() => generateBirdlet(1, 0, { size: 20 })).toThrow(
      /size must be an integer in \[48, 1024\], got 20/,
    );
    expect(() => generateBirdlet(1, 0, { classes: 99 })).toThrow(/classes must be/);
    expect(() => generateBirdlet(1, 0, { occlusion: Number.NaN })).toThrow(/occlusion must be a number/);
  });

  test('sine and cosine of turns', () => {
    for (let turn = -2; turn <= 2; turn += 1 / 64) {
      // The series stops at x^11: its first missing term at a quarter turn is 6e-8.
      expect(Math.abs(sineOfTurn(turn) - Math.sin(2 * Math.PI * turn))).toBeLessThan(1e-7);
      expect(Math.abs(cosineOfTurn(turn) - Math.cos(2 * Math.PI * turn))).toBeLessThan(1e-7);
    }
  });
});

describe('classes', () => {
  test.each(Array.from({ length: MAX_CLASSES - 5 }, (_, index) => index + 6))(
    '%i classes: all differ, and pairs with one, two and three differing parts exist',
    (count) => {
      const classes = birdletClasses(count);
      const found = new Set<number>();
      for (const [index, a] of classes.entries()) {
        for (const b of classes.slice(index + 1)) found.add(differingParts(a, b).length);
      }
      expect([...found]).toEqual(expect.arrayContaining([1, 2, 3]));
      expect(found.has(0)).toBe(false);
    },
  );

  test('every part in which species of a genus differ is enough to tell the species', () => {
    const classes = birdletClasses(MAX_CLASSES);
    for (const species of classes) {
      const near = classes.filter((other) => [1, 2, 3].includes(differingParts(species, other).length));
      expect(near).toHaveLength(3);
      const cues = new Set(near.flatMap((other) => differingParts(species, other)));
      for (const part of cues) {
        const alike = classes.filter((other) => !differingParts(species, other).includes(part));
        expect(alike, `${species.name}: its ${part}`).toEqual([species]);
      }
    }
  });

  test('each part tells some two of the default classes apart', () => {
    const classes = birdletClasses(MAX_CLASSES);
    const parts = new Set(classes.flatMap((a) => classes.flatMap((b) => differingParts(a, b))));
    expect(parts.size).toBe(BIRD_PARTS.length);
  });
});

describe('writeBirdlets', () => {
  let home = '';
  const options = { seed: 5, size: 64, classes: 5, train: 12, val: 5, test: 7 } as const;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'birdlets-'));
  });
  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
  });

  test('writes once, keeps, and writes anew when the options change', async () => {
    const folder = join(home, 'once');
    let calls = 0;
    expect(await writeBirdlets(folder, { ...options, onProgress: () => calls++ })).toEqual({
      folder,
      generated: true,
    });
    expect(calls).toBe(24);
    const before = await stat(join(folder, 'images.txt'));
    expect((await writeBirdlets(folder, options)).generated).toBe(false);
    expect((await stat(join(folder, 'images.txt'))).mtimeMs).toBe(before.mtimeMs);
    expect((await writeBirdlets(folder, { ...options, train: 15 })).generated).toBe(true);
    // Nothing half-written stays behind.
    expect(await readdir(home)).toEqual(['once']);
  });

  test('test pictures do not depend on the number of training pictures', async () => {
    const folder = join(home, 'other');
    await writeBirdlets(folder, { ...options, train: 20 });
    const read = async (root: string): Promise<readonly Buffer[]> => {
      const ids = (await readFile(join(root, 'metadata/test/image_ids.txt'), 'utf8')).trim().split('\n');
      return Promise.all(ids.map((id) => readFile(join(root, 'images', id))));
    };
    expect(await read(folder)).toEqual(await read(join(home, 'once')));
  });

  test('files hold what generateBirdlet draws', async () => {
    const folder = join(home, 'once');
    const [first] = (await readFile(join(folder, 'images.txt'), 'utf8')).split('\n');
    const file = String(first).split(' ')[1] ?? '';
    const { image, partMap, segmentation } = generateBirdlet(5, 0, { size: 64, classes: 5 });
    expect(await readImage(join(folder, 'images', file))).toEqual(image);
    expect(await readPlane(join(folder, 'segmentations', file))).toEqual(segmentation);
    expect(await readPlane(join(folder, 'part_masks', file))).toEqual(partMap);
  });

  test('classes are balanced in every split', async () => {
    for (const split of ['train', 'val', 'test']) {
      const lines = (await readFile(join(home, 'once/metadata', split, 'class_labels.txt'), 'utf8'))
        .trim()
        .split('\n');
      const counts = new Uint32Array(5);
      for (const line of lines) {
        const label = Number(line.split(',')[1]);
        counts[label] = (counts[label] ?? 0) + 1;
      }
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  test('a folder that is not ours is left alone', async () => {
    const folder = await mkdtemp(join(home, 'mine-'));
    await writeFile(join(folder, 'thesis.txt'), 'years of work');
    await expect(writeBirdlets(folder, options)).rejects.toThrow(/exists and is not a birdlets folder/);
    expect(await readdir(folder)).toEqual(['thesis.txt']);
    // Nor is one that says it were.
    await writeFile(join(folder, 'birdlets.json'), '{}');
    await expect(writeBirdlets(folder, options)).rejects.toThrow(
      /is not a birdlets folder \(it has thesis.txt\)/,
    );
    expect(await readdir(folder)).toEqual(['birdlets.json', 'thesis.txt']);
    // Nor one that pictures of somebody's own have joined.
    const drawn = join(home, 'joined');
    await writeBirdlets(drawn, options);
    await mkdir(join(drawn, 'images', '099.Mine'));
    await writeFile(join(drawn, 'images', '099.Mine', 'Mine_1.png'), 'a picture');
    await expect(writeBirdlets(drawn, { ...options, seed: 77 })).rejects.toThrow(
      'is not a birdlets folder (it has images/099.Mine/Mine_1.png)',
    );
    await rm(join(drawn, 'images', '099.Mine'), { recursive: true });
    expect(await writeBirdlets(drawn, { ...options, seed: 77 })).toMatchObject({ generated: true });
    await expect(writeBirdlets(join(home, 'x'), { ...options, val: 0 })).rejects.toThrow(
      /val must be a positive integer/,
    );
  });
});

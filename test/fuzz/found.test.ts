/** What fuzzing has found, each by the smallest input that shows it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyValues } from '../../tools/training/config_file.ts';
import { classesBelow, parseClassList, parseClassSynsets } from '../../src/attribution/superset.ts';
import { CUB_ANNOTATION_FILES, parseCubAnnotations } from '../../src/data/cub_annotations.ts';
import { decodeImage, readImage } from '../../src/data/decode.node.ts';
import { execFileSync } from 'node:child_process';
import { fixtureText } from './seeds.ts';
import { join } from 'node:path';
import { ImageDecodeError, MAX_PIXELS } from '../../src/data/image.ts';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { parseCheckpoint } from '../../src/train/checkpoint.ts';
import { parseFrame } from '../../src/data/jpeg/frame.ts';
import { parseLists, surveyLabels } from '../../src/data/lists.ts';
import { parseRunRecord } from '../../tools/training/run_record.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { readImageSize } from '../../src/data/cub_lists.node.ts';
import { readLists } from '../../src/data/read_lists.node.ts';
import { readWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { ResultStore } from '../../tools/evaluate/result_store.ts';
import { RunFolder } from '../../tools/training/run_folder.ts';
import { tmpdir } from 'node:os';
import { trainCommand } from '../../tools/commands/train.ts';
import { WeightsFileError } from '../../src/model/files/error.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-found-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the model that a checkpoint describes', () => {
  const described = (model: object): unknown =>
    parseCheckpoint({ tensors: new Map(), metadata: new Map([['model', JSON.stringify(model)]]) });
  const small = { architecture: 'resnet18', head: 'cam', classes: 2, layers: [1], widths: [4] };

  test.each([
    ['no list of layers', { layers: { a: 1 } }, /createModel: layers is \{\.\.\.\}, wanted a list/],
    ['nothing as a head', { head: undefined }, /createModel: head is undefined/],
    ['names without a list', { frozen: 5 }, /createModel: frozen is 5, wanted a list/],
    ['a value that has no text', { classes: { toString: 1 } }, /createModel: classes is \{\.\.\.\}/],
    ['a prior that does not exist', { head: { kind: 'cam', prior: 'x' } }, /head.prior is x/],
    ['a seed that is no number', { seed: 'x' }, /seed is x/],
    ['a very long name', { architecture: 'x'.repeat(5000) }, /architecture is x{200}\.\.\., wanted/],
    ['blocks without end', { layers: [1001] }, /wanted at most 1000 blocks/],
  ])('has %s', (_, change, message) => {
    expect(() => described({ ...small, ...change })).toThrow(message);
  });

  test('is refused where it is far larger than the file, before it is made', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => described({ ...small, classes: 2 ** 40 })).toThrow(
      /classes is 1099511627776, wanted a whole/,
    );
    expect(() => described({ ...small, layers: [900], widths: [64] })).toThrow(/hold 0 numbers, far fewer/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect(() => described(small)).not.toThrow();
  });
});

describe('a JPEG', () => {
  /** A frame of so many components, and a scan of the first without data. */
  function claim(width: number, height: number, progressive: boolean, filler = 0): Uint8Array {
    const size = [height >> 8, height & 255, width >> 8, width & 255];
    const components = [1, 2, 3].flatMap((id) => [id, 0x11, 0]);
    return Uint8Array.from([
      ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...Array<number>(64).fill(1)],
      ...[0xff, progressive ? 0xc2 : 0xc0, 0, 17, 8, ...size, 3, ...components],
      ...[0xff, 0xc4, 0, 20, 0, 1, ...Array<number>(15).fill(0), 0],
      ...[0xff, 0xc4, 0, 20, 0x10, 1, ...Array<number>(15).fill(0), 0],
      ...Array<number>(filler).fill(0),
      ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, progressive ? 0 : 63, 0, 0xff, 0xd9],
    ]);
  }

  test('of many more pixels than its bytes can hold is refused before they are allocated', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (const progressive of [false, true])
      expect(() => decodeImage(claim(10_000, 10_000, progressive), 'x.jpg')).toThrow(
        /^x\.jpg: .*truncated \(\d+ bytes for 10000x10000 pixels\)/,
      );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect(decodeImage(claim(1000, 1000, true), 'x.jpg').width).toBe(1000);
  });

  test.each([
    [3, 9999, 10_001],
    [3, 33_333, 3000],
    [4, 10_000, 10_000],
    [4, 65_535, 1525],
  ])('of %i progressive components and %ix%i pixels is not refused for its size', (count, width, height) => {
    const size = [height >> 8, height & 255, width >> 8, width & 255];
    const components = Array.from({ length: count }, (_, index) => [index + 1, 0x11, 0]).flat();
    const file = Uint8Array.from([
      ...[0xff, 0xd8, 0xff, 0xc2, 0, 8 + 3 * count, 8, ...size, count, ...components],
      ...Array<number>(200_000).fill(0),
      ...[0xff, 0xd9],
    ]);
    // Its frame is taken; memory would be with the first scan.
    expect(() => decodeImage(file, 'x.jpg')).toThrow('the JPEG file has no scan');
  });

  test('takes at most 15 bytes a pixel, its sides padded to whole MCUs, whatever its sampling', () => {
    const random = new RandomStream(3);
    const sides = [1, 9, 1525, 9999, 65_535];
    for (let i = 0; i < 1000; i++) {
      const [width = 1, height = 1] = [0, 1].map(() => sides[random.integer(sides.length)]);
      if (width * height > MAX_PIXELS) continue;
      const factors = Array.from({ length: 4 }, () => 16 * (1 + random.integer(4)) + 1 + random.integer(4));
      const size = [height >> 8, height & 255, width >> 8, width & 255];
      const frame = parseFrame(
        Uint8Array.from([8, ...size, 4, ...factors.flatMap((f, id) => [id, f, 0])]),
        true,
      );
      const samples = frame.components.reduce((n, c) => n + 64 * c.paddedColumns * c.paddedRows, 0);
      const padded = (side: number, factor: number): number => Math.ceil(side / (8 * factor)) * 8 * factor;
      const area = padded(width, frame.maxHorizontal) * padded(height, frame.maxVertical);
      expect(3 * width * height + 3 * samples).toBeLessThanOrEqual(15 * area);
      // What padding adds is little beside the largest picture.
      expect(area).toBeLessThan(1.03 * MAX_PIXELS);
    }
  });

  test('whose scans go over a large picture again and again is refused', () => {
    // AC scans of nothing but runs of 16384 empty blocks, in 15 bits each.
    const side = 2000;
    const size = [side >> 8, side & 255, side >> 8, side & 255];
    const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, ...Array<number>(8).fill(0)];
    const file = Uint8Array.from([
      ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...Array<number>(64).fill(1)],
      ...[0xff, 0xc2, 0, 11, 8, ...size, 1, 1, 0x11, 0],
      // One AC code, of one bit: a run of 2^14 empty blocks, and as many more as 14 bits say.
      ...[0xff, 0xc4, 0, 20, 0x10, 1, ...Array<number>(15).fill(0), 0xe0],
      ...Array.from({ length: 400 }, () => scan).flat(),
      ...[0xff, 0xd9],
    ]);
    expect(() => decodeImage(file, 'x.jpg')).toThrow('goes over its picture more than 40 times');
  });
});

describe('lists', () => {
  test('tell of a long line in few words', () => {
    const long = 'x'.repeat(5000);
    expect(() => parseLists({ source: 'm', imageIds: long, classLabels: '' })).toThrow(/^.{1,300}$/);
    expect(() => parseClassList(long, 3)).toThrow(/^.{1,300}$/);
    expect(() => parseClassSynsets(long)).toThrow(/^.{1,300}$/);
    expect(() => classesBelow(['n01440764'], long, 'n01503061')).toThrow(/^.{1,300}$/);
  });

  test('of a label beyond a million are refused: each class below it would get a name', () => {
    const lists = { source: 'm', imageIds: 'a.jpg', classLabels: 'a.jpg,4294967294' };
    expect(() => parseLists(lists)).toThrow(/class_labels\.txt, line 1: .* a label below 1000000/);
    expect(surveyLabels(lists.classLabels).classes).toBe(0);
  });

  test('give no class the name of a folder outside: its place is asked after before the ids are checked', () => {
    expect([...surveyLabels('x/../a.jpg,0\nb/a.jpg,1\nc/..\\x/a.jpg,2').folders]).toEqual([[1, 'b']]);
  });

  test.each(['images.txt', 'classes.txt'] as const)("CUB's %s leads nowhere else", (file) => {
    const texts = Object.fromEntries(
      CUB_ANNOTATION_FILES.map((name) => [name, fixtureText(`cub_tiny/${name}`)]),
    );
    const read = (line: string): unknown =>
      parseCubAnnotations('m', { ...texts, [file]: `${line}\n${texts[file] ?? ''}` } as Parameters<
        typeof parseCubAnnotations
      >[1]);
    expect(() => read('77 ../../etc/passwd')).toThrow(
      /^m\/(images|classes)\.txt, line 1: .* below the data folder/,
    );
    expect(() => read('x'.repeat(5000))).toThrow(/line 1: got "x{60}", wanted a number and a name/);
  });
});

describe('folders of runs', () => {
  test.each([
    ['null', /options/],
    ['[]', /options/],
    ['{"options":null}', /options/],
    ['{"options":{}}', /where the run has been running/],
    ['{"options":{},"sessions":[null]}', /where the run has been running/],
    ['{"options":{},"sessions":[{"adapter":{"name":1},"versions":{}}]}', /where the run has been running/],
    ['{', /no JSON/],
  ])('with the record %s are refused by name', (text, message) => {
    expect(() => parseRunRecord(text, 'run/configuration.json')).toThrow(message);
    expect(() => parseRunRecord(text, 'run/configuration.json')).toThrow(/^run\/configuration\.json/);
  });

  test('tell of a long value or key in few words', () => {
    for (const values of [{ batch: 'x'.repeat(5000) }, { ['k'.repeat(5000)]: 1 }])
      expect(() => applyValues(trainCommand(), values, 'file.json')).toThrow(/^file\.json.{0,1000}$/s);
  });

  test('with a stored result that was changed have it measured again', async () => {
    const store = new ResultStore(join(folder, 'results'));
    await store.keep('r', 'key', { accuracy: 0.5 });
    expect(await store.find('r', 'key')).toEqual({ accuracy: 0.5 });
    await writeFile(join(store.folder, 'r.json'), '{"key":"key","result":{"accuracy":1}}');
    expect(await store.find('r', 'key')).toBeNull();
  });
});

test('a shard whose name is no name of a file is refused as such', async () => {
  const path = join(folder, 'model.safetensors.index.json');
  await writeFile(path, JSON.stringify({ weight_map: { a: 'x\0.safetensors' } }));
  await expect(readWeightsFile(path)).rejects.toThrow(WeightsFileError);
  await expect(readWeightsFile(path)).rejects.toThrow('wanted a .safetensors file beside the index');
});

describe.skipIf(process.platform === 'win32')('what is no regular file is refused, not waited for', () => {
  const pipe = (): string => join(folder, 'pipe');
  const device = (): string => join(folder, 'device');
  beforeAll(async () => {
    execFileSync('mkfifo', [pipe()]);
    await symlink('/dev/zero', device());
  });

  test.each([
    ['weights', readWeightsFile, WeightsFileError],
    ['a picture', readImage, ImageDecodeError],
    [
      'the size of a picture',
      async (path: string) => Promise.resolve(path).then(readImageSize),
      ImageDecodeError,
    ],
  ] as const)('%s', async (_, read, kind) => {
    for (const path of [pipe(), device()]) {
      await expect(read(path)).rejects.toThrow(kind);
      await expect(read(path)).rejects.toThrow(`${path}: this is no regular file, wanted a file`);
    }
  });

  test('lists', async () => {
    const split = join(folder, 'lists', 'train');
    await mkdir(split, { recursive: true });
    await symlink('/dev/zero', join(split, 'image_ids.txt'));
    await symlink(pipe(), join(split, 'class_labels.txt'));
    await expect(readLists(join(folder, 'lists'), 'train', { layout: '' })).rejects.toThrow(
      /cannot read .*class_labels\.txt, .*image_ids\.txt/,
    );
  });

  test.each(['configuration.json', 'log.jsonl', 'run.lock'])('%s of a run', async (name) => {
    const path = join(folder, `run with ${name}`);
    await mkdir(path);
    if (name !== 'configuration.json') await writeFile(join(path, 'configuration.json'), '{}');
    await symlink(pipe(), join(path, name));
    const message = `${name}: this is no regular file`;
    await expect(new RunFolder(path).record()).rejects.toThrow(message);
    await expect(new RunFolder(path).hold()).rejects.toThrow(message);
    await expect(new RunFolder(path).make()).rejects.toThrow(message);
  });
});

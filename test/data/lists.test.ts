import { describe, expect, test } from 'vitest';
import { parseLists, surveyLabels } from '../../src/data/lists.ts';

const good = {
  source: 'm',
  imageIds: 'a/1.jpg\nb/2.jpg\n',
  classLabels: 'a/1.jpg,3\nb/2.jpg,0\n',
  imageSizes: 'a/1.jpg,5,6\nb/2.jpg,7,8\n',
  localization: 'a/1.jpg,1,2,3,4\na/1.jpg,0,0,1,1\n',
};

describe('parseLists', () => {
  test('the four lists, by position', () => {
    const lists = parseLists(good);
    expect(lists.imageIds).toEqual(['a/1.jpg', 'b/2.jpg']);
    expect([...lists.labels]).toEqual([3, 0]);
    expect([...(lists.sizes ?? [])]).toEqual([5, 6, 7, 8]);
    expect(lists.boxes.get(0)).toEqual([
      { x0: 1, y0: 2, x1: 3, y1: 4 },
      { x0: 0, y0: 0, x1: 1, y1: 1 },
    ]);
    expect(lists.boxes.has(1)).toBe(false);
  });

  test('sizes and boxes may be missing', () => {
    const lists = parseLists({ source: 'm', imageIds: good.imageIds, classLabels: good.classLabels });
    expect(lists.sizes).toBeUndefined();
    expect(lists.boxes.size).toBe(0);
  });

  test('the order of the files does not matter, nor do images that image_ids does not name', () => {
    const lists = parseLists({
      ...good,
      imageIds: 'b/2.jpg\na/1.jpg\n',
      classLabels: `c/3.jpg,9\n${good.classLabels}`,
      imageSizes: 'b/2.jpg,7,8\nz.jpg,1,1\n',
    });
    expect([...lists.labels]).toEqual([0, 3]);
    expect([...(lists.sizes ?? [])]).toEqual([7, 8, 0, 0]);
    expect(lists.boxes.get(1)).toHaveLength(2);
  });

  test('Windows line ends, a byte order mark, blank lines, commas in ids, no newline at the end', () => {
    const lists = parseLists({
      source: 'm',
      imageIds: '\uFEFFa,b.jpg\r\n\r\n  \r\nc.jpg',
      classLabels: '\uFEFFa,b.jpg,3\r\n\r\nc.jpg,1',
      imageSizes: 'a,b.jpg,5,6\r\nc.jpg,1,2',
      localization: 'a,b.jpg,1,2,3,4\r\n',
    });
    expect(lists.imageIds).toEqual(['a,b.jpg', 'c.jpg']);
    expect([...lists.labels]).toEqual([3, 1]);
    expect(lists.boxes.get(0)).toHaveLength(1);
  });

  test('masks with their ignore masks', () => {
    const localization = 'a/1.jpg,a/1_m0.png,a/1_ignore.png\na/1.jpg,a/1_m1.png,\nb/2.jpg,b/2_m0.png,\n';
    const { masks, boxes } = parseLists({ ...good, localization });
    expect(boxes.size).toBe(0);
    expect(masks.get(0)).toEqual({ instances: ['a/1_m0.png', 'a/1_m1.png'], ignore: 'a/1_ignore.png' });
    expect(masks.get(1)).toEqual({ instances: ['b/2_m0.png'], ignore: undefined });
  });

  test.each([
    [
      'an id twice',
      { imageIds: 'a/1.jpg\n\na/1.jpg\n' },
      /^m\/image_ids.txt, line 3: got "a\/1.jpg", wanted each image once/,
    ],
    [
      'a proxy id twice',
      { idsFile: 'image_ids_proxy.txt', imageIds: 'a\na' },
      /^m\/image_ids_proxy.txt, line 2/,
    ],
    [
      'a path out of the folder',
      { imageIds: 'a/../../x.jpg' },
      /image_ids.txt, line 1: .* wanted a path below/,
    ],
    ['an absolute path', { imageIds: 'a/1.jpg\n/etc/passwd' }, /image_ids.txt, line 2: got "\/etc\/passwd"/],
    ['a backslash', { imageIds: '..\\x.jpg' }, /line 1: got "..\\x.jpg"/],
    ['a drive', { imageIds: 'C:x.jpg' }, /line 1: got "C:x.jpg"/],
    [
      'a mask out of the folder',
      { localization: 'a/1.jpg,../m.png,' },
      /localization.txt, line 1: got "..\/m.png"/,
    ],
    [
      'an ignore mask out of the folder',
      { localization: 'a/1.jpg,m.png,/i.png' },
      /localization.txt, line 1: got "\/i.png"/,
    ],
    [
      'a second ignore mask',
      { localization: 'a/1.jpg,m,i\na/1.jpg,m,i' },
      /line 2: .* first line of an image only/,
    ],
    [
      'a negative label',
      { classLabels: 'a/1.jpg,-1' },
      /class_labels.txt, line 1: got "a\/1.jpg,-1", wanted an image id and a label/,
    ],
    ['no label', { classLabels: 'a/1.jpg,' }, /class_labels.txt, line 1/],
    ['half a label', { classLabels: 'a/1.jpg,1.5' }, /class_labels.txt, line 1/],
    [
      'a label out of range',
      { classes: 3 },
      /class_labels.txt, line 1: got "a\/1.jpg,3", wanted a label below 3/,
    ],
    ['a second label', { classLabels: `${good.classLabels}a/1.jpg,3` }, /line 3: .* no label yet/],
    ['a missing label', { classLabels: 'a/1.jpg,1' }, /m\/class_labels.txt: b\/2.jpg has no label/],
    [
      'a width of 0',
      { imageSizes: 'a/1.jpg,0,6' },
      /image_sizes.txt, line 1: .* wanted an image id, a width and a height/,
    ],
    ['two sizes', { imageSizes: 'a/1.jpg,5,6\na/1.jpg,5,7' }, /line 2: .* it had 5x6 before/],
    [
      'three corners',
      { localization: 'a/1.jpg,1,2,3,4\n5,6,7' },
      /localization.txt, line 2: got "5,6,7", wanted an image id and 4 numbers/,
    ],
    [
      'corners in the wrong order',
      { localization: 'a/1.jpg,5,2,3,4' },
      /localization.txt, line 1: .* x0 <= x1/,
    ],
  ])('%s is named by file and line', (_, change, message) => {
    expect(() => parseLists({ ...good, ...change })).toThrow(message);
    expect(() => parseLists({ ...good, ...change })).toThrow(
      expect.objectContaining({ name: 'DatasetError' }),
    );
  });

  test("ILSVRC's 1.28 million lines take seconds, in the lists' order and without", () => {
    const length = 1_281_167;
    const ids = Array.from(
      { length },
      (_, i) =>
        `train/n0${String(1440764 + Math.floor(i / 1282))}/n0${String(1440764 + Math.floor(i / 1282))}_${i}.JPEG`,
    );
    const imageIds = ids.join('\n');
    const classLabels = ids.map((id, i) => `${id},${Math.floor(i / 1282)}`).join('\n');
    const start = performance.now();
    const lists = parseLists({ source: 'm', imageIds, classLabels, classes: 1000 });
    expect(lists.labels[length - 1]).toBe(999);
    expect(surveyLabels(classLabels)).toMatchObject({ classes: 1000 });
    const shuffled = parseLists({ source: 'm', imageIds: ids.toReversed().join('\n'), classLabels });
    expect(shuffled.labels[0]).toBe(999);
    // About 2 s on a quiet core; the bound only catches what is quadratic.
    expect(performance.now() - start).toBeLessThan(60_000);
  });
});

describe('surveyLabels', () => {
  test('a class is named by its folder where it has but one', () => {
    const { classes, folders } = surveyLabels(
      'train/n01/1.jpg,0\ntrain/n01/2.jpg,0\ntrain/n02/1.jpg,1\ntrain/n03/1.jpg,1\nx.jpg,2\n',
    );
    expect(classes).toBe(3);
    expect([...folders]).toEqual([[0, 'n01']]);
  });
});

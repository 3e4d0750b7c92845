import { afterEach, describe, expect, test, vi } from 'vitest';
import { chosenClasses, familyName } from '../../demo/worker/class_choice.ts';
import { curveTable } from '../../demo/page/train/curve_table.ts';
import { ALL_CASES } from '../../demo/worker/kernel_cases.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createImage } from '../../src/data/image.ts';
import { kernelSources } from '../../tools/demo/kernel_sources.ts';
import { pictureHeader } from '../../demo/worker/picture_header.ts';
import { shareInBox } from '../../demo/page/explain/share_in_box.ts';
import { drawChart, smoothed } from '../../demo/page/train/chart.ts';

const root = join(import.meta.dirname, '..', '..');

describe('shareInBox', () => {
  const map = { height: 2, width: 3, data: Float32Array.of(1, 2, 4, 8, 16, 32) };
  const box = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom });

  test('whole cells count whole, cut ones by their share', () => {
    expect(shareInBox(map, box(0, 0, 1, 1))).toBe(63);
    expect(shareInBox(map, box(0, 0.5, 1, 1))).toBe(56);
    expect(shareInBox(map, box(1 / 3, 0, 2 / 3, 0.5))).toBeCloseTo(2, 12);
    expect(shareInBox(map, box(0, 0, 1 / 6, 0.25))).toBeCloseTo(0.25, 12);
    expect(shareInBox(map, box(0.5, 0.5, 0.5, 0.5))).toBe(0);
  });

  test('boxes side by side add up', () => {
    const cuts = [0, 0.13, 0.4, 0.77, 1];
    let sum = 0;
    for (let x = 1; x < cuts.length; x++)
      for (let y = 1; y < cuts.length; y++)
        sum += shareInBox(map, box(cuts[x - 1] ?? 0, cuts[y - 1] ?? 0, cuts[x] ?? 0, cuts[y] ?? 0));
    expect(sum).toBeCloseTo(63, 10);
  });
});

describe('chosenClasses', () => {
  const names = ['Red_Finch', 'Blue_Finch', 'Snow_Bunting', 'Ash_Bunting'];
  const probabilities = Float32Array.of(0.2, 0.5, 0.3, 0);

  test('the most probable class against the next, summed over its family', () => {
    expect(chosenClasses(probabilities, names, { classIndex: null, versus: null, subset: null })).toEqual({
      classIndex: 1,
      versus: 2,
      subset: [0, 1],
    });
    expect(familyName('003.Sooty_Albatross')).toBe('albatross');
  });

  test('a class is never compared with itself, and a set is never empty', () => {
    const choice = chosenClasses(probabilities, null, { classIndex: 3, versus: 3, subset: [] });
    expect(choice).toEqual({ classIndex: 3, versus: 1, subset: [3] });
    const alone = chosenClasses(Float32Array.of(1), null, { classIndex: null, versus: null, subset: null });
    expect(alone).toEqual({ classIndex: 0, versus: null, subset: [0] });
  });
});

describe('pictureHeader', () => {
  test('PNG, JPEG, GIF and WebP, and nothing else', () => {
    expect(pictureHeader(encodePng(createImage(300, 7)))).toEqual({ width: 300, height: 7 });
    const jpeg = readFileSync(join(root, 'test', 'fixtures', 'images', 'orientation', '1.jpg'));
    const upright = readFileSync(join(root, 'test', 'fixtures', 'images', 'orientation', '1.upright.png'));
    expect(pictureHeader(jpeg)).toEqual(pictureHeader(upright));
    expect(pictureHeader(Buffer.concat([Buffer.from('GIF89a'), Buffer.from([44, 1, 7, 0])]))).toEqual({
      width: 300,
      height: 7,
    });
    const riff = (chunk: string, ...bytes: number[]): Buffer =>
      Buffer.concat([
        Buffer.from('RIFF\0\0\0\0WEBP'),
        Buffer.from(chunk),
        Buffer.from([0, 0, 0, 0, ...bytes]),
      ]);
    expect(pictureHeader(riff('VP8X', 0, 0, 0, 0, 43, 1, 0, 6, 0, 0))).toEqual({ width: 300, height: 7 });
    // 14 bits of width - 1, then of height - 1.
    expect(pictureHeader(riff('VP8L', 0x2f, 0x2b, 0x81, 0x01, 0))).toEqual({ width: 300, height: 7 });
    expect(pictureHeader(riff('VP8 ', 0, 0, 0, 0x9d, 1, 0x2a, 44, 1, 7, 0))).toEqual({
      width: 300,
      height: 7,
    });
    expect(pictureHeader(Buffer.from('nothing at all'))).toBeNull();
    expect(pictureHeader(encodePng(createImage(300, 7)).subarray(0, 18))).toBeNull();
  });
});

test('the Kernels page measures the cases of every operation, and shows every source', () => {
  // What is launched by other operations alone has race cases and no more.
  const files = globSync('src/kernels/*/*cases.ts', { cwd: root }).filter((file) =>
    readFileSync(join(root, file), 'utf8').includes('OpCases'),
  );
  const listed = readFileSync(join(root, 'demo', 'worker', 'kernel_cases.ts'), 'utf8');
  for (const file of files) expect(listed).toContain(file.replaceAll('\\', '/'));
  expect(ALL_CASES.length).toBeGreaterThan(files.length / 2);
  const sources = kernelSources(join(root, 'src', 'kernels'));
  expect(sources).toHaveLength(globSync('src/kernels/**/*.wgsl', { cwd: root }).length);
  for (const { name, what, source } of sources) {
    expect(what.length, name).toBeGreaterThan(40);
    expect(source, name).toContain('@compute');
  }
});

test('a curve is saved with all its digits and smoothed from its first value', () => {
  expect(curveTable([{ step: 1, loss: Math.fround(0.1), accuracy: 0.5 }])).toBe(
    'step,loss,accuracy\n1,0.10000000149011612,0.5\n',
  );
  expect(
    smoothed(
      [
        [1, 4],
        [2, 0],
      ],
      0.75,
    ),
  ).toEqual([
    [1, 4],
    [2, 3],
  ]);
});

describe('drawChart', () => {
  afterEach(() => void vi.unstubAllGlobals());

  test('the labels of both axes are whole, the last one at the edge too', () => {
    vi.stubGlobal('devicePixelRatio', 1);
    vi.stubGlobal('getComputedStyle', () => ({ fontFamily: 'sans', getPropertyValue: () => 'black' }));
    const width = 300;
    const labels: { readonly text: string; readonly left: number; readonly right: number }[] = [];
    // A digit of 11 pixels is 7 wide.
    const widthOf = (text: string): number => 7 * text.length;
    const state: Record<string, unknown> = {
      measureText: (text: string) => ({ width: widthOf(text) }),
      fillText: (text: string, x: number) => {
        const left = state['textAlign'] === 'center' ? x - widthOf(text) / 2 : x - widthOf(text);
        labels.push({ text, left, right: left + widthOf(text) });
      },
    };
    const context = new Proxy(state, { get: (target, name) => target[String(name)] ?? (() => undefined) });
    const canvas = { clientWidth: width, clientHeight: 200, getContext: () => context };
    const options = { maxX: 300, maxY: 100, format: (y: number) => `${y} %` };
    drawChart(canvas as unknown as HTMLCanvasElement, [], options);
    const texts = labels.map(({ text }) => text);
    expect(texts).toContain('100 %');
    expect(texts).toContain('300');
    for (const { text, left, right } of labels) {
      expect(left, text).toBeGreaterThanOrEqual(0);
      expect(right, text).toBeLessThanOrEqual(width);
    }
  });
});

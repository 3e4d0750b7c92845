import { expect, test } from 'vitest';
import { colourTable } from '../../src/report/colour_map.ts';
import { createImage } from '../../src/data/image.ts';
import { contactSheet, formatScore, mapFigure } from '../../src/report/sheet.ts';
import { drawText, fitText, textWidth } from '../../src/report/text.ts';

function inkOf(text: string): number {
  const image = createImage(textWidth(text), 9);
  drawText(image, text, 0, 0, [255, 255, 255]);
  return image.data.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0) / 3;
}

test('every printable letter has ink of its own', () => {
  const pictures = new Set<string>();
  for (let code = 33; code < 127; code++) {
    const image = createImage(5, 9);
    drawText(image, String.fromCodePoint(code), 0, 0, [255, 255, 255]);
    pictures.add(String(image.data));
  }
  expect(pictures.size).toBe(127 - 33);
  expect(inkOf(' ')).toBe(0);
  expect(inkOf('\u00e9')).toBe(inkOf('?'));
});

test('ink beyond the picture is dropped', () => {
  const image = createImage(3, 3);
  expect(() => drawText(image, '####', -4, -2, [255, 0, 0], 3)).not.toThrow();
});

test('long text is shortened to its room', () => {
  expect(fitText('short', 100)).toBe('short');
  const fitted = fitText('a rather long caption', 60);
  expect(fitted.endsWith('..')).toBe(true);
  expect(textWidth(fitted)).toBeLessThanOrEqual(60);
});

test('scores are written short', () => {
  expect([0, 0.0123456, 1, -120.4, 4.5e-7].map(formatScore)).toEqual(['0', '0.0123', '1', '-120', '4.5e-7']);
});

test('a contact sheet holds its cells', () => {
  const cell = createImage(4, 4);
  cell.data.fill(7);
  const sheet = contactSheet({
    columns: ['a', 'b'],
    rows: [{ caption: 'c', cells: [cell, cell] }],
    cellSize: 20,
  });
  const pixels = sheet.data.reduce((sum, value) => sum + (value === 7 ? 1 : 0), 0) / 3;
  expect(pixels).toBe(2 * 20 * 20);
  expect(() => contactSheet({ columns: ['a'], rows: [{ caption: 'c', cells: [] }] })).toThrow(
    'row 0 has 0 cells',
  );
  expect(() => contactSheet({ columns: [], rows: [] })).toThrow('got 0 and 0');
});

test('a legend takes a line below the rows, and shows the colours from first to last', () => {
  const cell = createImage(4, 4);
  const rows = [{ caption: 'c', cells: [cell] }];
  const plain = contactSheet({ columns: ['a'], rows, cellSize: 256 });
  const legend = { colourMap: 'diverging', first: 'no', last: 'yes' } as const;
  const sheet = contactSheet({ columns: ['a'], rows, cellSize: 256, legend });
  const above = 3 * plain.width * (plain.height - 12);
  expect(sheet.height).toBeGreaterThan(plain.height);
  expect(sheet.data.subarray(0, above)).toEqual(plain.data.subarray(0, above));
  const table = colourTable('diverging');
  const holds = (entry: number): boolean => {
    const colour = table.subarray(3 * entry, 3 * entry + 3);
    for (let at = above; at < sheet.data.length; at += 3)
      if (colour.every((value, channel) => sheet.data[at + channel] === value)) return true;
    return false;
  };
  expect([holds(0), holds(255)]).toEqual([true, true]);
});

test('a map figure keeps the proportions of its map and has a bar beside it', () => {
  const figure = mapFigure({ height: 2, width: 4, data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) }, 80);
  expect(figure.height).toBe(40 + 24);
  expect(figure.width).toBeGreaterThan(80 + 24 + 12);
});

import { expect, test } from 'vitest';
import { createImage } from '../../src/data/image.ts';
import { colourTable } from '../../src/report/colour_map.ts';
import { panelFigure } from '../../src/report/panels.ts';

const grey = createImage(10, 10);
grey.data.fill(77);

test('a figure has its panels side by side, scaled, with a colour bar from the lowest to the highest score', () => {
  const scale = { colourMap: 'diverging', range: [-1, 1] } as const;
  const figure = panelFigure(
    [
      [
        { title: 'a', picture: grey },
        { title: 'b', picture: grey, scale },
      ],
    ],
    { side: 64 },
  );
  const at = (x: number, y: number): number[] => [
    ...figure.data.subarray(3 * (y * figure.width + x), 3 * (y * figure.width + x) + 3),
  ];
  // Margin 24, two panels of 64 and 24 between; two lines of 18 + 6 above the picture, 12 below it begins the bar.
  expect(figure.width).toBe(4 * 24 - 24 + 2 * 64);
  expect(at(24 + 32, 24 + 48 + 32)).toEqual([77, 77, 77]);
  expect(at(24 + 64 + 24 + 32, 24 + 48 + 32)).toEqual([77, 77, 77]);
  const bar = 24 + 48 + 64 + 12 + 5;
  const colours = colourTable('diverging');
  expect(at(24 + 64 + 24, bar)).toEqual([...colours.subarray(0, 3)]);
  expect(at(24 + 64 + 24 + 63, bar)).toEqual([...colours.subarray(3 * 255)]);
  // The photograph has none.
  expect(at(24 + 10, bar)).toEqual([255, 255, 255]);
});

test('a figure of nothing is refused', () => {
  expect(() => panelFigure([[]])).toThrow(/at least one panel/);
});

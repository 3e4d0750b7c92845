import { describe, expect, test } from 'vitest';
import { colourDifference, colourTable, labOfColour, tableIndex } from '../../src/report/colour_map.ts';

function labs(name: 'sequential' | 'diverging'): (readonly [number, number, number])[] {
  const table = colourTable(name);
  return Array.from({ length: 256 }, (_, i) =>
    labOfColour([table[3 * i] ?? 0, table[3 * i + 1] ?? 0, table[3 * i + 2] ?? 0]),
  );
}

/** Length of the curve through the colours from one index to another. */
function distance(colours: readonly (readonly [number, number, number])[], from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const [here, next] = [colours[i], colours[i + 1]];
    if (here && next) sum += colourDifference(here, next);
  }
  return sum;
}

test('known colours in CIELAB', () => {
  // The values every CIELAB table has for sRGB's primaries, to their two decimals.
  const close = (got: readonly number[], wanted: readonly number[]): void =>
    wanted.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 1));
  close(labOfColour([255, 255, 255]), [100, 0, 0]);
  close(labOfColour([255, 0, 0]), [53.24, 80.09, 67.2]);
  close(labOfColour([0, 0, 255]), [32.3, 79.19, -107.86]);
});

describe('perceptual uniformity', () => {
  test.each([
    ['sequential', 0, 255],
    ['diverging', 0, 127],
    ['diverging', 128, 255],
  ] as const)('%s %i..%i: equal steps', (name, from, to) => {
    const colours = labs(name);
    const step = Math.floor((to - from) / 8);
    const steps = Array.from({ length: 8 }, (_, i) =>
      distance(colours, from + i * step, from + (i + 1) * step),
    );
    // 8-bit rounding lengthens the path of small steps by up to a tenth.
    expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(1.2);
  });

  test('lightness rises all along the sequential map', () => {
    const lightness = labs('sequential').map(([value]) => value);
    for (let i = 8; i < 256; i++) expect(lightness[i] ?? 0).toBeGreaterThan(lightness[i - 8] ?? 0);
    expect(lightness[0]).toBeLessThan(5);
    expect(lightness[255]).toBeGreaterThan(95);
  });

  test('the diverging map is lightest in the middle, its arms equally dark', () => {
    const lightness = labs('diverging').map(([value]) => value);
    for (let i = 8; i < 128; i++) {
      expect(lightness[i] ?? 0).toBeGreaterThan(lightness[i - 8] ?? 0);
      expect(lightness[255 - i] ?? 0).toBeGreaterThan(lightness[255 - i + 8] ?? 0);
      expect(Math.abs((lightness[i] ?? 0) - (lightness[255 - i] ?? 0))).toBeLessThan(8);
    }
    expect(colourTable('diverging').slice(3 * 127, 3 * 128)).toEqual(
      colourTable('diverging').slice(3 * 128, 3 * 129),
    );
  });
});

test('the index of a score', () => {
  expect([-1, 0, 1, 2, NaN].map((value) => tableIndex(value, 0, 1))).toEqual([0, 0, 255, 255, 0]);
  expect(tableIndex(3, 3, 3)).toBe(0);
});

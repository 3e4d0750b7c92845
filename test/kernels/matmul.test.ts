import { chooseTiling } from '../../src/kernels/matmul/tile.ts';
import { chooseVariant } from '../../src/kernels/matmul/variant.ts';
import { convolutionGeometry, inputGradientPlans } from '../../src/kernels/conv2d/geometry.ts';
import { describe, expect, test } from 'vitest';

describe('chooseTiling', () => {
  const across = (subgroupSize: number, rows: number, columns: number, terms = 10_000): number =>
    chooseTiling(subgroupSize, { rows, columns, terms }).constants.ACROSS;

  test('is as wide as the columns and the subgroup allow', () => {
    expect(across(8, 6272, 64)).toBe(8);
    expect(across(8, 6272, 256)).toBe(8);
    expect(across(8, 6272, 32)).toBe(4);
    expect(across(8, 6272, 16)).toBe(2);
    expect(across(8, 6272, 4)).toBe(2);
    expect(across(4, 6272, 64)).toBe(4);
    expect(across(32, 6272, 64)).toBe(8);
  });

  test('does not leave most rows of a flat product idle', () => {
    expect(across(8, 16, 32, 1_000_000)).toBe(8);
  });

  test('does not take another kernel to be compiled for a small saving', () => {
    // The location logits of ResNet-50 on two 7x7 maps.
    expect(across(8, 98, 4, 2048)).toBe(8);
    expect(across(8, 1568, 4, 2048)).toBe(2);
  });

  test('is tall for large products on lavapipe, unless that leaves rows idle', () => {
    const rowsOf = (subgroupSize: number, rows: number, tall?: boolean): number =>
      chooseTiling(subgroupSize, { rows, columns: 512, terms: 4608, tall }).constants.ROWS;
    expect(rowsOf(8, 6272)).toBe(32);
    expect(rowsOf(8, 32)).toBe(32);
    // ResNet-50's 7x7 maps of two images.
    expect(rowsOf(8, 98)).toBe(16);
    expect(rowsOf(4, 6272)).toBe(16);
    expect(rowsOf(32, 6272)).toBe(16);
    expect(rowsOf(4, 6272, true)).toBe(32);
    expect(rowsOf(8, 6272, false)).toBe(16);
    expect(chooseTiling(8, { rows: 1000, columns: 64, terms: 64 }).constants.ROWS).toBe(16);
  });

  test('covers the product', () => {
    for (const [rows, columns] of [
      [1, 4],
      [37, 20],
      [1000, 132],
    ] as const) {
      for (const tall of [true, false, undefined]) {
        const size = { rows, columns, terms: 10_000, tall };
        const { constants, rowTiles, columnTiles } = chooseTiling(8, size);
        expect(columnTiles * 8 * constants.ACROSS).toBeGreaterThanOrEqual(columns);
        expect((rowTiles * constants.ROWS * constants.SUBGROUP) / constants.ACROSS).toBeGreaterThanOrEqual(
          rows,
        );
      }
    }
  });
});

describe('chooseVariant', () => {
  test('takes subgroups where they are narrow, workgroup memory elsewhere', () => {
    expect(chooseVariant('test', { subgroupSize: 8 }, undefined)).toBe('subgroup');
    expect(chooseVariant('test', { subgroupSize: 4 }, undefined)).toBe('subgroup');
    expect(chooseVariant('test', { subgroupSize: 32 }, undefined)).toBe('portable');
    expect(chooseVariant('test', { subgroupSize: null }, undefined)).toBe('portable');
    expect(chooseVariant('test', { subgroupSize: 32 }, 'subgroup')).toBe('subgroup');
  });

  test('refuses subgroups of unknown size', () => {
    expect(() => chooseVariant('test', { subgroupSize: null }, 'subgroup')).toThrow(
      /test.*variant.*subgroup/,
    );
  });
});

describe('inputGradientPlans', () => {
  test('reach every input pixel once, and every product once', () => {
    for (const [stride, dilation, kernel, padding] of [
      [1, 1, 3, 1],
      [2, 1, 3, 1],
      [2, 2, 3, 2],
      [3, 2, 4, 0],
      [4, 6, 3, 6],
      [5, 1, 2, 0],
    ] as const) {
      const g = convolutionGeometry(
        'test',
        { shape: [2, 17, 19, 4] },
        { shape: [kernel, kernel, 4, 8] },
        { stride, dilation, padding },
      );
      const pixels = new Set<string>();
      let taps = 0;
      for (const plan of inputGradientPlans(g)) {
        taps += plan.tapRows * plan.tapColumns;
        for (let i = 0; i < plan.gridHeight; i++)
          for (let j = 0; j < plan.gridWidth; j++)
            pixels.add(`${plan.firstY + i * plan.spacingY},${plan.firstX + j * plan.spacingX}`);
      }
      expect(pixels.size).toBe(17 * 19);
      const rows = inputGradientPlans(g).reduce((sum, plan) => sum + plan.rows, 0);
      expect(rows).toBe(2 * 17 * 19);
      // Every tap leads to one position between strides, on each axis.
      expect(taps).toBe(kernel * kernel);
    }
  });
});

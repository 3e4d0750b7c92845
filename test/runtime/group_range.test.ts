import { describe, expect, test } from 'vitest';
import type { Grid } from '../../src/runtime/grid.ts';
import { add } from '../../src/kernels/add/add.wgsl.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { cut, partsOf, rangedKernel } from '../../src/runtime/group_range.ts';
import { minifyWgsl } from '../../tools/package/minify_wgsl.ts';

describe('cut', () => {
  test.each<[Grid, number, number]>([
    [[7, 1, 1], 3, 3],
    [[7, 1, 1], 100, 7],
    [[300, 299, 1], 2, 2],
    [[3, 5, 2], 10, 10],
    [[3, 5, 2], 1000, 30],
    [[1, 1, 1], 9, 1],
  ])('grid %j in %i parts', (grid, parts, wanted) => {
    const ranges = cut({ first: [0, 0, 0], count: grid }, parts);
    expect(ranges).toHaveLength(wanted);
    const seen = new Map<string, number>();
    for (const { first, count } of ranges)
      for (let z = 0; z < count[2]; z++)
        for (let y = 0; y < count[1]; y++)
          for (let x = 0; x < count[0]; x++) {
            const place = [first[0] + x, first[1] + y, first[2] + z].join();
            seen.set(place, (seen.get(place) ?? 0) + 1);
          }
    expect(seen.size).toBe(grid[0] * grid[1] * grid[2]);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });
});

test('a launch is cut by its work, a byte counting as four operations, and keeps its sum', () => {
  const launch = { params: { count: 8 }, work: { flops: 200, bytes: 100 } };
  expect(partsOf(add, launch, [64, 1, 1], 600)).toEqual([
    { kernel: add, params: launch.params, grid: [64, 1, 1], work: launch.work },
  ]);
  const parts = partsOf(add, launch, [64, 1, 1], 599);
  expect(parts).toMatchObject([
    { grid: [32, 1, 1], work: { flops: 100, bytes: 50 }, params: { count: 8, firstGroupX: 0, groupsX: 64 } },
    { grid: [32, 1, 1], work: { flops: 100, bytes: 50 }, params: { count: 8, firstGroupX: 32, groupsX: 64 } },
  ]);
  expect(parts[0]?.kernel).toBe(rangedKernel(add));
  expect(partsOf(add, { params: launch.params }, [64, 1, 1], 1)).toHaveLength(1);
});

test('the text of a package, which is shorter, is cut too; a kernel of another form is left whole', () => {
  const ranged = rangedKernel({ ...add, source: minifyWgsl(add.source) });
  expect(ranged?.source).toContain('groupInRange');
  expect(ranged?.source).toContain('firstGroupX:u32'.replace(':', ': '));
  expect(rangedKernel({ ...add, source: add.source.replace('group:', 'place:') })).toBeNull();
  expect(rangedKernel({ ...add, params: null })).toBeNull();
});

// The second as more than 65,535 workgroups are launched: a workgroup's number takes the width of the whole grid.
test.each<[Grid]>([[[16, 1, 1]], [[4, 4, 1]]])(
  'the kernel of a package computes in parts what it computes whole, over %j workgroups',
  async (workgroups) => {
    const engine = await createEngine({ dispatchWork: 1000 });
    const kernel = { ...add, source: minifyWgsl(add.source) };
    const count = 4096;
    const a = engine.tensor(
      Float32Array.from({ length: 4 * count }, (_, i) => i),
      [4 * count],
    );
    const sum = engine.zeros([4 * count]);
    engine.run(kernel, {
      buffers: { a, b: a, sum },
      params: { count },
      workgroups,
      work: { bytes: 0, flops: 4 * count },
    });
    expect(await engine.read(sum)).toEqual(Float32Array.from({ length: 4 * count }, (_, i) => 2 * i));
    engine.destroy();
  },
);

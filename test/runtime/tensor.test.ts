import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';

describe('slice', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('is a view of some elements', async () => {
    const tensor = engine.tensor(
      Float32Array.from({ length: 200 }, (_, i) => i),
      [200],
    );
    try {
      const view = tensor.slice(64, [2, 3]);
      expect(view.shape).toEqual([2, 3]);
      expect(await engine.read(view)).toEqual(Float32Array.of(64, 65, 66, 67, 68, 69));
      engine.write(tensor.slice(64, [136]).slice(64, [1]), Float32Array.of(-1));
      expect((await engine.read(tensor))[128]).toBe(-1);
      view.dispose();
      expect(tensor.disposed).toBe(false);
    } finally {
      tensor.dispose();
    }
  });

  test('refuses offsets that cannot be bound and ranges past the end', () => {
    const tensor = engine.empty([200]);
    try {
      expect(() => tensor.slice(63, [1])).toThrow(/slice: elementOffset is 63/);
      expect(() => tensor.slice(-64, [1])).toThrow(/slice: elementOffset is -64/);
      expect(() => tensor.slice(128, [73])).toThrow(/\[73\] from element 128 on does not lie within \[200\]/);
    } finally {
      tensor.dispose();
    }
    expect(() => tensor.slice(0, [1])).toThrow(/slice: tensor \[200\] has been disposed/);
  });
});

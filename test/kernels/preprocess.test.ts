import type { Engine } from '../../src/runtime/engine.ts';
import type { PreprocessOptions } from '../../src/kernels/preprocess/preprocess.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { preprocess, uploadImages } from '../../src/kernels/preprocess/preprocess.ts';
import { preprocessCases } from '../../src/kernels/preprocess/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(preprocessCases);

describe('preprocess', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  const identity = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

  test('uploads bytes in the order that the kernel reads', async () => {
    const images = uploadImages(
      engine,
      Uint8Array.from({ length: 18 }, (_, i) => 10 * i),
    );
    const tape = startTape(engine);
    try {
      const output = preprocess(tape, images, {
        images: [1, 2, 3],
        height: 1,
        width: 2,
        crops: [1, 1],
        ...identity,
      });
      const values = await engine.read(output);
      expect([...values].map((value) => Math.round(value * 255))).toEqual([120, 130, 140, 150, 160, 170]);
    } finally {
      tape.end();
      images.dispose();
    }
  });

  test('misuse is refused at the call', () => {
    const images = uploadImages(engine, new Uint8Array(2 * 4 * 5 * 3));
    const tape = startTape(engine);
    const run = (options: Partial<PreprocessOptions>) => () =>
      preprocess(tape, images, { images: [2, 4, 5], height: 3, width: 3, ...identity, ...options });
    try {
      expect(run({ images: [2, 4, 6] })).toThrow(/preprocess: shape of images is \[30\], wanted \[36\]/);
      expect(run({ crops: [0, 0] })).toThrow(/length of crops is 2, wanted 4/);
      expect(run({ crops: [0, 0, 2, 0] })).toThrow(/crop of image 1 is 3x3 at top 2, left 0/);
      expect(run({ crops: [0, -1, 0, 0] })).toThrow(/crop of image 0/);
      expect(run({ height: 5 })).toThrow(/crop of image 0 is 5x3/);
      expect(run({ flips: [1] })).toThrow(/length of flips is 1, wanted 2/);
      expect(run({ std: [1, 0, 1] })).toThrow(/std is \[1,0,1\]/);
      expect(() => uploadImages(engine, new Uint8Array(0))).toThrow(/uploadImages/);
    } finally {
      tape.end();
      images.dispose();
    }
  });
});

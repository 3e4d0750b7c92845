import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { goldenTensors } from '../eval/golden.ts';
import { resizeBilinear } from '../../src/kernels/resize/resize.ts';
import { resizeCases } from '../../src/kernels/resize/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(resizeCases);

describe('resizeBilinear', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test.each(['7x7', '300x260', 'nonsq'])('%s to 224x224 as cv2.resize does', async (name) => {
    const golden = await goldenTensors('score_map');
    const [height = 0, width = 0] = golden.shape(`resize.${name}.in`);
    const tape = startTape(engine);
    const x = engine.tensor(golden.floats(`resize.${name}.in`), [1, height, width, 1]);
    try {
      const got = await engine.read(resizeBilinear(tape, x, { height: 224, width: 224 }));
      const wanted = golden.floats(`resize.${name}.out224`);
      let worst = 0;
      for (const [i, value] of got.entries())
        worst = Math.max(worst, Math.abs(value - (wanted[i] ?? Number.NaN)));
      // cv2 computes positions in f32: those up to 300 are off by up to 300 * 2^-24, on both axes, and values differ by 0.3.
      expect(worst).toBeLessThanOrEqual(2 * 300 * 2 ** -24 * 0.3);
    } finally {
      tape.end();
      x.dispose();
    }
  });

  test('misuse is refused at the call', () => {
    const tape = startTape(engine);
    try {
      const x = tape.empty([1, 2, 3, 4]);
      expect(() => resizeBilinear(tape, tape.empty([2, 3]), { height: 1, width: 1 })).toThrow(
        /resizeBilinear: shape of x is \[2,3\]/,
      );
      expect(() => resizeBilinear(tape, x, { height: 0, width: 1 })).toThrow(/resizeBilinear: height is 0/);
      expect(() => resizeBilinear(tape, x, { height: 1, width: 1.5 })).toThrow(
        /resizeBilinear: width is 1.5/,
      );
      expect(() => resizeBilinear(tape, x, { height: 40_000, width: 1 })).toThrow(/height is 40000/);
    } finally {
      tape.end();
    }
  });
});

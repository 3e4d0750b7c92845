import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { jointHead } from '../../src/kernels/joint_head/joint_head.ts';
import { jointHeadCases, unfusedJointHeadCases } from '../../src/kernels/joint_head/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(jointHeadCases);
describeOp(unfusedJointHeadCases);

describe('jointHead', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('more images than one axis of a dispatch holds are folded', async () => {
    const images = 65_600;
    const tape = startTape(engine);
    const f = engine.tensor(
      Float32Array.from({ length: 2 * images }, (_, i) => (i % 2) * Math.log(3)),
      [images, 1, 1, 2],
      { requiresGradient: true },
    );
    const a = engine.zeros([images, 1, 1, 1]);
    const labels = engine.tensor(
      Uint32Array.from({ length: images }, (_, n) => n % 2),
      [images],
    );
    const seed = engine.tensor(new Float32Array(images).fill(1), [images]);
    try {
      const { probability, loss } = jointHead(tape, f, a, labels, { objective: 'ml' });
      tape.backward(loss, seed);
      const gradient = tape.gradient(f);
      if (gradient === null) throw new Error('no gradient');
      // softmax of (0, log 3) is (1/4, 3/4).
      const wanted = { probability: [0.25, 0.75], gradient: [-0.75, 0.75, 0.25, -0.25] };
      const worst = (got: Float32Array, period: readonly number[]): number =>
        got.reduce((error, value, i) => {
          const difference = Math.abs(value - (period[i % period.length] ?? Number.NaN));
          return difference <= error ? error : difference;
        }, 0);
      expect(worst(await engine.read(probability), wanted.probability)).toBeLessThan(1e-6);
      expect(worst(await engine.read(gradient), wanted.gradient)).toBeLessThan(1e-6);
    } finally {
      tape.end();
      for (const tensor of [f, a, seed]) tensor.dispose();
      labels.dispose();
    }
  });

  test('names the argument that does not fit', () => {
    const tape = startTape(engine);
    try {
      const f = tape.empty([2, 3, 4, 5]);
      const a = tape.empty([2, 3, 4, 1]);
      const labels = tape.empty([2], 'u32');
      const posterior = tape.empty([2, 3, 4]);
      expect(() => jointHead(tape, a.reshape([24]), a, labels, { objective: 'em' })).toThrow(
        /jointHead.*classLogits/,
      );
      expect(() => jointHead(tape, f, f, labels, { objective: 'em' })).toThrow(/jointHead.*locationLogits/);
      expect(() => jointHead(tape, f, a, tape.empty([3], 'u32'), { objective: 'em' })).toThrow(
        /jointHead.*labels.*\[3\].*\[2\]/,
      );
      expect(() => jointHead(tape, f, a, labels, { objective: 'em', posterior: a })).toThrow(
        /jointHead.*posterior/,
      );
      expect(() => jointHead(tape, f, a, labels, { objective: 'ml', posterior })).toThrow(
        /jointHead.*posterior.*'ml'/,
      );
    } finally {
      tape.end();
    }
  });
});

import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { jointMaps, jointPosterior } from '../../src/kernels/joint_head/joint_maps.ts';
import { jointMapsCases } from '../../src/kernels/joint_head/map_cases.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { uniformSequence } from './case_values.ts';

describeOp(jointMapsCases);

describe('jointMaps', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('joint maps sum to p(y|x), probabilities to 1, and a constant added to the logits changes nothing', async () => {
    const tape = startTape(engine, { gradients: false });
    const uniform = uniformSequence(7);
    const logits = Float32Array.from({ length: 2 * 4 * 4 * 10 }, () => 8 * uniform() - 4);
    const locations = tape.engine.tensor(
      Float32Array.from({ length: 32 }, () => 4 * uniform() - 2),
      [2, 4, 4, 1],
    );
    const labels = engine.tensor(Uint32Array.of(3, 9), [2]);
    const plain = engine.tensor(logits, [2, 4, 4, 10]);
    // 64 keeps every logit's last bits: only the shift itself is tested.
    const shifted = engine.tensor(
      logits.map((value) => Math.fround(Math.fround(value + 64) - 64) + 64),
      [2, 4, 4, 10],
    );
    try {
      const maps = jointMaps(tape, plain, locations);
      const { joint, probability } = maps.classMaps(labels);
      const [jointValues, p, all, moved] = [
        await engine.read(joint),
        await engine.read(probability),
        await engine.read(maps.probabilities()),
        await engine.read(jointMaps(tape, shifted, locations).classMaps(labels).joint),
      ];
      for (const image of [0, 1]) {
        const total = jointValues.subarray(16 * image, 16 * image + 16).reduce((a, b) => a + b, 0);
        expect(total).toBeCloseTo(p[image] ?? Number.NaN, 6);
        expect(all.subarray(10 * image, 10 * image + 10).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
        expect(all[10 * image + (image === 0 ? 3 : 9)]).toBeCloseTo(p[image] ?? Number.NaN, 6);
      }
      // The shifted logits are rounded to 2^-18.
      for (const [i, value] of jointValues.entries()) expect(moved[i]).toBeCloseTo(value, 5);
    } finally {
      tape.end();
      for (const tensor of [locations, plain, shifted]) tensor.dispose();
      labels.dispose();
    }
  });

  test('names the argument that does not fit', () => {
    const tape = startTape(engine);
    try {
      const f = tape.empty([2, 3, 4, 5]);
      const a = tape.empty([2, 3, 4, 1]);
      expect(() => jointMaps(tape, f, f)).toThrow(/jointMaps.*locationLogits/);
      expect(() => jointMaps(tape, f, a).classMaps(tape.empty([3], 'u32'))).toThrow(/classMaps.*classes/);
      expect(() => jointPosterior(tape, f, a, tape.empty([3], 'u32'))).toThrow(/jointPosterior.*labels/);
    } finally {
      tape.end();
    }
  });
});

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

import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import {
  maxPerSampleCases,
  meanCases,
  minPerSampleCases,
  sumLastAxisCases,
  sumOpCases,
  sumPerSampleCases,
  sumSpatialCases,
} from '../../src/kernels/reduce/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { sumLastAxis, sumPerSample, sumSpatial } from '../../src/kernels/reduce/reduce.ts';

describeOp(sumOpCases);
describeOp(meanCases);
describeOp(sumLastAxisCases);
describeOp(sumSpatialCases);
describeOp(sumPerSampleCases);
describeOp(maxPerSampleCases);
describeOp(minPerSampleCases);

describe('misuse of reductions', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('shapes without the axis to reduce are refused by name', () => {
    const tape = startTape(engine);
    try {
      const scalar = tape.empty([]);
      expect(() => sumLastAxis(tape, scalar)).toThrow(/sumLastAxis: shape of x is \[\]/);
      expect(() => sumPerSample(tape, scalar)).toThrow(/sumPerSample: shape of x is \[\]/);
      expect(() => sumSpatial(tape, tape.empty([2, 3, 4]))).toThrow(/sumSpatial: shape of x is \[2,3,4\]/);
    } finally {
      tape.end();
    }
  });
});

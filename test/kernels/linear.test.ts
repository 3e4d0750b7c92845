import { createEngine } from '../../src/runtime/create_engine.ts';
import { describe, expect, test } from 'vitest';
import { describeOp } from './describe_op.ts';
import { linear } from '../../src/kernels/linear/linear.ts';
import { linearCases } from '../../src/kernels/linear/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(linearCases);

describe('linear refuses', () => {
  test('what does not fit, naming it', async () => {
    const engine = await createEngine();
    const tape = startTape(engine);
    try {
      const input = tape.empty([2, 5]);
      const weight = tape.empty([5, 3]);
      expect(() => linear(tape, tape.empty([2, 5, 1]), weight)).toThrow(/linear.*input.*\[2,5,1\]/);
      expect(() => linear(tape, input, tape.empty([3, 5]))).toThrow(/linear.*weight.*\[3,5\].*\[5,C\]/);
      expect(() => linear(tape, input, weight, { bias: tape.empty([5]) })).toThrow(
        /linear.*bias.*\[5\].*\[3\]/,
      );
      expect(() => linear(tape, input, weight, { variant: 'fast' })).toThrow(/linear.*variant/);
    } finally {
      tape.end();
      engine.destroy();
    }
  });
});

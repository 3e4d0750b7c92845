import { conv2d } from '../../src/kernels/conv2d/conv2d.ts';
import { conv2dCases } from '../../src/kernels/conv2d/cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describe, expect, test } from 'vitest';
import { describeOp } from './describe_op.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(conv2dCases);

describe('conv2d refuses', () => {
  test('what does not fit, naming it', async () => {
    const engine = await createEngine();
    const tape = startTape(engine);
    try {
      const input = tape.empty([2, 5, 7, 3]);
      const weight = tape.empty([3, 3, 3, 4]);
      expect(() => conv2d(tape, tape.empty([5, 7, 3]), weight)).toThrow(/conv2d.*input.*\[5,7,3\]/);
      expect(() => conv2d(tape, input, tape.empty([3, 3, 4, 4]))).toThrow(
        /conv2d.*weight.*\[3,3,4,4\].*KH,KW,3,Cout/,
      );
      expect(() => conv2d(tape, input, weight, { bias: tape.empty([3]) })).toThrow(
        /conv2d.*bias.*\[3\].*\[4\]/,
      );
      expect(() => conv2d(tape, input, weight, { stride: 0 })).toThrow(/conv2d.*stride/);
      expect(() => conv2d(tape, input, weight, { dilation: [1, 1.5] })).toThrow(/conv2d.*dilation/);
      expect(() => conv2d(tape, input, weight, { padding: -1 })).toThrow(/conv2d.*padding/);
      expect(() => conv2d(tape, input, weight, { dilation: 3 })).toThrow(/conv2d.*7 x 7.*5 x 7/);
      expect(() => conv2d(tape, input, weight, { variant: 'fast' })).toThrow(/conv2d.*variant.*fast.*naive/);
    } finally {
      tape.end();
      engine.destroy();
    }
  });
});

describe('conv2d folds', () => {
  test.each(['default', 'naive'])('more than 65,535 workgroups, %s variant', async (variant) => {
    const engine = await createEngine();
    const tape = startTape(engine, { gradients: false });
    // 64 pixels a workgroup make 65,793 of them (more where subgroups have 4 lanes, and with the naive kernel).
    const shape = [1, 2051, 2053, 1];
    const input = engine.tensor(
      Float32Array.from({ length: 2051 * 2053 }, (_, i) => i % 1021),
      shape,
    );
    const weight = engine.tensor(Float32Array.of(2), [1, 1, 1, 1]);
    try {
      const options = variant === 'default' ? {} : { variant };
      const output = await engine.read(conv2d(tape, input, weight, options));
      expect(output.findIndex((value, i) => value !== 2 * (i % 1021))).toBe(-1);
    } finally {
      tape.end();
      engine.destroy();
    }
  });
});

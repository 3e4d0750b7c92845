import type { Engine } from '../../src/runtime/engine.ts';
import { accuracyCount, argmax } from '../../src/kernels/argmax/argmax.ts';
import { accuracyCountCases, argmaxCases } from '../../src/kernels/argmax/cases.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(argmaxCases);
describeOp(accuracyCountCases);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

test('names the argument that does not fit', () => {
  const tape = startTape(engine);
  try {
    expect(() => argmax(tape, tape.empty([]))).toThrow(/argmax.*input/);
    const labels = tape.empty([2], 'u32');
    expect(() => accuracyCount(tape, tape.empty([3, 4]), labels)).toThrow(/accuracyCount.*labels/);
    expect(() => accuracyCount(tape, tape.empty([2]), labels)).toThrow(/accuracyCount.*scores/);
  } finally {
    tape.end();
  }
});

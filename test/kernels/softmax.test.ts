import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allSoftmaxCases } from '../../src/kernels/softmax/cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { logSoftmax, softmax } from '../../src/kernels/softmax/softmax.ts';
import { startTape } from '../../src/kernels/tape.ts';

for (const op of allSoftmaxCases) describeOp(op);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

test('a scalar has no axis to normalise over', () => {
  const tape = startTape(engine);
  try {
    expect(() => softmax(tape, tape.empty([]))).toThrow(/softmax.*input/);
    expect(() => logSoftmax(tape, tape.empty([]))).toThrow(/logSoftmax.*input/);
  } finally {
    tape.end();
  }
});

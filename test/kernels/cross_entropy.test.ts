import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { crossEntropy } from '../../src/kernels/cross_entropy/cross_entropy.ts';
import { crossEntropyCases } from '../../src/kernels/cross_entropy/cases.ts';
import { describeOp } from './describe_op.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(crossEntropyCases);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

test('names the argument that does not fit', () => {
  const tape = startTape(engine);
  try {
    const labels = tape.empty([2], 'u32');
    expect(() => crossEntropy(tape, tape.empty([2, 3, 4]), labels)).toThrow(/crossEntropy.*logits/);
    expect(() => crossEntropy(tape, tape.empty([3, 4]), labels)).toThrow(/crossEntropy.*labels/);
  } finally {
    tape.end();
  }
});

import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { nllLoss, pixelwiseNll } from '../../src/kernels/nll/nll.ts';
import { nllLossCases, pixelwiseNllCases, selectClassCases } from '../../src/kernels/nll/cases.ts';
import { selectClass } from '../../src/kernels/nll/select_class.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(nllLossCases);
describeOp(pixelwiseNllCases);
describeOp(selectClassCases);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

test('names the argument that does not fit', () => {
  const tape = startTape(engine);
  try {
    const labels = tape.empty([2], 'u32');
    expect(() => nllLoss(tape, tape.empty([3, 4]), labels)).toThrow(/nllLoss.*labels/);
    expect(() => nllLoss(tape, tape.empty([4]), labels)).toThrow(/nllLoss.*logProbabilities/);
    const image = tape.empty([2, 3, 3, 5]);
    expect(() => selectClass(tape, image, tape.empty([3], 'u32'))).toThrow(/selectClass.*labels/);
    expect(() => pixelwiseNll(tape, image, tape.empty([2, 3]), labels)).toThrow(/pixelwiseNll.*weights/);
    expect(() => pixelwiseNll(tape, image, tape.empty([2, 3, 3]), tape.empty([3], 'u32'))).toThrow(
      /pixelwiseNll.*labels/,
    );
  } finally {
    tape.end();
  }
});

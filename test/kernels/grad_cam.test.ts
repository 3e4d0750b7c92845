import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { gradCam } from '../../src/kernels/grad_cam/grad_cam.ts';
import { gradCamCases } from '../../src/kernels/grad_cam/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(gradCamCases);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

test('gradients of another shape are refused', () => {
  const tape = startTape(engine, { gradients: false });
  expect(() => gradCam(tape, engine.zeros([1, 2, 2, 3]), engine.zeros([1, 2, 2, 4]))).toThrow(/gradCam/);
  tape.end();
});

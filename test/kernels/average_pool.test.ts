import { expect, test } from 'vitest';
import { averagePool2d } from '../../src/kernels/average_pool/average_pool.ts';
import { averagePoolCases } from '../../src/kernels/average_pool/cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(averagePoolCases);

test('averagePool2d: misuse names the argument', async () => {
  const engine = await createEngine();
  const tape = startTape(engine);
  try {
    const input = engine.zeros([1, 5, 5, 4]);
    expect(() => averagePool2d(tape, engine.zeros([5, 4]), { kernel: 2 })).toThrow(
      /averagePool2d: shape of input is \[5,4\]/,
    );
    expect(() => averagePool2d(tape, input, { kernel: [2, 0] })).toThrow(/averagePool2d: kernel is \[2,0\]/);
    expect(() => averagePool2d(tape, input, { kernel: 3, padding: 2 })).toThrow(/averagePool2d: padding/);
    expect(() => averagePool2d(tape, input, { kernel: 6 })).toThrow(/averagePool2d: kernel spans 6 x 6/);
  } finally {
    tape.end();
    engine.destroy();
  }
});

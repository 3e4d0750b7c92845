import { expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { globalAveragePool } from '../../src/kernels/global_average_pool/global_average_pool.ts';
import { globalAveragePoolCases } from '../../src/kernels/global_average_pool/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(globalAveragePoolCases);

test('globalAveragePool refuses what is no image', async () => {
  const engine = await createEngine();
  const tape = startTape(engine);
  try {
    expect(() => globalAveragePool(tape, engine.zeros([5, 4]))).toThrow(
      /globalAveragePool: shape of input is \[5,4\], wanted \[batch,height,width,channels\]/,
    );
  } finally {
    tape.end();
    engine.destroy();
  }
});

import type { Engine } from '../../src/runtime/engine.ts';
import type { OpCases } from '../../src/kernels/cases.ts';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { checkOp } from './check_op.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';

/** Runs every case of an operation, with every variant that the adapter can run, through `checkOp`. */
export function describeOp<Options>(op: OpCases<Options>): void {
  describe(op.name, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ guardMemory: true });
    });
    afterAll(() => engine.destroy());
    for (const variant of op.variants ?? ['default']) {
      for (const c of op.cases) {
        test(`${variant === 'default' ? '' : `${variant}: `}${c.name}`, async (context) => {
          const supported = op.supports?.(variant, engine.capabilities.subgroupSize) ?? true;
          if (!supported) context.skip(`${engine.adapter.name} cannot run the ${variant} variant`);
          await checkOp(engine, op, c, variant);
        });
      }
    }
  });
}

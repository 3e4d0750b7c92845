/** Hashes of what every kernel case gives, for Node and for a page. */
import type { Engine } from '../../src/runtime/engine.ts';
import type { OpCase, OpCases } from '../../src/kernels/cases.ts';
import { caseValues } from '../kernels/case_values.ts';
import { hashBits } from './recorded_training.ts';
import { hostInput, launchCase, wantsGradient } from '../kernels/launch_case.ts';

/** The operations among the exports of a `cases.ts`. */
export function operationsOf(module: Readonly<Record<string, unknown>>): OpCases<unknown>[] {
  return Object.values(module).filter(
    (value): value is OpCases<unknown> =>
      typeof value === 'object' && value !== null && 'cases' in value && 'run' in value,
  );
}

async function outcomeHashes(
  engine: Engine,
  op: OpCases<unknown>,
  c: OpCase<unknown>,
  variant: string,
): Promise<string> {
  const host = c.inputs.map((input, i) => hostInput(input, caseValues(input, `${op.name} ${c.name} ${i}`)));
  const { output, shape } = await launchCase(engine, op, c, host, null, variant);
  const hashes = [hashBits(output)];
  if (op.referenceGradient !== undefined && c.inputs.some(wantsGradient)) {
    const seed = Float32Array.from(
      caseValues({ shape, values: { kind: 'normal' } }, `${op.name} ${c.name} gradient`),
    );
    const { gradients } = await launchCase(engine, op, c, host, seed, variant);
    hashes.push(...gradients.map((gradient) => (gradient === null ? 'none' : hashBits(gradient))));
  }
  return hashes.join(' ');
}

/** By operation, variant and case: the hashes of the output and of each input's gradient. Variants that the adapter cannot run are left out. */
export async function recordCases(
  engine: Engine,
  operations: readonly OpCases<unknown>[],
): Promise<Record<string, string>> {
  const recorded: Record<string, string> = {};
  for (const op of operations)
    for (const variant of op.variants ?? ['default']) {
      if (!(op.supports?.(variant, engine.capabilities.subgroupSize) ?? true)) continue;
      for (const c of op.cases)
        recorded[`${op.name}, ${variant}, ${c.name}`] = await outcomeHashes(engine, op, c, variant);
    }
  return recorded;
}

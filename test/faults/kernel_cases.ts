/** All operations' cases, to run on engines of different kinds. */
import type { OpCases } from '../../src/kernels/cases.ts';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { operationsOf } from '../browser/recorded_cases.ts';

const kernels = join(import.meta.dirname, '..', '..', 'src', 'kernels');

export async function allOperations(): Promise<OpCases<unknown>[]> {
  const operations: OpCases<unknown>[] = [];
  for (const file of globSync('*/*cases.ts', { cwd: kernels }).toSorted())
    operations.push(...operationsOf((await import(join(kernels, file))) as Record<string, unknown>));
  return operations;
}

import { expect, test } from 'vitest';
import { staleModules } from '../../tools/generate_kernels.ts';

test('every kernel has the module that the generator writes for it, and no module is left without a kernel', () => {
  expect(staleModules()).toEqual([]);
});

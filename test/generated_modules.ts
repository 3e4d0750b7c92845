import { staleModules } from '../tools/generate_kernels.ts';

/** Before any test: a kernel that was edited must not be tested by the module of its old text. */
export function setup(): void {
  const stale = staleModules();
  if (stale.length > 0)
    throw new Error(
      `generated modules are stale or orphaned; run \`npm run generate\`:\n  ${stale.join('\n  ')}`,
    );
}

// Writes a typed module beside every kernel: `npm run generate`; with --check it only compares (and exits 1 when stale).
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { kernelModuleText } from './kernel_module.ts';

const root = path.join(import.meta.dirname, '..', 'src', 'kernels');

/** Every kernel file with the module text it should have beside it. */
export function expectedModules(): { wgsl: string; module: string; text: string }[] {
  return globSync('*/*.wgsl', { cwd: root })
    .toSorted()
    .map((name) => {
      const wgsl = path.join(root, name);
      const text = kernelModuleText(
        path.dirname(name),
        path.basename(name, '.wgsl'),
        readFileSync(wgsl, 'utf8'),
      );
      return { wgsl, module: `${wgsl}.ts`, text };
    });
}

/** Generated modules that are missing, differ from what the generator writes, or whose kernel is gone. */
export function staleModules(): string[] {
  const expected = expectedModules();
  const known = new Set(expected.map(({ module }) => module));
  const orphans = globSync('*/*.wgsl.ts', { cwd: root })
    .map((name) => path.join(root, name))
    .filter((module) => !known.has(module));
  const stale = expected.filter(({ module, text }) => {
    try {
      return readFileSync(module, 'utf8') !== text;
    } catch {
      return true;
    }
  });
  return [...orphans, ...stale.map(({ module }) => module)].map((module) =>
    path.relative(process.cwd(), module),
  );
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = staleModules();
    if (stale.length > 0) {
      console.error(`stale or orphaned kernel modules (run \`npm run generate\`):\n  ${stale.join('\n  ')}`);
      process.exitCode = 1;
    }
  } else {
    const modules = expectedModules();
    for (const { module, text } of modules) writeFileSync(module, text);
    console.log(`${modules.length} kernel modules written`);
  }
}

import { build } from 'esbuild';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

test('a page can bundle the library: nothing of Node, no package, no test material', async () => {
  // With the platform "browser" an import of a builtin of Node is an error already.
  const { metafile, warnings } = await build({
    entryPoints: [join(root, 'src', 'index.ts')],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain('src/runtime/open.browser.ts');
  expect(inputs.filter((path) => path.includes('node_modules'))).toEqual([]);
  expect(inputs.filter((path) => path.endsWith('.node.ts'))).toEqual([]);
  expect(inputs.filter((path) => /[/_](cases|reference)\.ts$/.test(path))).toEqual([]);
  const external = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter((imported) => imported.external).map(({ path }) => path),
  );
  expect(external).toEqual([]);
});

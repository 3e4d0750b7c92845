import { build } from 'esbuild';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { kernelSources } from './kernel_sources.ts';

const root = join(import.meta.dirname, '..', '..');
const demo = join(root, 'demo');

/** Files that are taken as they are. */
const STATIC = ['index.html', 'icon.svg', 'assets/birdlets.safetensors'];
const SERVICE_WORKER = 'service_worker.js';

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  logLevel: 'warning',
} as const;

/**
 * Builds the page into a folder of static files that any server can serve, from any path. Names are not hashed: the service worker, whose
 * text changes with any file, replaces all of them at once.
 */
export async function buildPage(out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    ...shared,
    entryPoints: {
      main: join(demo, 'page', 'main.ts'),
      worker: join(demo, 'worker', 'worker.ts'),
    },
    outdir: out,
    splitting: true,
    sourcemap: true,
    chunkNames: 'chunk-[hash]',
  });
  await build({ ...shared, entryPoints: [join(demo, 'style.css')], outfile: join(out, 'style.css') });
  for (const file of STATIC) copyFileSync(join(demo, file), join(out, file.split('/').at(-1) ?? file));
  writeFileSync(join(out, 'kernels.json'), JSON.stringify(kernelSources(join(root, 'src', 'kernels'))));

  const files = globSync('**/*', { cwd: out })
    .filter((file) => !file.endsWith('.map'))
    .toSorted();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(out, file)));
  await build({
    ...shared,
    entryPoints: [join(demo, 'offline', 'service_worker.ts')],
    outfile: join(out, SERVICE_WORKER),
    format: 'iife',
    // './': the page itself, under the address by which it is asked for.
    define: {
      FILES: JSON.stringify(['./', ...files]),
      VERSION: JSON.stringify(hash.digest('hex').slice(0, 16)),
    },
  });
}

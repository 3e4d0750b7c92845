// Builds what `npm pack` ships, in dist/: JavaScript modules with types and source maps, and one minified file for a page that
// has no bundler. npm runs it as `prepare`: after `npm ci` in a clone, before packing, and when it installs from a git address.
// In a clone nothing reads dist/ but the package's own name ("calm-webgpu"); everything else runs the .ts files.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minifyKernelModule } from './kernel_text.ts';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');

/** Imports and worker addresses in what tsc wrote, with the extension that the files have now; tsc leaves declarations and addresses alone. */
function javascriptExtensions(text: string): string {
  return text
    .replaceAll(/(\bfrom ')(\.{1,2}\/[^'\n]*)\.ts(')/g, '$1$2.js$3')
    .replaceAll(/(\bimport\(["'])(\.{1,2}\/[^"'\n]*)\.ts(["']\))/g, '$1$2.js$3')
    .replaceAll(/(\bnew URL\(')(\.{1,2}\/[^'\n]*)\.ts(', import\.meta\.url\))/g, '$1$2.js$3');
}

function emit(): void {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  for (const file of globSync('**/*.{js,d.ts}', { cwd: dist })) {
    const path = join(dist, file);
    const before = readFileSync(path, 'utf8');
    let text = javascriptExtensions(before);
    if (file.endsWith('.wgsl.js')) {
      text = minifyKernelModule(text).replace(/\/\/# sourceMappingURL=.*\n?/, '');
      // It would map one line to another file's hundred.
      rmSync(`${path}.map`);
    }
    const left = /['"]\.{1,2}\/[^'"\n]*\.ts['"]/.exec(text);
    if (left !== null) throw new Error(`dist/${file} still speaks of ${left[0]}`);
    if (text !== before) writeFileSync(path, text);
  }
}

/** The scope of what was built: `#gpu` means the built files in it, and the tools read their versions from here as they do in a clone. */
function writeScope(): void {
  const { name, version, type, sideEffects, imports, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown> & { imports: Record<string, Record<string, string>> };
  const built = Object.entries(imports).map(([alias, conditions]) => [
    alias,
    Object.fromEntries(
      Object.entries(conditions).map(([condition, path]) => [condition, path.replace(/\.ts$/, '.js')]),
    ),
  ]);
  const scope = {
    name,
    version,
    private: true,
    type,
    sideEffects,
    imports: Object.fromEntries(built) as object,
    dependencies,
    optionalDependencies,
  };
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(scope, null, 2)}\n`);
}

async function bundle(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  await build({
    entryPoints: [join(dist, 'src', 'index.js')],
    outfile: join(dist, 'calm.min.js'),
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    banner: { js: `/*! calm-webgpu ${version}, MIT licence */` },
    logLevel: 'warning',
  });
  // One file is its own declaration: the names and types are those of the modules.
  writeFileSync(join(dist, 'calm.min.d.ts'), "export * from './src/index.js';\n");
}

rmSync(dist, { recursive: true, force: true });
emit();
writeScope();
await bundle();

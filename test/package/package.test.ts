import type { Browser } from 'playwright';
import type { ServedFolder } from '../../tools/demo/serve_folder.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build as esbuild } from 'esbuild';
import { build as viteBuild } from 'vite';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import { findChromium } from '../../tools/browser/find_chromium.ts';
import { FreshProject } from './fresh_project.ts';
import { gzipSync } from 'node:zlib';
import { launchChromium } from '../../tools/browser/launch.ts';
import { promisify } from 'node:util';
import { readFile } from 'node:fs/promises';
import { serveFolder } from '../../tools/demo/serve_folder.ts';
import { SNIPPETS } from './snippets.ts';

interface Exercised {
  readonly name: string;
  readonly loss: number;
  readonly probabilities: number[][];
  readonly maps: number[][];
}

const run = promisify(execFile);
const embedded = process.platform === 'linux' && process.arch === 'x64';
const chromium = findChromium();

/** What a machine without a GPU needs besides, with the platform's part of koffi. */
const SOFTWARE_ADAPTER = ['@sparticuz/chromium', 'koffi', '@koromix'];

let project: FreshProject;
beforeAll(() => {
  project = new FreshProject();
});
afterAll(() => project.remove());

/** Without what npm and vitest put there: a user's shell. */
function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, CALM_ADAPTER: __, ...rest } = process.env;
  return { ...rest, ...more };
}

const node = (
  args: readonly string[],
  more?: Record<string, string>,
): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, args, { cwd: project.folder, env: environment(more) });

/** The exercise on Node, by the embedded SwiftShader where it exists: the adapter that the page has. */
async function onNode(): Promise<Exercised> {
  if (embedded) project.link(...SOFTWARE_ADAPTER);
  const { stdout } = await node(['node.js', ...(embedded ? ['swiftshader'] : [])]);
  return (JSON.parse(stdout) as { result: Exercised }).result;
}

describe('the tarball', () => {
  test('holds what runs, its types and its licence, and nothing else', () => {
    const kinds = new Set(
      project.files.map((file) => /(?:\.d\.ts|\.js\.map|\.[^./]+|^[^.]+)$/.exec(file)?.[0]),
    );
    expect(kinds).toEqual(new Set(['.d.ts', '.js', '.js.map', '.json', '.md', '.mjs', 'LICENSE']));
    expect(project.files).toEqual(
      expect.arrayContaining([
        'dist/src/index.js',
        'dist/src/index.d.ts',
        'dist/calm.min.js',
        'tools/calm.mjs',
      ]),
    );
    expect(
      project.files.filter((file) =>
        /(^|\/)(test|demo|fixtures|docs|\.[^/]*)(\/|$)|cases|reference/.test(file),
      ),
    ).toEqual([]);
    // 1.4 MB packed and 5.4 MB unpacked (2026-11-26): much more would be something that does not belong.
    expect(project.size).toBeLessThan(2e6);
    expect(project.unpackedSize).toBeLessThan(8e6);
  });

  test('names no place of the machine it was built on, in its source maps either', async () => {
    const home = project.path('node_modules', 'calm-webgpu');
    const root = join(import.meta.dirname, '..', '..');
    for (const file of project.files) {
      const text = await readFile(join(home, file), 'utf8');
      expect(text.includes(root), file).toBe(false);
      expect(/file:\/\/\/|\bnode_modules\/(?!\.bin\b)/.exec(text)?.[0] ?? null, file).toBeNull();
      if (!file.endsWith('.map')) continue;
      const map = JSON.parse(text) as { sources: string[]; sourcesContent: string[]; sourceRoot?: string };
      // Every source is within the package and comes along.
      for (const source of map.sources)
        expect(join('/package', dirname(file), source)).toMatch(/^\/package\/(src|tools|bench)\//);
      expect(map.sourcesContent.length).toBe(map.sources.length);
      expect(map.sourceRoot ?? '').toBe('');
    }
  });

  test('importing it changes nothing outside: `sideEffects: false` is true', async () => {
    project.write(
      'effects.js',
      `const seen = () => JSON.stringify([Object, Array, Map, Promise, Uint8Array, globalThis].map((each) =>
         [each, each.prototype ?? {}].map((object) => Reflect.ownKeys(object).map(String))));
       const before = [seen(), process.eventNames().length];
       await import('calm-webgpu');
       console.log(JSON.stringify(before) === JSON.stringify([seen(), process.eventNames().length]));`,
    );
    expect((await node(['effects.js'])).stdout).toBe('true\n');
  });
});

describe('the sizes for a page', () => {
  test.each(Object.entries(SNIPPETS))('%s', async (name, { code, budget }) => {
    const { outputFiles, metafile } = await esbuild({
      stdin: { contents: code, resolveDir: project.folder },
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2023',
    });
    const text = outputFiles[0]?.contents ?? new Uint8Array();
    const size = gzipSync(text, { level: 9 }).length;
    console.log(
      `${name}: ${(size / 1000).toFixed(1)} kB gzip of ${budget / 1000} kB (${(text.length / 1000).toFixed(0)} kB minified)`,
    );
    expect(size).toBeLessThanOrEqual(budget);
    // It is all there: a budget kept by an entry that leaves the engine out would say nothing.
    expect(size).toBeGreaterThan(0.5 * budget);
    const inputs = Object.keys(metafile.inputs);
    expect(
      inputs.filter((file) =>
        /\.node\.js$|node_modules\/(?!calm-webgpu)/.test(
          file.replace(/^.*?node_modules\/calm-webgpu/, 'calm-webgpu'),
        ),
      ),
    ).toEqual([]);
  });

  test('the single file, which holds everything', async () => {
    const text = await readFile(project.path('node_modules', 'calm-webgpu', 'dist', 'calm.min.js'));
    console.log(`calm.min.js: ${(gzipSync(text, { level: 9 }).length / 1000).toFixed(1)} kB gzip`);
    expect(text.toString()).not.toMatch(/^\s*import\b|\bfrom"node:/m);
  });
});

describe('types', () => {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin',
    'tsc',
  );
  async function errorsOf(options: readonly string[]): Promise<string> {
    const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'esnext'];
    const compiled = await node([compiler, ...strict, ...options, 'consumer.ts']).catch(
      (error: unknown) => error as { stdout: string },
    );
    return compiled.stdout;
  }
  const RESOLUTIONS = [
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
    ['nodenext', ['--module', 'nodenext', '--moduleResolution', 'nodenext']],
  ] as const;
  beforeAll(() => project.link('@types/node', 'undici-types'));

  for (const [name, resolution] of RESOLUTIONS) {
    // Our declarations are checked too; WebGPU's come with TypeScript's `dom`.
    test(`compile with --moduleResolution ${name}, none skipped`, async () => {
      expect(await errorsOf([...resolution, '--lib', 'esnext,dom', '--types', 'node'])).toBe('');
    });

    // That package speaks of the DOM, hence `skipLibCheck`, as `tsc --init` has it.
    test(`compile with --moduleResolution ${name}, without the DOM but with @webgpu/types`, async () => {
      project.link('@webgpu/types');
      try {
        const options = ['--lib', 'esnext', '--types', 'node,@webgpu/types', '--skipLibCheck'];
        expect(await errorsOf([...resolution, ...options])).toBe('');
      } finally {
        project.unlink('@webgpu/types');
      }
    });
  }
});

describe('on Node', () => {
  const noDriver = { VK_DRIVER_FILES: '/none', VK_ICD_FILENAMES: '/none' };
  const calm = (
    args: readonly string[],
    more?: Record<string, string>,
  ): Promise<{ stdout: string; stderr: string }> =>
    node([project.path('node_modules', 'calm-webgpu', 'tools', 'calm.mjs'), ...args], more);

  test('`calm --version` is that of the package', async () => {
    const manifest = await readFile(project.path('node_modules', 'calm-webgpu', 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect((await calm(['--version'])).stdout).toBe(`${version}\n`);
  });

  test('`calm devices` without a GPU says what to install, and works when it is', async () => {
    project.unlink(...SOFTWARE_ADAPTER);
    const without = await calm(['devices', '--adapter', 'swiftshader'], noDriver).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    if (!embedded) return;
    expect(without.stdout + without.stderr).toContain('npm install --save-dev @sparticuz/chromium koffi');
    project.link(...SOFTWARE_ADAPTER);
    const { stdout } = await calm(['devices', '--adapter', 'swiftshader'], noDriver);
    expect(stdout).toContain('SwiftShader');
  });

  test('a program trains and explains', async () => {
    const { loss, probabilities, maps } = await onNode();
    expect(loss).toBeGreaterThan(0);
    for (const [i, map] of maps.entries())
      expect(map.reduce((sum, value) => sum + value, 0)).toBeCloseTo(probabilities[i]?.[1] ?? Number.NaN, 5);
  });
});

const why = typeof chromium === 'string' ? ` (left out: ${chromium})` : '';
describe.skipIf(typeof chromium === 'string')(`in Chromium${why}`, () => {
  let browser: Browser;
  let served: ServedFolder;
  let wanted: Exercised;
  beforeAll(async () => {
    if (typeof chromium === 'string') return;
    await viteBuild({
      root: project.folder,
      base: './',
      logLevel: 'error',
      configFile: false,
      build: { outDir: 'site', target: 'esnext' },
      worker: { format: 'es' },
    });
    browser = await launchChromium(chromium);
    served = await serveFolder(project.folder, 0);
    wanted = await onNode();
  });
  afterAll(async () => {
    await browser?.close();
    served?.server.close();
  });

  async function inBrowser(path: string, expression: string): Promise<Exercised> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    try {
      await page.goto(new URL(path, served.url).href);
      await page.waitForFunction('globalThis.inPage !== undefined', null, { timeout: 20_000 });
      const result = (await page.evaluate(expression)) as Exercised;
      expect(errors).toEqual([]);
      return result;
    } finally {
      await page.close();
    }
  }

  /** The same SwiftShader gives the same bits; another adapter's only have to be near. */
  function expectSame(got: Exercised): void {
    expect(Object.keys(got)).toEqual(Object.keys(wanted));
    if (embedded && /swiftshader/i.test(got.name)) {
      expect({ ...got, name: '' }).toEqual({ ...wanted, name: '' });
      return;
    }
    expect(got.loss).toBeCloseTo(wanted.loss, 4);
    for (const [i, map] of got.maps.entries())
      for (const [z, value] of map.entries()) expect(value).toBeCloseTo(wanted.maps[i]?.[z] ?? Number.NaN, 4);
  }

  test("a page built by Vite has Node's numbers", async () => {
    expectSame(await inBrowser('site/index.html', 'inPage()'));
  });

  test("a Web Worker has Node's numbers", async () => {
    expectSame(await inBrowser('site/index.html', 'inWorker()'));
  });

  test("a plain page with the single file has Node's numbers", async () => {
    expectSame(await inBrowser('plain.html', 'inPage()'));
  });
});

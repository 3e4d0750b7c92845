/** Finding a Chromium with WebGPU for tests: one that is named, the packed one of the development dependencies, or the system's. */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tmpdir, userInfo } from 'node:os';
import { brotliDecompressSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';

/** A browser to start. */
export interface Chromium {
  readonly executablePath: string;
  readonly args: readonly string[];
  /** Environment for the browser's process; the caller's with what a packed browser needs. */
  readonly env: Record<string, string>;
}

/**
 * WebGPU without a GPU is behind a flag, and SwiftShader is named so that the numbers do not depend on the machine's drivers.
 * A Chromium of root's has no sandbox to start in.
 */
const FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Where distributions and vendors put it. */
const SYSTEM_PATHS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  ],
};

const archivePackage = '@sparticuz/chromium';

/**
 * The browser of CHROME_PATH; else, on Linux x64, the packed one (its SwiftShader is the one that Node computes on, so that bits can
 * be compared); else the system's.
 * @returns the browser, or one line that says why there is none.
 */
export function findChromium(): Chromium | string {
  const named = process.env['CHROME_PATH'];
  if (named) {
    return canRun(named) ? describe(named) : `CHROME_PATH is ${named}, which cannot be run`;
  }
  const packed = findPacked();
  if (packed !== null) return packed;
  const installed = SYSTEM_PATHS[process.platform]?.find(canRun);
  if (installed !== undefined) return describe(installed);
  return 'no Chromium found: install one, or set CHROME_PATH to its program';
}

function describe(executablePath: string, libraries: readonly string[] = []): Chromium {
  const args = process.getuid?.() === 0 ? ['--no-sandbox', ...FLAGS] : FLAGS;
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  if (libraries.length > 0)
    env['LD_LIBRARY_PATH'] = [env['LD_LIBRARY_PATH'], ...libraries].filter(Boolean).join(':');
  return { executablePath, args, env };
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findPacked(): Chromium | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  let root: string;
  try {
    // The package exports its program only (build/cjs/index.cjs); the archives lie two folders up.
    root = join(dirname(createRequire(import.meta.url).resolve(archivePackage)), '..', '..');
  } catch {
    return null;
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = join(tmpdir(), `calm-webgpu-chromium-${version}-${userInfo().uid}`);
  const program = join(folder, 'chromium');
  if (!isOurs(folder)) return null;
  if (!canRun(program)) unpack(join(root, 'bin'), folder);
  // A machine without NSS and Expat gets those that come along; the system's own are better where there are any.
  const libraries = lacksLibraries(program) ? [join(folder, 'lib')] : [];
  const chromium = describe(program, libraries);
  return lacksLibraries(program, chromium.env) ? null : chromium;
}

/** Whether the folder is absent or ours alone: the temporary folder is everybody's, and what lies in it is going to be run. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return true;
  return found.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o022) === 0;
}

/** Unpacked under another name and renamed when whole: another process sees all of it or nothing. */
function unpack(archives: string, folder: string): void {
  const temporary = mkdtempSync(`${folder}-`);
  try {
    const program = join(temporary, 'chromium');
    writeFileSync(program, brotliDecompressSync(readFileSync(join(archives, 'chromium.br'))));
    chmodSync(program, 0o755);
    for (const archive of ['swiftshader.tar.br', 'al2023.tar.br', 'fonts.tar.br']) {
      const tar = brotliDecompressSync(readFileSync(join(archives, archive)));
      execFileSync('tar', ['-xf', '-', '-C', temporary, '--no-same-owner'], { input: tar });
    }
    try {
      renameSync(temporary, folder);
    } catch (error) {
      // Another process was quicker; what lies there without a program is what a cleaner of temporary files left.
      if (existsSync(join(folder, 'chromium'))) return;
      rmSync(folder, { recursive: true, force: true });
      if (existsSync(folder)) throw error;
      renameSync(temporary, folder);
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function lacksLibraries(program: string, env: NodeJS.ProcessEnv = process.env): boolean {
  try {
    return execFileSync('ldd', [program], { env, encoding: 'utf8' }).includes('not found');
  } catch {
    return false; // No ldd: starting it will tell.
  }
}

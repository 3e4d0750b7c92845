/** Versions of the packages that are measured. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of a package installed in this folder; not by `require`, because packages hide their package.json. */
export function installedVersion(name: string): string {
  const path = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

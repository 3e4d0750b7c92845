import { readFileSync } from 'node:fs';

const { version, optionalDependencies } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string; readonly optionalDependencies: Readonly<Record<string, string>> };

/** What a run's numbers may depend on besides its options. */
export const versions = {
  calm: version,
  node: process.version,
  webgpu: optionalDependencies['webgpu'] ?? 'unknown',
} as const;

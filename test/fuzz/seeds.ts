/** Whole files to damage: the fixtures. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const fixtures = join(import.meta.dirname, '..', 'fixtures');

export const fixtureBytes = (path: string): Uint8Array => new Uint8Array(readFileSync(join(fixtures, path)));

export const fixtureText = (path: string): string => readFileSync(join(fixtures, path), 'utf8');

/** All files of a folder with such an end. */
export const fixturesIn = (folder: string, end: RegExp): readonly Uint8Array[] =>
  readdirSync(join(fixtures, folder))
    .filter((name) => end.test(name))
    .toSorted()
    .map((name) => fixtureBytes(join(folder, name)));

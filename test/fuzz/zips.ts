/** Damages zip archives where they say how they are built, and what is packed in them. */
import type { Random } from './chance.ts';
import type { ZipContent } from '../../src/model/files/zip_writer.ts';
import { edge, join, mutateMany, patched } from './bytes.ts';
import { pick } from './chance.ts';
import { writeZip } from '../../src/model/files/zip_writer.ts';

/** Offsets and widths of what a record says, behind its signature PK.. (APPNOTE 4.3.7, 4.3.12, 4.3.14 to 4.3.16). */
const RECORDS: Readonly<Record<string, readonly (readonly [offset: number, width: number])[]>> = {
  '\u0003\u0004': [
    [4, 2],
    [6, 2],
    [8, 2],
    [14, 4],
    [18, 4],
    [22, 4],
    [26, 2],
    [28, 2],
  ],
  '\u0001\u0002': [
    [6, 2],
    [8, 2],
    [10, 2],
    [16, 4],
    [20, 4],
    [24, 4],
    [28, 2],
    [30, 2],
    [32, 2],
    [34, 2],
    [42, 4],
  ],
  '\u0005\u0006': [
    [4, 2],
    [6, 2],
    [8, 2],
    [10, 2],
    [12, 4],
    [16, 4],
    [20, 2],
  ],
  '\u0006\u0006': [
    [4, 8],
    [16, 4],
    [24, 8],
    [32, 8],
    [40, 8],
    [48, 8],
  ],
  '\u0006\u0007': [
    [4, 4],
    [8, 8],
    [16, 4],
  ],
};

interface Field {
  readonly at: number;
  readonly width: number;
}

function fieldsOf(archive: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at + 4 <= archive.length; at += 1) {
    if (archive[at] !== 0x50 || archive[at + 1] !== 0x4b) continue;
    const kind = String.fromCharCode(archive[at + 2] ?? 0, archive[at + 3] ?? 0);
    for (const [offset, width] of RECORDS[kind] ?? []) fields.push({ at: at + offset, width });
  }
  return fields;
}

/** Other numbers in some of the fields: edges, neighbours of what was there, or what another field of that width says. */
export function mutateZipFields(archive: Uint8Array, random: Random): Uint8Array {
  const fields = fieldsOf(archive);
  let result = archive;
  for (let left = 1 + random(3); left > 0; left -= 1) {
    const { at, width } = pick(random, fields);
    const other = pick(random, fields);
    const kind = random(3);
    const small = Uint8Array.of((result[at] ?? 0) + random(9) - 4);
    const copied = result.slice(other.at, other.at + Math.min(width, other.width));
    result = patched(result, at, kind === 0 ? edge(random, width, true) : kind === 1 ? small : copied);
  }
  return result;
}

/** A whole archive around a damaged pickle, so that the damage reaches the machine that reads it. */
export function mutateZipped(contents: readonly ZipContent[], random: Random, donor: Uint8Array): Uint8Array {
  return join(
    ...writeZip(
      contents.map(({ name, bytes }) => ({
        name,
        bytes: name.endsWith('data.pkl') || random(20) === 0 ? mutateMany(bytes, random, donor) : bytes,
      })),
    ),
  );
}

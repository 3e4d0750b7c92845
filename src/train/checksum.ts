/** What tells a damaged checkpoint from a whole one: a checksum of all it holds, kept in its metadata. */
import type { CheckpointContent } from './checkpoint.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { crc32 } from '../model/files/crc32.ts';
import { quote } from '../model/safetensors_header.ts';

/** The metadata's key. */
export const CHECKSUM = 'checksum';

/** The key of what a file's version is. Version 2 has a checksum: one whose own key is damaged is not taken for a file without. */
const VERSION = 'version';
const WITH_CHECKSUM = '2';

const byName = ([first]: readonly [string, unknown], [second]: readonly [string, unknown]): number =>
  first < second ? -1 : 1;

/**
 * CRC-32 (ISO 3309) over the metadata but the checksum itself, then over the tensors, each in the order of names: a line of JSON with name,
 * type and shape, and the bytes. Of the content, not of a file: it holds in whatever order a file has them.
 */
function checksumOf({ tensors, metadata }: CheckpointContent): string {
  const encoder = new TextEncoder();
  let crc = 0;
  const addLine = (line: readonly unknown[]): void => {
    crc = crc32(encoder.encode(`${JSON.stringify(line)}\n`), crc);
  };
  for (const entry of [...metadata].toSorted(byName)) if (entry[0] !== CHECKSUM) addLine(entry);
  for (const [name, { dtype, shape, bytes }] of [...tensors].toSorted(byName)) {
    addLine([name, dtype, shape]);
    crc = crc32(bytes, crc);
  }
  return `crc32:${crc.toString(16).padStart(8, '0')}`;
}

/** The content with its version and checksum, for a file. */
export function withChecksum({ tensors, metadata: given }: CheckpointContent): CheckpointContent {
  const metadata = new Map([...given, [VERSION, WITH_CHECKSUM]]);
  return { tensors, metadata: metadata.set(CHECKSUM, checksumOf({ tensors, metadata })) };
}

/**
 * Compares the content with its checksum. Files from before there was one pass.
 * @throws ArgumentError when it is another
 */
export function verifyChecksum(content: CheckpointContent): void {
  const stored = content.metadata.get(CHECKSUM);
  if (stored === undefined && content.metadata.get(VERSION) === WITH_CHECKSUM)
    throw new ArgumentError(
      'checkpoint: it lacks its checksum: the file is damaged, or was changed by a program',
    );
  if (stored === undefined) return;
  const computed = checksumOf(content);
  if (stored !== computed)
    throw new ArgumentError(
      `checkpoint: its checksum is ${quote(stored)}, but what it holds gives ${computed}: the file is damaged, or was changed by a program ` +
        `that left the checksum as it was`,
    );
}

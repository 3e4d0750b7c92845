import type { SafetensorsEntry } from './safetensors_header.ts';
import {
  checkEntry,
  checkMetadata,
  longestHeader,
  metadataName,
  parseHeader,
  quote,
  SafetensorsError,
} from './safetensors_header.ts';

/** A file's header: its metadata, and its tensors in the order of their data. */
export interface SafetensorsDirectory {
  readonly metadata: Map<string, string>;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
}

/**
 * Where the data begin, from a file's first 8 bytes (fewer only where it has no more).
 * @throws SafetensorsError when the header is longer than allowed, or than the file
 */
export function dataStart(first: Uint8Array, fileSize: number): number {
  if (first.length < 8) throw new SafetensorsError(`file has ${fileSize} bytes, wanted at least 8`);
  const headerLength = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (headerLength > BigInt(longestHeader))
    throw new SafetensorsError(
      `not a safetensors file: header length is ${headerLength}, wanted at most ${longestHeader}`,
    );
  const start = 8 + Number(headerLength);
  if (start > fileSize)
    throw new SafetensorsError(`header length is ${headerLength}, but only ${fileSize - 8} bytes follow it`);
  return start;
}

/**
 * Reads the header of a file with so many bytes of data behind it.
 * @throws SafetensorsError on anything that the format forbids, with the tensor's name where it concerns one.
 */
export function parseDirectory(headerBytes: Uint8Array, dataLength: number): SafetensorsDirectory {
  const header = parseHeader(headerBytes);
  const sorted = Object.keys(header)
    .filter((name) => name !== metadataName)
    .map((name) => [name, checkEntry(name, header[name], dataLength)] as const)
    // Empty tensors first, so that each range starts where the one before it ended.
    .toSorted(([, first], [, second]) => first.begin - second.begin || first.end - second.end);
  let covered = 0;
  for (const [name, { begin, end }] of sorted) {
    if (begin !== covered)
      throw new SafetensorsError(
        `tensor ${quote(name)}: data_offsets begin at ${begin}, wanted ${covered}: ranges must neither overlap nor leave gaps`,
      );
    covered = end;
  }
  if (covered !== dataLength)
    throw new SafetensorsError(`${dataLength - covered} bytes after the last tensor belong to no tensor`);
  return { metadata: checkMetadata(header[metadataName]), entries: new Map(sorted) };
}

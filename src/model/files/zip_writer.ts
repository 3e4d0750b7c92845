/** Writes zip archives of stored entries as torch.save does: each entry's bytes begin at a multiple of 64. */
import { crc32 } from './crc32.ts';
import { WeightsFileError } from './error.ts';

// As PyTorch, so that its tensors can be mapped into memory where they are.
const ALIGNMENT = 64;
/** Extra field that only takes up room; PyTorch's letters. */
const PADDING_FIELD = 0x4246;
const HEADER = 30;
const CENTRAL = 46;
const END = 22;
const MOST_BYTES = 0xffff_fffe;
const MOST_ENTRIES = 0xfffe;
/** 1980-01-01, so that the same content always gives the same bytes. */
const DATE = 0x21;

/** One file to be. */
export interface ZipContent {
  /** ASCII. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The archive in pieces that follow each other; entries' bytes are not copied.
 * @throws WeightsFileError beyond 4 GiB or 65,534 entries, which would need zip64
 */
export function writeZip(contents: readonly ZipContent[]): Uint8Array[] {
  if (contents.length > MOST_ENTRIES)
    throw new WeightsFileError(
      `${contents.length} entries do not fit a zip archive, wanted at most ${MOST_ENTRIES}`,
    );
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  let directoryLength = 0;
  for (const { name, bytes } of contents) {
    const encoded = new TextEncoder().encode(name);
    const checksum = crc32(bytes);
    const unpadded = position + HEADER + encoded.length + 4;
    const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
    const header = new Uint8Array(HEADER + encoded.length + 4 + padding);
    const view = new DataView(header.buffer);
    view.setUint32(0, 0x0403_4b50, true);
    commonFields(view, 4, checksum, bytes.length, encoded.length);
    view.setUint16(28, 4 + padding, true);
    header.set(encoded, HEADER);
    view.setUint16(HEADER + encoded.length, PADDING_FIELD, true);
    view.setUint16(HEADER + encoded.length + 2, padding, true);
    parts.push(header, bytes);

    const central = new Uint8Array(CENTRAL + encoded.length);
    const centralView = new DataView(central.buffer);
    centralView.setUint32(0, 0x0201_4b50, true);
    centralView.setUint16(4, 20, true);
    commonFields(centralView, 6, checksum, bytes.length, encoded.length);
    centralView.setUint32(42, position, true);
    central.set(encoded, CENTRAL);
    directory.push(central);
    position += header.length + bytes.length;
    directoryLength += central.length;
    if (position + directoryLength + END > MOST_BYTES)
      throw new WeightsFileError(
        'more than 4 GiB do not fit a .pth file as it is written here; write safetensors',
      );
  }
  const end = new DataView(new ArrayBuffer(END));
  end.setUint32(0, 0x0605_4b50, true);
  end.setUint16(8, contents.length, true);
  end.setUint16(10, contents.length, true);
  end.setUint32(12, directoryLength, true);
  end.setUint32(16, position, true);
  return [...parts, ...directory, new Uint8Array(end.buffer)];
}

/** What a local header and a line of the directory have in common, from the version that is needed to the length of the name. */
function commonFields(view: DataView, at: number, checksum: number, size: number, nameLength: number): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, checksum, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameLength, true);
}

/**
 * Zip archives, as far as torch.save and whoever packs its files again need them: stored and deflated entries, zip64, no
 * encryption. Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3. Only the directory is read here; entries by range.
 *
 * Own code rather than a package: no npm reader that works in pages gives ranges of stored entries and bounds what a
 * stranger's archive can make it allocate, and the directory is all there is to parse.
 */
import type { ByteSource } from './byte_source.ts';
import { WeightsFileError } from './error.ts';
import { inflate } from './inflate.ts';
import { quote } from '../safetensors_header.ts';

/** One file of an archive. */
export interface ZipEntry extends ByteSource {
  readonly name: string;
  /** Of the unpacked bytes, as the archive says. */
  readonly crc32: number;
}

// Real archives have one entry a tensor. More than this is there to eat memory.
const MOST_ENTRIES = 1 << 18;
const LONGEST_DIRECTORY = 1 << 26;
/** Unpacked bytes of all deflated entries together, as a multiple of the archive: weights shrink by a tenth, not to a twentieth. */
const INFLATION = 20;
const INFLATION_SLACK = 1 << 20;

interface Place {
  readonly entries: number;
  readonly begin: number;
  readonly end: number;
}

interface CentralEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly packedSize: number;
  readonly size: number;
  readonly header: number;
}

const fail = (what: string): never => {
  throw new WeightsFileError(`zip archive: ${what}`);
};

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A 64-bit size or offset; beyond 2^53 nothing exists. */
function size64(data: DataView, offset: number, what: string): number {
  const value = Number(data.getBigUint64(offset, true));
  return Number.isSafeInteger(value) ? value : fail(`${what} is ${value} bytes, more than can be`);
}

/**
 * Reads the directory.
 * @returns the files by name, in the order of their data; nothing of theirs has been read yet
 * @throws WeightsFileError on anything malformed, and on entries that overlap
 */
export async function readZip(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const place = await findDirectory(source);
  if (place.entries > MOST_ENTRIES) fail(`has ${place.entries} entries, wanted at most ${MOST_ENTRIES}`);
  if (place.end - place.begin > LONGEST_DIRECTORY)
    fail(`directory has ${place.end - place.begin} bytes, wanted at most ${LONGEST_DIRECTORY}`);
  const listed = parseDirectory(await source.read(place.begin, place.end), place.entries);
  const sorted = listed.toSorted((first, second) => first.header - second.header);

  const entries = new Map<string, ZipEntry>();
  let inflated = 0;
  for (const [index, entry] of sorted.entries()) {
    const where = `entry ${quote(entry.name)}`;
    if (entries.has(entry.name)) fail(`${where} occurs twice`);
    if ((entry.flags & 1) !== 0) fail(`${where} is encrypted`);
    if (entry.method !== 0 && entry.method !== 8)
      fail(`${where} is packed by method ${entry.method}, wanted stored (0) or deflated (8)`);
    if (entry.method === 0 && entry.packedSize !== entry.size)
      fail(`${where} is stored, but ${entry.packedSize} bytes stand for ${entry.size}`);
    if (entry.method === 8) inflated += entry.size;
    // An entry may not reach into the next, or a small file could stand for any number of large ones.
    const end = sorted[index + 1]?.header ?? place.begin;
    if (entry.header + 30 + entry.packedSize > end)
      fail(
        `${where} has ${entry.packedSize} bytes, more than there are before the next entry or the directory`,
      );
    entries.set(entry.name, zipEntry(source, entry, end));
  }
  const most = INFLATION * source.size + INFLATION_SLACK;
  if (inflated > most)
    fail(`would unpack to ${inflated} bytes, wanted at most ${most}: this is no archive of weights`);
  return entries;
}

function zipEntry(source: ByteSource, entry: CentralEntry, end: number): ZipEntry {
  let start: Promise<number> | undefined;
  let unpacked: Promise<Uint8Array> | undefined;
  const dataStart = (): Promise<number> => (start ??= findData(source, entry, end));
  const readStored = async (from: number, to: number): Promise<Uint8Array> => {
    const first = await dataStart();
    return source.read(first + from, first + to);
  };
  const readDeflated = async (): Promise<Uint8Array> => {
    try {
      return await inflate(await readStored(0, entry.packedSize), entry.size);
    } catch (cause) {
      throw new WeightsFileError(
        `zip archive: entry ${quote(entry.name)} cannot be unpacked: ${String(cause)}`,
        {
          cause,
        },
      );
    }
  };
  return {
    name: entry.name,
    size: entry.size,
    crc32: entry.crc32,
    async read(from, to) {
      if (entry.method === 0) return readStored(from, to);
      return (await (unpacked ??= readDeflated())).subarray(from, to);
    },
  };
}

/** Where an entry's bytes begin: after its local header, whose length only it knows (PyTorch pads it to align tensors). */
async function findData(source: ByteSource, entry: CentralEntry, end: number): Promise<number> {
  const where = `entry ${quote(entry.name)}`;
  const header = view(await source.read(entry.header, entry.header + 30));
  if (header.getUint32(0, true) !== 0x0403_4b50) fail(`${where} has no header at byte ${entry.header}`);
  const start = entry.header + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + entry.packedSize > end)
    fail(`${where} reaches beyond byte ${end}, where something else begins`);
  return start;
}

/** Finds the directory by the record at the archive's end, which a comment of up to 65,535 bytes may follow. */
async function findDirectory(source: ByteSource): Promise<Place> {
  const tailBegin = Math.max(0, source.size - 22 - 65_535);
  const tail = view(await source.read(tailBegin, source.size));
  let at = tail.byteLength - 22;
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === 0x0605_4b50 && at + 22 + tail.getUint16(at + 20, true) === tail.byteLength)
  )
    at -= 1;
  if (at < 0) return fail('its end is missing: the file is cut off');
  const entries = tail.getUint16(at + 10, true);
  const length = tail.getUint32(at + 12, true);
  const begin = tail.getUint32(at + 16, true);
  const endRecord = tailBegin + at;
  if (tail.getUint16(at + 4, true) !== 0 && tail.getUint16(at + 4, true) !== 0xffff)
    fail('it is spread over several files');
  // A locator of the zip64 record stands right before, and some writers (PyTorch's among them) add one without need.
  const locator = at - 20;
  if (locator >= 0 && tail.getUint32(locator, true) === 0x0706_4b50)
    return findDirectory64(source, size64(tail, locator + 8, 'offset of the zip64 record'), endRecord - 20);
  return directoryAt(entries, begin, length, endRecord);
}

async function findDirectory64(source: ByteSource, record: number, limit: number): Promise<Place> {
  if (record + 56 > limit) return fail(`zip64 record at byte ${record} is outside of the file`);
  const data = view(await source.read(record, record + 56));
  if (data.getUint32(0, true) !== 0x0606_4b50) return fail(`there is no zip64 record at byte ${record}`);
  return directoryAt(
    size64(data, 32, 'number of entries'),
    size64(data, 48, 'offset of the directory'),
    size64(data, 40, 'size of the directory'),
    record,
  );
}

function directoryAt(entries: number, begin: number, length: number, limit: number): Place {
  if (begin + length > limit)
    return fail(`directory [${begin}, ${begin + length}) reaches beyond byte ${limit}`);
  return { entries, begin, end: begin + length };
}

function parseDirectory(bytes: Uint8Array, count: number): CentralEntry[] {
  const data = view(bytes);
  const decoder = new TextDecoder('utf-8');
  const entries: CentralEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > bytes.length || data.getUint32(at, true) !== 0x0201_4b50)
      return fail(`directory is damaged at entry ${index} of ${count}`);
    const nameEnd = at + 46 + data.getUint16(at + 28, true);
    const extraEnd = nameEnd + data.getUint16(at + 30, true);
    const next = extraEnd + data.getUint16(at + 32, true);
    if (next > bytes.length) return fail(`directory is cut off in entry ${index} of ${count}`);
    const sizes = extendedSizes(data, at, nameEnd, extraEnd);
    entries.push({
      name: decoder.decode(bytes.subarray(at + 46, nameEnd)),
      flags: data.getUint16(at + 8, true),
      method: data.getUint16(at + 10, true),
      crc32: data.getUint32(at + 16, true),
      ...sizes,
    });
    at = next;
  }
  return entries;
}

/** Sizes and place of an entry: in its directory line, or, where that says 2^32 - 1, in the zip64 extra field in this order. */
function extendedSizes(
  data: DataView,
  at: number,
  extraBegin: number,
  extraEnd: number,
): Pick<CentralEntry, 'size' | 'packedSize' | 'header'> {
  const wide = zip64Field(data, extraBegin, extraEnd);
  let used = 0;
  const take = (value: number): number => {
    if (value !== 0xffff_ffff) return value;
    if (wide === null || used + 8 > wide.byteLength) return fail('an entry lacks its zip64 sizes');
    used += 8;
    return size64(wide, used - 8, 'an entry');
  };
  const size = take(data.getUint32(at + 24, true));
  const packedSize = take(data.getUint32(at + 20, true));
  return { size, packedSize, header: take(data.getUint32(at + 42, true)) };
}

function zip64Field(data: DataView, begin: number, end: number): DataView | null {
  let at = begin;
  while (at + 4 <= end) {
    const length = data.getUint16(at + 2, true);
    if (at + 4 + length > end) return null;
    if (data.getUint16(at, true) === 1) return new DataView(data.buffer, data.byteOffset + at + 4, length);
    at += 4 + length;
  }
  return null;
}

import { join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';

/** What a test wants to know of an `Event` message. */
export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion: string | null;
  /** 1 is START. */
  readonly sessionStatus: number | null;
  readonly scalars: Readonly<Record<string, number>>;
}

/** CRC-32C bit by bit: a second way, so that a wrong table is noticed. */
function crc(bytes: Uint8Array): number {
  let state = 0xffffffff;
  for (const byte of bytes) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit++) state = state & 1 ? (state >>> 1) ^ 0x82f63b78 : state >>> 1;
  }
  return ~state >>> 0;
}

const masked = (bytes: Uint8Array): number => {
  const value = BigInt(crc(bytes));
  return Number((((value >> 15n) | (value << 17n)) + 0xa282ead8n) & 0xffffffffn);
};

/** A file's records, up to one that is cut short. Throws on a wrong CRC. */
function* records(file: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let place = 0; place + 12 <= file.length;) {
    if (view.getUint32(place + 8, true) !== masked(file.subarray(place, place + 8)))
      throw new Error(`CRC of the length at ${place}`);
    const end = place + 12 + Number(view.getBigUint64(place, true));
    if (end + 4 > file.length) return;
    const data = file.subarray(place + 12, end);
    if (view.getUint32(end, true) !== masked(data)) throw new Error(`CRC of the data at ${place}`);
    yield data;
    place = end + 4;
  }
}

type Field = readonly [number: number, value: number | Uint8Array];

/** The fields of a protocol buffer message; fixed64 as double, fixed32 as float. */
function* fields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let place = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = view.getUint8(place++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (place < bytes.length) {
    const key = varint();
    const [field, wire] = [Math.floor(key / 8), key % 8];
    if (wire === 0) yield [field, varint()];
    else if (wire === 1) {
      yield [field, view.getFloat64(place, true)];
      place += 8;
    } else if (wire === 2) {
      const length = varint();
      if (place + length > bytes.length) throw new Error('a field is longer than its message');
      yield [field, bytes.subarray(place, place + length)];
      place += length;
    } else if (wire === 5) {
      yield [field, view.getFloat32(place, true)];
      place += 4;
    } else throw new Error(`wire type ${wire}`);
  }
}

const bytesOf = (value: number | Uint8Array | undefined): Uint8Array => {
  if (!(value instanceof Uint8Array)) throw new Error('wanted bytes');
  return value;
};

function parseEvent(data: Uint8Array): ReadEvent {
  const top = new Map(fields(data));
  const scalars: Record<string, number> = {};
  if (top.has(5)) {
    for (const [, value] of fields(bytesOf(top.get(5)))) {
      const entry = new Map(fields(bytesOf(value)));
      const scalar = entry.get(2);
      if (typeof scalar === 'number') scalars[Buffer.from(bytesOf(entry.get(1))).toString()] = scalar;
    }
  }
  const status = top.has(7) ? new Map(fields(bytesOf(top.get(7)))).get(1) : null;
  return {
    wallTime: Number(top.get(1)),
    step: Number(top.get(2)),
    fileVersion: top.has(3) ? Buffer.from(bytesOf(top.get(3))).toString() : null,
    sessionStatus: typeof status === 'number' ? status : null,
    scalars,
  };
}

/** All events of a file. */
export function readEvents(file: Uint8Array): ReadEvent[] {
  return [...records(file)].map(parseEvent);
}

/** [step, value] of every tag as TensorBoard shows a folder: files by name, and a START voids what was said of its step and later ones. */
export async function shownScalars(folder: string): Promise<Record<string, [number, number][]>> {
  const shown: Record<string, [number, number][]> = {};
  for (const name of (await readdir(folder)).filter((file) => file.includes('tfevents')).toSorted()) {
    for (const { step, sessionStatus, scalars } of readEvents(await readFile(join(folder, name)))) {
      if (sessionStatus === 1)
        for (const [tag, values] of Object.entries(shown)) shown[tag] = values.filter(([at]) => at < step);
      for (const [tag, value] of Object.entries(scalars)) (shown[tag] ??= []).push([step, value]);
    }
  }
  return shown;
}

/**
 * TensorBoard's event files, as bytes. A file is a sequence of TFRecords (tensorflow/core/lib/io/record_writer.h), each of which holds
 * one `Event` message (tensorflow/core/util/event.proto). Of protocol buffers it takes three kinds of field only, so they are written
 * by hand.
 */

/** CRC-32C (Castagnoli), reflected polynomial. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C of bytes, as RFC 3720 (iSCSI) defines it. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** A CRC as TFRecords store it: turned and shifted, so that a CRC of data that hold CRCs is no trouble. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let first = 0;
  for (const part of parts) {
    whole.set(part, first);
    first += part.length;
  }
  return whole;
}

/** u64 length, its masked CRC, the data, their masked CRC; all little endian. */
export function tfRecord(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(12));
  head.setBigUint64(0, BigInt(data.length), true);
  head.setUint32(8, maskedCrc32c(new Uint8Array(head.buffer, 0, 8)), true);
  const foot = new DataView(new ArrayBuffer(4));
  foot.setUint32(0, maskedCrc32c(data), true);
  return concatenate([new Uint8Array(head.buffer), data, new Uint8Array(foot.buffer)]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  // Not by shifts: a step may be beyond 2^31.
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const key = (field: number, wire: keyof typeof WIRE): Uint8Array => varint(field * 8 + WIRE[wire]);

function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return concatenate([key(field, 'fixed64'), bytes]);
}

function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatenate([key(field, 'fixed32'), bytes]);
}

const integerField = (field: number, value: number): Uint8Array =>
  concatenate([key(field, 'varint'), varint(value)]);

function bytesField(field: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return concatenate([key(field, 'bytes'), varint(bytes.length), bytes]);
}

const message = (field: number, ...fields: readonly Uint8Array[]): Uint8Array =>
  bytesField(field, concatenate(fields));

/** `Event { wall_time = 1; step = 2; <what> }` as a record. `seconds` since 1970. */
const event = (seconds: number, step: number, what: Uint8Array): Uint8Array<ArrayBuffer> =>
  tfRecord(concatenate([doubleField(1, seconds), integerField(2, step), what]));

/** The first record of every file: `file_version = 3`. */
export function fileVersionRecord(seconds: number): Uint8Array<ArrayBuffer> {
  return event(seconds, 0, bytesField(3, 'brain.Event:2'));
}

/**
 * `session_log = 7 { status = 1: START }`. It tells readers that the program began anew with this step: what files before this one say
 * of it and of later steps is void.
 */
export function sessionStartRecord(seconds: number, step: number): Uint8Array<ArrayBuffer> {
  return event(seconds, step, message(7, integerField(1, 1)));
}

/** `summary = 5 { value = 1 { tag = 1; simple_value = 2 } ... }` */
export function scalarsRecord(
  seconds: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Uint8Array<ArrayBuffer> {
  const values = Object.entries(scalars).map(([tag, value]) =>
    message(1, bytesField(1, tag), floatField(2, value)),
  );
  return event(seconds, step, message(5, ...values));
}

const DT_STRING = 7;

/** A text in Markdown: a value whose `metadata = 9` name the plugin "text", and whose `tensor = 8` is a scalar string. */
export function textRecord(
  seconds: number,
  step: number,
  tag: string,
  text: string,
): Uint8Array<ArrayBuffer> {
  const metadata = message(9, message(1, bytesField(1, 'text')));
  const tensor = message(8, integerField(1, DT_STRING), message(2), bytesField(8, text));
  return event(seconds, step, message(5, message(1, bytesField(1, tag), metadata, tensor)));
}

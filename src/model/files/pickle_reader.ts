import { WeightsFileError } from './error.ts';

/** The pickle goes on behind the bytes that were given; more of them may help. */
export class PickleTruncatedError extends WeightsFileError {
  override name = 'PickleTruncatedError';
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Reads a pickle's bytes from front to back; every read is checked against what is there. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  position: number;

  constructor(bytes: Uint8Array, begin: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = begin;
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** A length of 8 bytes. */
  length64(): number {
    const value = Number(this.#view.getBigUint64(this.#advance(8), true));
    if (value > this.#bytes.length)
      throw new PickleTruncatedError(`${value} bytes are announced, fewer follow`);
    return value;
  }

  /** Pickle has its floats big-endian. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  bytes(length: number): Uint8Array {
    const begin = this.#advance(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  text(length: number): string {
    try {
      return utf8.decode(this.bytes(length));
    } catch (cause) {
      if (cause instanceof TypeError) throw new WeightsFileError('a string is not UTF-8', { cause });
      throw cause;
    }
  }

  /** What Python 2 called a string: text, if it is UTF-8. */
  textOrBytes(length: number): string | Uint8Array {
    const bytes = this.bytes(length);
    const text = lenient.decode(bytes);
    if (!text.includes('\uFFFD')) return text;
    // That stands for what is no UTF-8, or for itself. An exception for each of half a million strings would take many seconds.
    const again = encoder.encode(text);
    return again.length === bytes.length && again.every((byte, index) => byte === bytes[index])
      ? text
      : bytes;
  }

  /** Text up to a newline, which is taken too; names of modules and classes are short. */
  line(longest: number): string {
    const end = this.#bytes.subarray(this.position, this.position + longest + 1).indexOf(10);
    if (end < 0) {
      if (this.position + longest >= this.#bytes.length)
        throw new PickleTruncatedError('a name does not end');
      throw new WeightsFileError(`a name has more than ${longest} characters`);
    }
    const text = this.text(end);
    this.position += 1;
    return text;
  }

  #advance(length: number): number {
    const begin = this.position;
    if (begin + length > this.#bytes.length)
      throw new PickleTruncatedError(
        `the pickle is cut off: ${length} bytes wanted at byte ${begin}, the last is ${this.#bytes.length - 1}`,
      );
    this.position = begin + length;
    return begin;
  }
}

/** A little-endian two's complement integer: a number where that is exact. */
export function decodeLong(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
  value = BigInt.asIntN(bytes.length * 8, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Writes the pickles (protocol 2) that weights need. */
import { checkedProduct } from './torch_tensor.ts';

/** Puts a pickle together opcode by opcode. */
export class PickleWriter {
  readonly #bytes: number[] = [0x80, 2];

  /** The pickle, ended. */
  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from([...this.#bytes, 0x2e]);
  }

  mark(): void {
    this.#bytes.push(0x28);
  }

  /** Everything since the mark as one tuple. */
  tuple(): void {
    this.#bytes.push(0x74);
  }

  emptyTuple(): void {
    this.#bytes.push(0x29);
  }

  emptyDict(): void {
    this.#bytes.push(0x7d);
  }

  /** Keys and values since the mark become items of the dict before it. */
  setItems(): void {
    this.#bytes.push(0x75);
  }

  /** Calls the global before the tuple on top. */
  reduce(): void {
    this.#bytes.push(0x52);
  }

  /** The tuple on top becomes a persistent id. */
  persistentId(): void {
    this.#bytes.push(0x51);
  }

  false(): void {
    this.#bytes.push(0x89);
  }

  global(module: string, name: string): void {
    this.#bytes.push(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  text(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.#bytes.push(0x58, ...littleEndian(encoded.length, 4), ...encoded);
  }

  /** A whole number from 0 on. */
  integer(value: number): void {
    if (value < 256) this.#bytes.push(0x4b, value);
    else if (value < 2 ** 31) this.#bytes.push(0x4a, ...littleEndian(value, 4));
    else this.#bytes.push(0x8a, 8, ...littleEndian(value, 8));
  }

  integers(values: readonly number[]): void {
    this.mark();
    for (const value of values) this.integer(value);
    this.tuple();
  }
}

function littleEndian(value: number, length: number): number[] {
  return Array.from({ length }, (_, index) => Math.floor(value / 256 ** index) % 256);
}

/** Strides of a row-major tensor, in elements, as PyTorch counts them (an axis of size 0 as one of size 1). */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride = checkedProduct(stride, Math.max(size, 1), "a tensor's size");
  }
  return strides;
}

import { WeightsFileError } from './error.ts';

/**
 * Unpacks a raw deflate stream (RFC 1951) of a known size; stops as soon as more comes out than that.
 * @throws WeightsFileError when the size is another one; TypeError of the platform when the stream is damaged
 */
export async function inflate(packed: Uint8Array, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const result = new Uint8Array(size);
  const input = new Blob([new Uint8Array(packed)]).stream();
  const reader = input.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (filled + value.length > size) {
      await reader.cancel();
      throw new WeightsFileError(`more than the ${size} bytes it says come out of it`);
    }
    result.set(value, filled);
    filled += value.length;
  }
  if (filled !== size) throw new WeightsFileError(`${filled} bytes come out of it, wanted ${size}`);
  return result;
}

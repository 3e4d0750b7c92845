/** Where bytes come from: memory, a Blob, an open file. Reading by ranges keeps a large file from being held as a whole. */
import { WeightsFileError } from './error.ts';

/** Bytes that can be read by ranges. */
export interface ByteSource {
  readonly size: number;
  /**
   * The bytes [begin, end), at least 0 and at most `size`: a view where the source is in memory already. Rejects when the source
   * has become shorter.
   */
  read(begin: number, end: number): Promise<Uint8Array>;
}

/** What a page has of a file. A stream is read to its end, into a Blob, which the browser may keep on disk. */
export type WeightsInput = ArrayBuffer | Uint8Array | Blob | ReadableStream<Uint8Array<ArrayBuffer>>;

/** Memory as a source: ranges are views. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (begin, end) => Promise.resolve(bytes.subarray(begin, end)),
  };
}

/** A Blob (a File of an input element, a Response's body) as a source. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(begin, end) {
      const bytes = new Uint8Array(await blob.slice(begin, end).arrayBuffer());
      if (bytes.length !== end - begin)
        throw new WeightsFileError(`file ends at byte ${begin + bytes.length}, wanted ${end}`);
      return bytes;
    },
  };
}

/** Any input of a page as a source. */
export async function sourceOf(input: WeightsInput): Promise<ByteSource> {
  if (input instanceof Uint8Array) return bytesSource(input);
  if (input instanceof ArrayBuffer) return bytesSource(new Uint8Array(input));
  if (input instanceof Blob) return blobSource(input);
  return blobSource(await new Response(input).blob());
}

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const folder = new URL('../fixtures/eval/', import.meta.url);

/** The parsed JSON of a fixture; the caller states the shape of a file that lies beside its test. */
export function goldenJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
}

export interface Golden {
  readonly keys: readonly string[];
  shape(key: string): readonly number[];
  floats(key: string): Float32Array;
  doubles(key: string): Float64Array;
  bytes(key: string): Uint8Array;
}

/** Tensors of a gzipped safetensors fixture; each getter throws when the tensor is missing or of another type. */
export function goldenTensors(name: string): Golden {
  const file = gunzipSync(readFileSync(new URL(`${name}.safetensors.gz`, folder)));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<string, Entry>;
  const slice = (key: string, dtype: string): ArrayBuffer => {
    const entry = header[key];
    if (entry?.dtype !== dtype)
      throw new Error(`${name}: '${key}' is ${entry?.dtype ?? 'missing'}, wanted ${dtype}`);
    const [begin, end] = entry.data_offsets;
    return new Uint8Array(file.subarray(8 + headerLength + begin, 8 + headerLength + end)).buffer;
  };
  return {
    keys: Object.keys(header),
    shape: (key) => header[key]?.shape ?? [],
    floats: (key) => new Float32Array(slice(key, 'F32')),
    doubles: (key) => new Float64Array(slice(key, 'F64')),
    bytes: (key) => new Uint8Array(slice(key, 'U8')),
  };
}

/** Bits of numpy.packbits as bytes 0 and 1. */
export function unpackBits(packed: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: packed.length * 8 },
    (_, i) => ((packed[i >> 3] ?? 0) >> (7 - (i & 7))) & 1,
  );
}

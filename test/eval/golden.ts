import { parseSafetensors, toFloat32, toFloat64, toUint8 } from '../../src/model/safetensors.ts';
import { readFixture, readJsonFixture } from '../fixture.ts';
import type { SafetensorsDType, SafetensorsTensor } from '../../src/model/safetensors.ts';

/** The parsed JSON of a fixture; the caller states the shape of a file that lies beside its test. */
export function goldenJson(name: string): Promise<unknown> {
  return readJsonFixture(`eval/${name}.json`);
}

export interface Golden {
  readonly keys: readonly string[];
  shape(key: string): readonly number[];
  floats(key: string): Float32Array;
  doubles(key: string): Float64Array;
  bytes(key: string): Uint8Array;
  integers(key: string): Int32Array;
}

/** Tensors of a gzipped safetensors fixture; each getter throws when the tensor is missing or of another type. */
export async function goldenTensors(name: string): Promise<Golden> {
  const { tensors } = parseSafetensors(await readFixture(`eval/${name}.safetensors.gz`));
  const tensor = (key: string, dtype: SafetensorsDType): SafetensorsTensor => {
    const found = tensors.get(key);
    if (found?.dtype !== dtype)
      throw new Error(`${name}: '${key}' is ${found?.dtype ?? 'missing'}, wanted ${dtype}`);
    return found;
  };
  return {
    keys: [...tensors.keys()],
    shape: (key) => tensors.get(key)?.shape ?? [],
    floats: (key) => toFloat32(tensor(key, 'F32')),
    doubles: (key) => toFloat64(tensor(key, 'F64')),
    bytes: (key) => toUint8(tensor(key, 'U8')),
    integers: (key) => Int32Array.from(toFloat64(tensor(key, 'I32'))),
  };
}

/** Bits of numpy.packbits as bytes 0 and 1. */
export function unpackBits(packed: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: packed.length * 8 },
    (_, i) => ((packed[i >> 3] ?? 0) >> (7 - (i & 7))) & 1,
  );
}

/**
 * Counts the bytes of every typed array and buffer that is made in this thread from here on, those that are thrown away at once too. To be
 * called before the code that is to be counted is imported: `node:` functions are replaced where they are exported.
 */
import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';

export interface Ledger {
  bytes: number;
}

type Constructor = (abstract new (...values: never[]) => object) & { readonly BYTES_PER_ELEMENT?: number };

const COUNTED = [
  ...['ArrayBuffer', 'Uint8Array', 'Uint8ClampedArray', 'Int8Array', 'Uint16Array', 'Int16Array'],
  ...['Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array', 'BigUint64Array', 'BigInt64Array'],
];

function lengthOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null || 'byteLength' in value !== ArrayBuffer.isView(value))
    return 0;
  return 'length' in value ? Number(value.length) : 0;
}

export function countAllocations(): Ledger {
  const ledger: Ledger = { bytes: 0 };
  for (const name of COUNTED) {
    const original = Reflect.get(globalThis, name) as Constructor;
    const size = original.BYTES_PER_ELEMENT ?? 1;
    const counting: Constructor = new Proxy(original, {
      construct(target, values: unknown[], newTarget) {
        ledger.bytes += lengthOf(values[0]) * size;
        return Reflect.construct(target, values, newTarget === counting ? target : newTarget) as object;
      },
    });
    Reflect.set(globalThis, name, counting);
    // `slice` and the like make what their array's constructor makes.
    Reflect.set(Reflect.get(original, 'prototype') as object, 'constructor', counting);
  }
  const counted =
    <Values extends unknown[], Result extends Uint8Array>(make: (...values: Values) => Result) =>
    (...values: Values): Result => {
      const made = make(...values);
      ledger.bytes += made.length;
      return made;
    };
  Buffer.concat = counted(Buffer.concat.bind(Buffer));
  Buffer.alloc = counted(Buffer.alloc.bind(Buffer));
  zlib.inflateSync = counted(zlib.inflateSync);
  syncBuiltinESMExports();
  return ledger;
}

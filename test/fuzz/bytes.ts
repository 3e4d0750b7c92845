/** Damages bytes anywhere, knowing nothing of what they mean. */
import type { Random } from './chance.ts';
import { EDGES, pick } from './chance.ts';

/** Opcodes of pickle, also such as torch.save never writes. */
const OPCODES = [...new TextEncoder().encode('.N}])(tuesabRQcqrhjKJMGXUTCBi02lIFVSdgp')].concat([
  0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94,
  0x95, 0x96,
]);

export const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** One damage; `donor` is another file, of which pieces may be put in. */
export function mutateBytes(bytes: Uint8Array, random: Random, donor: Uint8Array): Uint8Array {
  const at = random(bytes.length + 1);
  const length = random(random(4) === 0 ? 1000 : 12);
  const head = bytes.subarray(0, at);
  switch (random(8)) {
    case 0: {
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
      return copy;
    }
    case 1: {
      const copy = bytes.slice();
      copy[at] = random(2) === 0 ? random(256) : pick(random, OPCODES);
      return copy;
    }
    case 2:
      return head.slice();
    case 3:
      return join(head, bytes.subarray(at + length));
    case 4: {
      const from = random(bytes.length);
      return join(head, bytes.subarray(from, from + length), bytes.subarray(at));
    }
    case 5: {
      const from = random(donor.length);
      return join(
        head,
        donor.subarray(from, from + length),
        bytes.subarray(at + (random(2) === 0 ? length : 0)),
      );
    }
    case 6: {
      const width = pick(random, [1, 2, 4, 8]);
      return join(head, edge(random, width, true), bytes.subarray(at + width));
    }
    default: {
      const opcodes = Uint8Array.from({ length }, () => pick(random, OPCODES));
      return join(head, opcodes, bytes.subarray(at));
    }
  }
}

/** A few damages, mostly one. */
export function mutateMany(bytes: Uint8Array, random: Random, donor: Uint8Array): Uint8Array {
  let result = bytes;
  for (let left = random(3) === 0 ? 1 + random(6) : 1; left > 0; left -= 1)
    result = mutateBytes(result, random, donor);
  return result;
}

/** One of EDGES, or something near it, in so many bytes. */
export function edge(random: Random, width: number, littleEndian: boolean): Uint8Array {
  const field = new Uint8Array(8);
  const near = BigInt(random(4) === 0 ? random(5) - 2 : 0);
  new DataView(field.buffer).setBigUint64(0, BigInt.asUintN(64, pick(random, EDGES) + near), true);
  const bytes = field.slice(0, width);
  return littleEndian ? bytes : bytes.toReversed();
}

/** The bytes with others in place of some. */
export function patched(bytes: Uint8Array, at: number, field: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(field.subarray(0, Math.max(0, copy.length - at)), Math.min(at, copy.length));
  return copy;
}

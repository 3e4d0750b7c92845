/** Damages valid files of weights, by chance but reproducibly: bytes anywhere, and the insides of containers that stay whole around them. */
import { writeZip } from '../../../src/model/files/zip_writer.ts';
import { bytesSource } from '../../../src/model/files/byte_source.ts';
import { readZip } from '../../../src/model/files/zip.ts';
import type { ZipContent } from '../../../src/model/files/zip_writer.ts';

/** A whole number from 0 to below the limit. */
export type Random = (limit: number) => number;

/** Values at which sizes overflow, change sign or stop being exact. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Opcodes of pickle, also such as torch.save never writes. */
const OPCODES = [...new TextEncoder().encode('.N}])(tuesabRQcqrhjKJMGXUTCBi02lIFVSdgp')].concat([
  0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94,
  0x95, 0x96,
]);

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** One damage to bytes. */
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
      copy[at] = random(2) === 0 ? random(256) : (OPCODES[random(OPCODES.length)] ?? 0);
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
      const width = [1, 2, 4, 8][random(4)] ?? 4;
      const field = new DataView(new ArrayBuffer(8));
      field.setBigUint64(0, EDGES[random(EDGES.length)] ?? 0n, true);
      return join(head, new Uint8Array(field.buffer, 0, width), bytes.subarray(at + width));
    }
    default: {
      const opcodes = Uint8Array.from({ length }, () => OPCODES[random(OPCODES.length)] ?? 0);
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

/** The contents of an archive, to be damaged one by one. */
export async function unzip(bytes: Uint8Array): Promise<ZipContent[]> {
  const entries = await readZip(bytesSource(bytes));
  return Promise.all(
    Array.from(entries.values(), async (entry) => ({
      name: entry.name,
      bytes: await entry.read(0, entry.size),
    })),
  );
}

/** A whole archive around a damaged pickle, so that the damage reaches the machine that reads it. */
export function mutateZipped(contents: readonly ZipContent[], random: Random, donor: Uint8Array): Uint8Array {
  return join(
    ...writeZip(
      contents.map(({ name, bytes }) => ({
        name,
        bytes: name.endsWith('data.pkl') || random(20) === 0 ? mutateMany(bytes, random, donor) : bytes,
      })),
    ),
  );
}

/** A safetensors file whose header is damaged and its length set right. */
export function mutateHeader(bytes: Uint8Array, random: Random, donor: Uint8Array): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  let header = bytes.subarray(8, 8 + length);
  if (random(2) === 0) {
    header = mutateMany(header, random, donor);
  } else {
    // Another number in place of one: that stays JSON.
    const text = new TextDecoder().decode(header);
    const numbers = [...text.matchAll(/\d+/g)];
    const chosen = numbers[random(numbers.length)];
    const number = String(EDGES[random(EDGES.length)] ?? 0n);
    if (chosen !== undefined)
      header = new TextEncoder().encode(
        text.slice(0, chosen.index) + number + text.slice(chosen.index + chosen[0].length),
      );
  }
  const field = new DataView(new ArrayBuffer(8));
  field.setBigUint64(0, BigInt(header.length), true);
  return join(new Uint8Array(field.buffer), header, bytes.subarray(8 + length));
}

/** Damages PNG files chunk by chunk: their checksums, and what is packed in them, stay right. */
import type { Random } from './chance.ts';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { edge, join, mutateMany, patched } from './bytes.ts';
import { pick } from './chance.ts';

interface Chunk {
  readonly type: string;
  readonly body: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const TYPES = ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'eXIf', 'tEXt', 'acTL', '\0\0\0\0'];

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const chunks: Chunk[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, body: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

function write({ type, body }: Chunk): Uint8Array {
  const head = Buffer.from(`0000${type}`, 'latin1');
  head.writeUInt32BE(body.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body, crc32(head.subarray(4))));
  return join(head, body, sum);
}

function mutateHeader(body: Uint8Array, random: Random): Uint8Array {
  switch (random(4)) {
    case 0:
      return patched(body, pick(random, [0, 4]), edge(random, 4, false));
    case 1:
      return patched(body, pick(random, [3, 7]), Uint8Array.of(random(256)));
    case 2:
      return patched(body, pick(random, [8, 9]), Uint8Array.of(pick(random, [0, 1, 2, 3, 4, 6, 8, 16])));
    default:
      return patched(body, 8 + random(5), Uint8Array.of(random(4)));
  }
}

/** The scan lines unpacked, damaged and packed again, now and then as zeros without end. */
function mutateData(body: Uint8Array, random: Random): Uint8Array {
  let lines: Uint8Array;
  try {
    lines = inflateSync(body);
  } catch {
    // One of several pieces.
    return mutateMany(body, random, body);
  }
  if (random(30) === 0) return deflateSync(new Uint8Array(random(3_000_000)));
  return deflateSync(mutateMany(lines, random, body));
}

function mutateChunk({ type, body }: Chunk, random: Random): Chunk {
  if (random(6) === 0) return { type: pick(random, TYPES), body };
  if (random(6) === 0) return { type, body: mutateMany(body, random, body) };
  if (type === 'IHDR') return { type, body: mutateHeader(body, random) };
  return {
    type,
    body: type === 'IDAT' ? mutateData(body, random) : body.subarray(0, random(body.length + 1)),
  };
}

/** A few damages to chunks, mostly one. */
export function mutatePng(bytes: Uint8Array, random: Random): Uint8Array {
  const chunks = chunksOf(bytes);
  for (let left = random(3) === 0 ? 1 + random(4) : 1; left > 0; left -= 1) {
    const at = random(chunks.length);
    const chunk = chunks[at];
    if (chunk === undefined) continue;
    switch (random(8)) {
      case 0:
        chunks.splice(at, 1);
        break;
      case 1:
        chunks.splice(random(chunks.length), 0, chunk);
        break;
      case 2:
        chunks.splice(at, 0, { type: 'eXIf', body: exif(random) });
        break;
      default:
        chunks[at] = mutateChunk(chunk, random);
    }
  }
  return join(SIGNATURE, ...chunks.map(write));
}

/** A TIFF block with one entry, some numbers of which are edges. */
export function exif(random: Random): Uint8Array {
  const little = random(2) === 0;
  const block = Uint8Array.from(
    little
      ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, random(10), 0, 0, 0]
      : [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, random(10), 0, 0],
  );
  if (random(2) === 0) return block;
  const [at = 0, width = 2] = pick(random, [
    [4, 4],
    [8, 2],
    [10, 2],
    [18, 2],
  ]);
  return patched(block, at, edge(random, width, little)).subarray(0, 14 + random(20));
}

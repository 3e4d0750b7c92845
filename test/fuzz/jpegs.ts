/** Damages JPEG files segment by segment: frames, tables and scans that are whole and contradict each other. */
import type { Random } from './chance.ts';
import { edge, join, mutateMany, patched } from './bytes.ts';
import { exif } from './pngs.ts';
import { pick } from './chance.ts';

interface Segment {
  readonly marker: number;
  readonly body: Uint8Array;
  /** Of a scan: its entropy-coded bits, with their restart markers. */
  readonly data: Uint8Array;
}

const NOTHING = new Uint8Array();
const END: Segment = { marker: 0xd9, body: NOTHING, data: NOTHING };

function segmentsOf(bytes: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at + 1] !== 0xd9;) {
    const marker = bytes[at + 1] ?? 0;
    const end = at + 2 + ((bytes[at + 2] ?? 0) << 8) + (bytes[at + 3] ?? 0);
    let next = end;
    if (marker === 0xda) while (next < bytes.length && !isMarker(bytes, next)) next += 1;
    segments.push({ marker, body: bytes.slice(at + 4, end), data: bytes.slice(end, next) });
    at = next;
  }
  return segments;
}

function isMarker(bytes: Uint8Array, at: number): boolean {
  const code = bytes[at + 1] ?? 0;
  return bytes[at] === 0xff && code !== 0 && code !== 0xff && !(code >= 0xd0 && code <= 0xd7);
}

function write({ marker, body, data }: Segment): Uint8Array {
  if (marker === 0xd9) return Uint8Array.of(0xff, 0xd9);
  const length = Math.min(body.length, 65_533);
  return join(
    Uint8Array.of(0xff, marker, (length + 2) >> 8, (length + 2) & 255),
    body.subarray(0, length),
    data,
  );
}

function mutateFrame(body: Uint8Array, random: Random): Uint8Array {
  const components = body[5] ?? 1;
  switch (random(6)) {
    case 0:
      return patched(body, pick(random, [1, 3]), edge(random, 2, false));
    case 4:
      return patched(
        body,
        1,
        Uint8Array.from({ length: 4 }, (_, index) => random(index % 2 === 0 ? 40 : 256)),
      );
    case 1:
      return patched(body, pick(random, [2, 4]), Uint8Array.of(random(256)));
    case 2:
      return patched(
        body,
        7 + 3 * random(components),
        Uint8Array.of(((1 + random(4)) << 4) | (1 + random(4))),
      );
    case 3:
      return patched(body, 6 + random(3 * components), Uint8Array.of(random(4)));
    default:
      return patched(body, 5, Uint8Array.of(random(6)));
  }
}

/** Numbers of codes by length, which must not be more than bits allow, or the symbols. */
function mutateHuffman(body: Uint8Array, random: Random): Uint8Array {
  if (random(3) === 0) return patched(body, 17 + random(body.length - 17), Uint8Array.of(random(256)));
  const at = 1 + random(16);
  const count = (body[at] ?? 0) + (random(2) === 0 ? 1 : -1);
  const symbols = count > (body[at] ?? 0) ? Uint8Array.of(random(256)) : NOTHING;
  return join(
    patched(body, at, Uint8Array.of(count)).subarray(0, body.length - (symbols.length === 0 ? 1 : 0)),
    symbols,
  );
}

function mutateScan({ marker, body, data }: Segment, random: Random): Segment {
  switch (random(6)) {
    case 0:
      // Spectral selection and successive approximation.
      return {
        marker,
        body: patched(
          body,
          body.length - 3 + random(3),
          Uint8Array.of(pick(random, [0, 1, 5, 63, 64, 0x10, 0x21, 0xd0, 0xff])),
        ),
        data,
      };
    case 1:
      return {
        marker,
        body: patched(body, random(body.length), Uint8Array.of(pick(random, [0, 1, 2, 3, 0x11, 0x22]))),
        data,
      };
    case 2:
      return { marker, body, data: data.subarray(0, random(data.length + 1)) };
    case 3:
      return {
        marker,
        body,
        data: join(data.subarray(0, random(data.length)), Uint8Array.of(0xff, 0xd0 + random(8)), data),
      };
    default:
      return { marker, body, data: mutateMany(data, random, data) };
  }
}

function mutateSegment(segment: Segment, random: Random): Segment {
  const { marker, body, data } = segment;
  if (random(10) === 0) return { marker, body: mutateMany(body, random, body), data };
  if (marker >= 0xc0 && marker <= 0xc2) {
    if (random(8) === 0) return { marker: 0xc0 + random(3), body, data };
    return { marker, body: mutateFrame(body, random), data };
  }
  if (marker === 0xc4) return { marker, body: mutateHuffman(body, random), data };
  if (marker === 0xda) return mutateScan(segment, random);
  return { marker, body: patched(body, random(body.length), Uint8Array.of(random(256))), data };
}

/** A few damages to segments, mostly one; segments of `donor` may be put in. */
export function mutateJpeg(bytes: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  const segments = segmentsOf(bytes);
  const frame = segments.findIndex(({ marker }) => marker >= 0xc0 && marker <= 0xc2);
  for (let left = random(3) === 0 ? 1 + random(4) : 1; left > 0; left -= 1) {
    const at = random(5) === 0 ? Math.max(frame, 0) : random(segments.length);
    const segment = segments[at];
    if (segment === undefined) continue;
    switch (random(10)) {
      case 0:
        segments.splice(at, 1);
        break;
      case 1:
        segments.splice(random(segments.length), 0, segment);
        break;
      case 2:
        segments.splice(at, 0, pick(random, segmentsOf(donor)));
        break;
      case 3:
        segments.splice(at, 0, {
          marker: 0xe1,
          body: join(new TextEncoder().encode('Exif\0\0'), exif(random)),
          data: NOTHING,
        });
        break;
      case 4:
        // A restart interval, and scans without data over and over.
        segments.splice(at, 0, { marker: 0xdd, body: edge(random, 2, false), data: NOTHING });
        if (random(4) === 0 && segment.marker === 0xda)
          for (let copies = random(200); copies > 0; copies -= 1)
            segments.push({ ...segment, data: NOTHING });
        break;
      default:
        segments[at] = mutateSegment(segment, random);
    }
  }
  return join(Uint8Array.of(0xff, 0xd8), ...segments.map(write), ...(random(20) === 0 ? [] : [write(END)]));
}

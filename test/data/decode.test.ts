import { readdirSync, readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { BitReader } from '../../src/data/jpeg/bits.ts';
import { describe, expect, test, vi } from 'vitest';
import { decodeImage, decodePlane, inspectImage, readImage } from '../../src/data/decode.node.ts';
import { encodePlanePng, encodePng } from '../../src/data/png/png.node.ts';

const fixtures = new URL('../fixtures/', import.meta.url);
const bytesOf = (path: string): Uint8Array => readFileSync(new URL(path, fixtures));
const filesIn = (folder: string, end: string): readonly string[] =>
  readdirSync(new URL(folder, fixtures)).filter((name) => name.endsWith(end));

function chunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  const content = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(content));
  return Buffer.concat([head, content, tail]);
}

/** A PNG from raw scan lines (each with its filter byte). */
function makePng(
  width: number,
  height: number,
  depth: number,
  colorType: number,
  lines: readonly number[],
  extra: Buffer[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = colorType;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = chunk('IDAT', deflateSync(Uint8Array.from(lines)));
  return Buffer.concat([signature, chunk('IHDR', header), ...extra, data, chunk('IEND', new Uint8Array())]);
}

const noise = Uint8Array.from({ length: 16 * 16 * 3 }, (_, index) => (index * 7919) & 255);

describe('PNG as Pillow converts it to RGB', () => {
  const cases: readonly [string, Buffer, readonly number[]][] = [
    ['RGB', makePng(2, 1, 8, 2, [0, 1, 2, 3, 250, 251, 252]), [1, 2, 3, 250, 251, 252]],
    ['RGBA: alpha is dropped, not blended', makePng(1, 1, 8, 6, [0, 9, 8, 7, 0]), [9, 8, 7]],
    ['grey', makePng(2, 1, 8, 0, [0, 5, 200]), [5, 5, 5, 200, 200, 200]],
    ['grey and alpha', makePng(1, 1, 8, 4, [0, 77, 3]), [77, 77, 77]],
    ['1-bit grey', makePng(3, 1, 1, 0, [0, 0b10100000]), [255, 255, 255, 0, 0, 0, 255, 255, 255]],
    ['4-bit grey', makePng(2, 1, 4, 0, [0, 0x1f]), [17, 17, 17, 255, 255, 255]],
    [
      '16-bit grey saturates',
      makePng(3, 1, 16, 0, [0, 0x01, 0x00, 0x00, 0xfe, 0x00, 0x00]),
      [255, 255, 255, 254, 254, 254, 0, 0, 0],
    ],
    ['16-bit RGB', makePng(1, 1, 16, 2, [0, 1, 255, 2, 255, 3, 255]), [1, 2, 3]],
    [
      'palette with transparency',
      makePng(
        2,
        1,
        8,
        3,
        [0, 1, 0],
        [chunk('PLTE', Uint8Array.of(10, 20, 30, 40, 50, 60)), chunk('tRNS', Uint8Array.of(0, 0))],
      ),
      [40, 50, 60, 10, 20, 30],
    ],
    [
      'a transparent colour keeps its colour',
      makePng(1, 1, 8, 2, [0, 9, 8, 7], [chunk('tRNS', Uint8Array.of(0, 9, 0, 8, 0, 7))]),
      [9, 8, 7],
    ],
  ];
  test.each(cases)('%s', (_, file, expected) => {
    expect([...decodeImage(file, 'x.png').data]).toEqual(expected);
  });

  test('encode and decode give the same bytes back', () => {
    const image = { width: 16, height: 16, data: noise };
    expect(decodeImage(encodePng(image), 'x')).toEqual(image);
    const plane = { width: 48, height: 16, data: noise };
    expect(decodePlane(encodePlanePng(plane), 'x')).toEqual(plane);
    expect(() => encodePng({ width: 3, height: 3, data: noise })).toThrow(/768 bytes, expected 3x3x3/);
  });
});

describe('PNG files of every colour type, depth and interlace are what Pillow 9.4 makes of them', () => {
  const expected = JSON.parse(readFileSync(new URL('images/png/expected.json', fixtures), 'utf8')) as Record<
    string,
    string
  >;
  test.each(Object.entries(expected))('%s', (name, rgb) => {
    expect(Buffer.from(decodeImage(bytesOf(`images/png/${name}`), name).data).toString('base64')).toBe(rgb);
  });
});

describe('JPEG files are what Pillow 9.4 on libjpeg-turbo 2.1.5 makes of them, bit for bit', () => {
  const names = filesIn('images/jpeg', '.jpg').filter((name) => name !== 'arithmetic.jpg');
  test('all of them are there', () => {
    expect(names).toHaveLength(29);
  });
  test.each(names)('%s', (name) => {
    const image = decodeImage(bytesOf(`images/jpeg/${name}`), name);
    const expected = decodeImage(bytesOf(`images/jpeg/${name.replace('.jpg', '.png')}`), name);
    expect([image.width, image.height]).toEqual([expected.width, expected.height]);
    expect(Buffer.compare(image.data, expected.data)).toBe(0);
    expect(inspectImage(bytesOf(`images/jpeg/${name}`), name)).toEqual({
      format: 'jpeg',
      width: expected.width,
      height: expected.height,
    });
  });

  test('entropy-coded data that end before the end-of-image marker leave the rest grey', () => {
    const file = bytesOf('images/jpeg/q100.jpg');
    const whole = decodeImage(file, 'x').data;
    const cut = decodeImage(Buffer.concat([file.subarray(0, 2000), Uint8Array.of(0xff, 0xd9)]), 'x').data;
    expect(Buffer.compare(cut.subarray(0, 37 * 3), whole.subarray(0, 37 * 3))).toBe(0);
    // Y, Cb and Cr of 128.
    expect([...cut.subarray(-3)]).toEqual([128, 128, 128]);
  });

  test('rubbish before a marker is passed over', () => {
    const file = bytesOf('images/jpeg/s420.jpg');
    const frame = Buffer.from(file).indexOf(Buffer.from([0xff, 0xc0]));
    const padded = Buffer.concat([
      file.subarray(0, frame),
      Uint8Array.of(1, 2, 0, 0xff, 0xff),
      file.subarray(frame),
    ]);
    expect(decodeImage(padded, 'x')).toEqual(decodeImage(file, 'x'));
  });

  test('a marker of JFIF outweighs one of Adobe, as in libjpeg', () => {
    const file = bytesOf('images/jpeg/s444.jpg');
    const adobe = Buffer.from([0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 0]);
    const marked = Buffer.concat([file.subarray(0, 2), adobe, file.subarray(2)]);
    expect(decodeImage(marked, 'x')).toEqual(decodeImage(file, 'x'));
  });
});

describe('the EXIF orientation', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    '%i is ignored by default, as by convert, and applied as exif_transpose',
    (orientation) => {
      const file = bytesOf(`images/orientation/${orientation}.jpg`);
      const upright = decodeImage(bytesOf(`images/orientation/${orientation}.upright.png`), 'x');
      expect(decodeImage(file, 'x', { applyOrientation: true })).toEqual(upright);
      expect(decodeImage(file, 'x').width).toBe(16);
    },
  );
});

describe('broken input gives one clear error', () => {
  const png = Buffer.from(encodePng({ width: 16, height: 16, data: noise }));
  const jpeg = readFileSync(
    new URL('../fixtures/cub_tiny/images/001.Synthetic_Bird_A/Synthetic_0001_1.jpg', import.meta.url),
  );
  const huge = makePng(20000, 20000, 8, 2, [0]);
  const hugeJpeg = Buffer.from(jpeg);
  const frame = hugeJpeg.indexOf(Buffer.from([0xff, 0xc0]));
  hugeJpeg.writeUInt16BE(60000, frame + 5);
  hugeJpeg.writeUInt16BE(60000, frame + 7);
  const flipped = Buffer.from(png);
  flipped[60] = (flipped[60] ?? 0) ^ 0xff;

  test.each([
    ['empty', new Uint8Array(), /the file is empty/],
    ['text', Buffer.from('hello'), /neither a PNG nor a JPEG/],
    ['PNG signature only', png.subarray(0, 8), /truncated/],
    ['PNG cut in half', png.subarray(0, png.length >> 1), /truncated/],
    ['PNG with a wrong byte', flipped, /cannot decode/],
    ['PNG with missing rows', makePng(4, 4, 8, 2, [0, 1, 2, 3]), /cannot decode/],
    ['PNG of 400 megapixels', huge, /20000x20000 pixels are more than 100000000/],
    ['JPEG start only', jpeg.subarray(0, 2), /no frame header/],
    ['JPEG cut in half', jpeg.subarray(0, jpeg.length >> 1), /truncated/],
    ['JPEG of 3600 megapixels', hugeJpeg, /60000x60000/],
    ['GIF', Buffer.from('GIF89a0000'), /GIF is not read: neither a PNG nor a JPEG/],
    ['a page that was saved for a picture', Buffer.from('<html>'), /HTML page or XML is not read/],
    [
      'arithmetic-coded JPEG',
      bytesOf('images/jpeg/arithmetic.jpg'),
      /arithmetic-coded JPEG is not supported/,
    ],
    ['a PNG with 3 bits a sample', makePng(4, 1, 3, 0, [0, 1, 2]), /3 bits a sample does not exist/],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeImage(bytes, 'folder/bird.png')).toThrow(message);
    expect(() => decodeImage(bytes, 'folder/bird.png')).toThrow(
      /^folder\/bird.png: cannot decode the image: /,
    );
  });

  /** A progressive file of so many pixels a side, an end after every block, and the same scan without data over and over. */
  const emptyScans = (side: number, scans: number): Buffer => {
    const size = [side >> 8, side & 255];
    const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0];
    return Buffer.from([
      ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...Array<number>(64).fill(1)],
      ...[0xff, 0xc2, 0, 11, 8, ...size, ...size, 1, 1, 0x11, 0],
      // One code, of one bit.
      ...[0xff, 0xc4, 0, 20, 0, 1, ...Array<number>(15).fill(0), 0],
      ...[0xff, 0xdd, 0, 4, 0, 1],
      ...Array.from({ length: scans }, () => scan).flat(),
      ...[0xff, 0xd9],
    ]);
  };

  test('a JPEG of scans without end is refused, and a scan without data is searched for a marker once', () => {
    expect(() => decodeImage(emptyScans(8, 501), 'scans.jpg')).toThrow('more than 500 scans');
    const searches = vi.spyOn(BitReader.prototype, 'standBefore');
    expect(decodeImage(emptyScans(160, 50), 'scans.jpg').width).toBe(160);
    // Not for each of the 400 blocks.
    expect(searches).toHaveBeenCalledTimes(50);
    searches.mockRestore();
  });

  test('every cut of a PNG and of a JPEG either throws ImageDecodeError or decodes', () => {
    for (const bytes of [png, jpeg]) {
      for (let end = 0; end < bytes.length; end += 97) {
        expect(() => decodeImage(bytes.subarray(0, end), 'x')).toThrow(
          expect.objectContaining({ name: 'ImageDecodeError' }),
        );
      }
    }
  });

  test('a file that does not exist', async () => {
    await expect(readImage('/nowhere/bird.png')).rejects.toThrow(/\/nowhere\/bird.png: ENOENT/);
  });
});

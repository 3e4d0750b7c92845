import { describe, expect, test } from 'vitest';
import {
  crc32c,
  fileVersionRecord,
  maskedCrc32c,
  scalarsRecord,
  sessionStartRecord,
  tfRecord,
} from '../../src/train/event_records.ts';
import { EventFile } from '../../src/train/event_file.node.ts';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shownScalars, readEvents } from './read_events.ts';
import { tmpdir } from 'node:os';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('CRC-32C', () => {
  // RFC 3720, B.4, and the check value of the catalogue of CRCs for "123456789".
  test.each([
    ['32 bytes of zeroes', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 bytes that rise', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['32 bytes that fall', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['123456789', ascii('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('%s', (_, bytes, crc) => expect(crc32c(bytes)).toBe(crc));

  test('the mask turns by 15 bits and adds', () => {
    // 0xe3069283 turned right by 15 bits is 0x2507c60d.
    expect(maskedCrc32c(ascii('123456789'))).toBe((0x2507c60d + 0xa282ead8) >>> 0);
  });
});

describe('records', () => {
  test('the version record is byte for byte what TensorFlow writes', () => {
    // 1 is a double of 0x3ff0...; fields 1 (fixed64), 2 (varint) and 3 (bytes).
    const event = `09000000000000f03f1000${hex(Uint8Array.of(0x1a, 13))}${hex(ascii('brain.Event:2'))}`;
    expect(hex(fileVersionRecord(1))).toBe(hex(tfRecord(Buffer.from(event, 'hex'))));
    expect(hex(tfRecord(ascii('ab'))).slice(0, 16)).toBe('0200000000000000');
  });

  test('are read back by their grammar', () => {
    const records = [
      fileVersionRecord(12.5),
      sessionStartRecord(13, 300),
      scalarsRecord(14, 2 ** 33 + 5, { 'train/loss': 0.5, 'train/accuracy': 1 }),
    ];
    const events = readEvents(Buffer.concat(records));
    expect(events.map(({ wallTime, step }) => [wallTime, step])).toEqual([
      [12.5, 0],
      [13, 300],
      [14, 2 ** 33 + 5],
    ]);
    expect(events[0]?.fileVersion).toBe('brain.Event:2');
    expect(events[1]?.sessionStatus).toBe(1);
    expect(events[2]?.scalars).toEqual({ 'train/loss': 0.5, 'train/accuracy': 1 });
  });

  test('a flipped bit is noticed', () => {
    const bytes = scalarsRecord(14, 3, { loss: 0.5 });
    for (const place of [0, 9, 14, bytes.length - 1]) {
      const wrong = bytes.slice();
      wrong[place] = (wrong[place] ?? 0) ^ 4;
      expect(() => readEvents(wrong), `byte ${place}`).toThrow(/CRC/);
    }
  });
});

test('files of a folder follow one another, and a restart voids what is done again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'calm-events-'));
  try {
    const first = new EventFile(folder, 1);
    first.addText(0, 'options', 'batch: 8');
    for (const step of [1, 2, 3, 4]) first.addScalars(step, { loss: step });
    // Cut short, as by a power cut.
    const bytes = await readFile(first.path);
    await writeFile(first.path, bytes.subarray(0, -3));
    // Within the same second.
    const second = new EventFile(folder, 3);
    for (const step of [3, 4]) second.addScalars(step, { loss: 10 * step });
    const third = new EventFile(folder, 5);
    third.addScalars(5, { loss: 50 });
    const names = (await readdir(folder)).toSorted();
    expect(names.map((name) => join(folder, name))).toEqual([first.path, second.path, third.path]);
    for (const name of names) expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\./);
    expect(await shownScalars(folder)).toEqual({
      loss: [
        [1, 1],
        [2, 2],
        [3, 30],
        [4, 40],
        [5, 50],
      ],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

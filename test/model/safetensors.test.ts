import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.node.ts';
import {
  encodeTensor,
  parseSafetensors,
  SafetensorsError,
  serializeSafetensors,
  toFloat32,
  toFloat64,
  toInt32,
  toUint8,
} from '../../src/model/safetensors.ts';

// Written by NumPy (conversions to half precision included) in the sorted order that serializeSafetensors promises.
const golden = join(import.meta.dirname, '..', 'fixtures', 'safetensors', 'numpy.safetensors');

/** A file with any header text and this many bytes of zeros. */
function file(header: string, dataLength = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

/** A header with one tensor, x. */
function entry(dtype: unknown, shape: unknown, offsets: unknown): string {
  return JSON.stringify({ x: { dtype, shape, data_offsets: offsets } });
}

function get<T>(map: Map<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`the file has no ${name}`);
  return value;
}

describe('a file of another writer', () => {
  test('gives its tensors and metadata', async () => {
    const { tensors, metadata } = await readSafetensors(golden);
    expect(Object.fromEntries(metadata)).toEqual({ maker: 'numpy', note: 'a "quoted" ünïcode note' });
    expect([...tensors.keys()]).toEqual([
      'count.i64',
      'floats.f64',
      'empty.f32',
      'floats.f32',
      'labels.i32',
      'floats.bf16',
      'floats.f16',
      'mask.u8',
    ]);
    expect(get(tensors, 'labels.i32').shape).toEqual([2, 2]);
    expect([...toInt32(get(tensors, 'labels.i32'))]).toEqual([1, -2, 3, 2 ** 31 - 1]);
    expect(get(tensors, 'count.i64').shape).toEqual([]);
    expect([...toFloat64(get(tensors, 'count.i64'))]).toEqual([2 ** 40 + 3]);
    expect([...toUint8(get(tensors, 'mask.u8'))]).toEqual([0, 1, 2, 3, 4]);
    expect(get(tensors, 'empty.f32').shape).toEqual([0, 3]);
    expect([...toFloat64(get(tensors, 'floats.f32'))]).toEqual([...toFloat64(get(tensors, 'floats.f64'))]);
    expect([...toFloat32(get(tensors, 'floats.f64'))]).toEqual([...toFloat32(get(tensors, 'floats.f32'))]);
  });

  test('is what we write, bit for bit, with our own rounding to half precision', async () => {
    const { tensors, metadata } = await readSafetensors(golden);
    const floats = toFloat32(get(tensors, 'floats.f32'));
    const shape = [floats.length];
    const again = new Map(tensors);
    again.set('floats.f16', encodeTensor(floats, shape, 'F16'));
    again.set('floats.bf16', encodeTensor(floats, shape, 'BF16'));
    const shuffled = [...again].toSorted(([first], [second]) => (first < second ? -1 : 1));
    expect(serializeSafetensors(shuffled, metadata)).toEqual(new Uint8Array(await readFile(golden)));
  });
});

describe('half precision', () => {
  test('every float16 and bfloat16 survives widening and narrowing', () => {
    const patterns = Uint16Array.from({ length: 65_536 }, (_, index) => index);
    for (const [dtype, quiet, infinity] of [
      ['F16', 0x0200, 0x7c00],
      ['BF16', 0x0040, 0x7f80],
    ] as const) {
      const bytes = new Uint8Array(patterns.buffer);
      const values = toFloat32({ dtype, shape: [65_536], bytes });
      const again = encodeTensor(values, [65_536], dtype).bytes;
      const result = new Uint16Array(new Uint8Array(again).buffer);
      for (const [index, pattern] of patterns.entries()) {
        // A signalling NaN may become quiet, and float16's NaN payload is not kept.
        if ((pattern & 0x7fff) > infinity)
          expect((result[index] ?? 0) & (infinity | quiet)).toBe(infinity | quiet);
        else expect(result[index]).toBe(pattern);
      }
    }
  });

  test('narrowing goes to the nearest neighbour, ties to even, over the whole range', () => {
    const bits = Uint16Array.from({ length: 0x7c00 }, (_, index) => index);
    const grid = toFloat32({ dtype: 'F16', shape: [bits.length], bytes: new Uint8Array(bits.buffer) });
    const middles = Float32Array.from(grid.subarray(1), (value, index) => (value + (grid[index] ?? 0)) / 2);
    const narrowed = new Uint16Array(
      new Uint8Array(encodeTensor(middles, [middles.length], 'F16').bytes).buffer,
    );
    for (const [index, pattern] of narrowed.entries()) expect(pattern).toBe(index + (index % 2));
  });
});

describe('values', () => {
  test('do not need an aligned file', () => {
    const bytes = serializeSafetensors([['x', encodeTensor(Float32Array.of(1, 2, 3), [3])]]);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const { tensors } = parseSafetensors(shifted.subarray(1));
    expect([...toFloat32(get(tensors, 'x'))]).toEqual([1, 2, 3]);
  });

  test('of the wrong type are refused', () => {
    const float = encodeTensor(Float32Array.of(1), [1]);
    const integer = encodeTensor(Int32Array.of(1), [1]);
    const long = encodeTensor(BigInt64Array.of(2n ** 60n), []);
    expect(() => toFloat32(integer)).toThrow('toFloat32: tensor is I32, wanted F32, F16, BF16 or F64');
    expect(() => toInt32(float)).toThrow('toInt32: tensor is F32, wanted an integer type');
    expect(() => toUint8(integer)).toThrow('toUint8: tensor is I32, wanted U8 or BOOL');
    expect(() => toFloat64(long)).toThrow('toFloat64: value 1152921504606846976 is beyond');
    expect(() => toInt32(encodeTensor(Uint32Array.of(2 ** 31), []))).toThrow(
      'value 2147483648 does not fit 32 bits',
    );
    expect(() => encodeTensor(Float32Array.of(1), [2])).toThrow(
      'values has 1 elements, wanted 2 for shape [2]',
    );
    expect(() => encodeTensor(Int32Array.of(1), [1], 'F16')).toThrow(
      'Int32Array, which cannot be stored as F16',
    );
  });
});

describe('serializeSafetensors', () => {
  test('aligns every tensor to its elements', () => {
    const names = ['b', 'a', 'long.name.of.a.tensor'];
    const tensors = names.flatMap((name) => [
      [`${name}.u8`, encodeTensor(Uint8Array.of(1, 2, 3), [3])] as const,
      [`${name}.f32`, encodeTensor(Float32Array.of(1), [1])] as const,
      [`${name}.f16`, encodeTensor(Float32Array.of(1, 2, 3), [3], 'F16')] as const,
      [`${name}.f64`, encodeTensor(Float64Array.of(1), [])] as const,
    ]);
    const file = serializeSafetensors(tensors);
    for (const [name, { bytes, shape }] of parseSafetensors(file).tensors) {
      const count = shape.reduce((product, size) => product * size, 1);
      expect(bytes.byteOffset % (bytes.length / count), name).toBe(0);
    }
  });

  test('refuses what could not be read again', () => {
    const tensor = encodeTensor(Float32Array.of(1), [1]);
    expect(() => serializeSafetensors([['__proto__', tensor]])).toThrow(
      '"__proto__": this name is not allowed',
    );
    expect(() => serializeSafetensors([['__metadata__', tensor]])).toThrow("this name is the metadata's");
    expect(() =>
      serializeSafetensors([
        ['x', tensor],
        ['x', tensor],
      ]),
    ).toThrow('tensor "x" occurs twice');
    expect(() => serializeSafetensors([['x', { ...tensor, shape: [2] }]])).toThrow(
      'tensor "x": shape [2] of F32 takes 8 bytes, but data_offsets holds 4',
    );
  });
});

describe('hostile files', () => {
  const cases: [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(0), 'file has 0 bytes, wanted at least 8'],
    [
      'a giant header',
      new Uint8Array(8).fill(255),
      'not a safetensors file: header length is 18446744073709551615, wanted at most 100000000',
    ],
    ['a header beyond the file', file('{}').subarray(0, 9), 'header length is 2, but only 1 bytes follow it'],
    ['no JSON', file('{"x"'), 'header is not JSON'],
    ['bad UTF-8', file('{"x":1}').fill(0xff, 10, 11), 'header is not JSON'],
    ['an array', file('[]'), 'header is not a JSON object'],
    ['leading space', file(' {}'), 'header is not a JSON object'],
    ['bytes of no tensor', file('{}', 4), '4 bytes after the last tensor belong to no tensor'],
    ['no entry', file('{"x":null}'), 'tensor "x": entry is null, wanted an object'],
    ['a bad dtype', file(entry('F33', [1], [0, 4]), 4), 'tensor "x": dtype is "F33", wanted one of BOOL, U8'],
    [
      'a dtype of Object',
      file(entry('toString', [1], [0, 4]), 4),
      'tensor "x": dtype is "toString", wanted one of',
    ],
    ['no shape', file(entry('F32', undefined, [0, 4]), 4), 'tensor "x": shape is undefined, wanted an array'],
    [
      'a negative size',
      file(entry('F32', [-1, -1], [0, 4]), 4),
      'tensor "x": shape is [-1,-1], wanted an array',
    ],
    ['half a size', file(entry('F32', [0.5, 2], [0, 4]), 4), 'tensor "x": shape is [0.5,2], wanted an array'],
    [
      'a giant shape',
      file(entry('F32', [2 ** 40, 2 ** 40], [0, 4]), 4),
      'of F32 has too many bytes to count',
    ],
    [
      'a wrong shape',
      file(entry('F32', [2], [0, 4]), 4),
      'shape [2] of F32 takes 8 bytes, but data_offsets holds 4',
    ],
    [
      'three offsets',
      file(entry('F32', [1], [0, 4, 8]), 4),
      'data_offsets is [0,4,8], wanted two whole numbers',
    ],
    [
      'offsets out of range',
      file(entry('F32', [2], [0, 8]), 4),
      'is [0,8], wanted a range within the 4 bytes',
    ],
    ['reversed offsets', file(entry('F32', [1], [4, 0]), 4), 'is [4,0], wanted a range within the 4 bytes'],
    ['a gap', file(entry('F32', [1], [4, 8]), 8), 'tensor "x": data_offsets begin at 4, wanted 0'],
    [
      'an overlap',
      file(
        JSON.stringify({
          x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
          y: { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
        }),
        12,
      ),
      'tensor "y": data_offsets begin at 4, wanted 8',
    ],
    [
      'metadata of numbers',
      file('{"__metadata__":{"epoch":3}}'),
      '__metadata__ "epoch" is 3, wanted a string',
    ],
    ['metadata of no object', file('{"__metadata__":[]}'), '__metadata__ is [], wanted an object of strings'],
    [
      '__proto__',
      file('{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
      '"__proto__": this name',
    ],
    ['a name twice', file('{"a\\"":1, "b":{}, "a\\u0022" :2}'), 'header has the name "a\\"" twice'],
    [
      'a field twice',
      file('{"x":{"dtype":"U8","shape":[0],"shape":[1],"data_offsets":[0,0]}}'),
      '"shape" twice',
    ],
    [
      'deep nesting',
      file(`{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
      'tensor "x": entry is [...], wanted an object',
    ],
  ];
  test.each(cases)('%s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => parseSafetensors(bytes)).toThrow(message);
  });

  test('strings that look like names are none', () => {
    const { metadata } = parseSafetensors(file('{"__metadata__":{"a":"b","b":"\\"a\\":","c":"{\\\\"}}'));
    expect([...metadata]).toEqual([
      ['a', 'b'],
      ['b', '"a":'],
      ['c', '{\\'],
    ]);
  });

  test('random damage is either refused clearly or leaves a consistent file', async () => {
    const original = new Uint8Array(await readFile(golden));
    const headerLength = 8 + Number(new DataView(original.buffer).getBigUint64(0, true));
    let state = 20_210_611;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    for (let round = 0; round < 3000; round += 1) {
      const bytes = original.slice(0, random(20) === 0 ? random(original.length) : original.length);
      for (let change = random(3); change >= 0; change -= 1) {
        const position = random(headerLength);
        if (position >= bytes.length) continue;
        bytes[position] = random(2) === 0 ? random(256) : (original[random(headerLength)] ?? 0);
      }
      try {
        const { tensors } = parseSafetensors(bytes);
        const total = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes.length, 0);
        expect(total).toBe(bytes.length - 8 - Number(new DataView(bytes.buffer).getBigUint64(0, true)));
      } catch (error) {
        expect(error).toBeInstanceOf(SafetensorsError);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1500);
  });
});

describe('writeSafetensors', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'calm-safetensors-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
  const tensors = [['x', encodeTensor(Float32Array.of(1, 2), [2])]] as const;

  test('replaces a file and leaves nothing else', async () => {
    const path = join(folder, 'a.safetensors');
    await writeFile(path, 'old');
    await writeSafetensors(path, tensors, [['step', '3']]);
    const { tensors: again, metadata } = await readSafetensors(path);
    expect([...toFloat32(get(again, 'x'))]).toEqual([1, 2]);
    expect([...metadata]).toEqual([['step', '3']]);
    expect(await readdir(folder)).toEqual(['a.safetensors']);
  });

  test('removes the unfinished file when it cannot finish', async () => {
    const path = join(folder, 'occupied');
    await mkdir(join(path, 'inner'), { recursive: true });
    await expect(writeSafetensors(path, tensors)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(await readdir(folder)).toEqual(['occupied']);
    expect(await readdir(path)).toEqual(['inner']);
  });

  test('keeps the old file when the disk is full', async () => {
    const path = join(folder, 'a.safetensors');
    await writeSafetensors(path, tensors);
    const before = await readFile(path);
    // A limit on the size of files (in blocks of 512 bytes or of 1024) fails a write half way, as a full disk does.
    const child = [process.execPath, join(import.meta.dirname, 'write_child.ts'), path];
    const limited = promisify(execFile)('sh', ['-c', 'ulimit -f 64; exec "$@"', 'sh', ...child]);
    await expect(limited).rejects.toThrow('EFBIG');
    expect(await readdir(folder)).toEqual(['a.safetensors']);
    expect(await readFile(path)).toEqual(before);
  });

  test('names the file that is not valid', async () => {
    const path = join(folder, 'bad.safetensors');
    await writeFile(path, 'short');
    await expect(readSafetensors(path)).rejects.toThrow(`${path}: file has 5 bytes, wanted at least 8`);
  });
});

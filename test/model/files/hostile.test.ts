import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../../src/model/files/byte_source.ts';
import { crc32 } from '../../../src/model/files/crc32.ts';
import { unpickle } from '../../../src/model/files/pickle.ts';
import { PickleCallable, PickleTuple } from '../../../src/model/files/pickle_values.ts';
import {
  EMPTY_DICT,
  EMPTY_TUPLE,
  MARK,
  PERSID,
  REDUCE,
  SETITEMS,
  STOP,
  TUPLE,
  global,
  int,
  long,
  pickle,
  repeat,
  string,
  text,
  tuple,
  uint32,
} from './pickle_opcodes.ts';
import { readFixture } from '../../fixture.ts';
import { readWeights } from '../../../src/model/files/open_weights.ts';
import { readZip } from '../../../src/model/files/zip.ts';
import { torchContext } from '../../../src/model/files/torch_file.ts';
import { WeightsFileError } from '../../../src/model/files/error.ts';
import { writeZip } from '../../../src/model/files/zip_writer.ts';

function joinPieces(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    joined.set(piece, position);
    position += piece.length;
  }
  return joined;
}

const context = torchContext(() => undefined);
const run = (body: readonly number[]): unknown => unpickle(pickle(body), context).value;

/** A tensor of 4-byte floats on storage 0, of so many elements. */
function tensor(
  elements: number[],
  offset: number[],
  shape: readonly number[][],
  strides: readonly number[][],
): number[] {
  const storage = [
    ...tuple(string('storage'), global('torch', 'FloatStorage'), string('0'), string('cpu'), elements),
    PERSID,
  ];
  const hooks = [...global('collections', 'OrderedDict'), EMPTY_TUPLE, REDUCE];
  return [
    ...global('torch._utils', '_rebuild_tensor_v2'),
    ...tuple(storage, offset, tuple(...shape), tuple(...strides), [0x89], hooks),
    REDUCE,
  ];
}

const dict = (...items: readonly number[][]): number[] => [EMPTY_DICT, MARK, ...items.flat(), SETITEMS];

/** A file of torch.save around a pickle, with a storage 0 of 64 bytes. */
function torchFile(body: readonly number[]): Uint8Array {
  const pieces = writeZip([
    { name: 'archive/data.pkl', bytes: pickle(body) },
    { name: 'archive/data/0', bytes: new Uint8Array(64) },
  ]);
  return joinPieces(pieces);
}

describe('a pickle is plain data or nothing:', () => {
  test.each([
    ['os.system', [...global('os', 'system'), ...tuple(string('true')), REDUCE], 'asks for "os.system"'],
    ['builtins.eval', [...global('builtins', 'eval')], 'asks for "builtins.eval"'],
    ['python 2 spelling', [...global('__builtin__', 'getattr')], 'asks for "__builtin__.getattr"'],
    [
      'dotted name',
      [...global('torch', '_utils._rebuild_tensor_v2.__globals__')],
      'asks for "torch._utils._rebuild_tensor_v2.__globals__"',
    ],
    ['stack global', [0x8c, 2, ...text('os'), 0x8c, 6, ...text('system'), 0x93], 'asks for "os.system"'],
    ['INST', [MARK, ...text('ios\nsystem\n')], 'opcode 0x69'],
    ['OBJ', [MARK, ...global('collections', 'OrderedDict'), 0x6f], 'opcode 0x6f'],
    ['NEWOBJ_EX', [0x92], 'opcode 0x92'],
    ['EXT1', [0x82, 1], 'opcode 0x82'],
    ['text persistent id', [...text('Pxyz\n')], 'opcode 0x50'],
    ['DUP', [0x4e, 0x32], 'opcode 0x32'],
    [
      'persistent id of a module',
      [...tuple(string('module'), string('x')), PERSID],
      'class of a whole model',
    ],
    ['other persistent id', [...string('file:///etc/passwd'), PERSID], 'outside of the pickle'],
    ['call of no function', [...int(1), EMPTY_TUPLE, REDUCE], 'calls 1, which is no function'],
    ['call without a tuple', [...global('torch', 'Size'), ...int(1), REDUCE], 'wanted a tuple'],
    ['state of a global', [...global('torch', 'Size'), EMPTY_DICT, 0x62], 'takes none'],
    ['underflow', [0x85], 'takes 1 values where fewer'],
    ['a value from below the mark', [0x4e, MARK, 0x85], 'takes 1 values where fewer'],
    ['missing mark', [TUPLE], 'a mark that is not there'],
    ['missing memo', [0x68, 7], 'recalls value 7'],
    ['unhashable key', [EMPTY_DICT, EMPTY_DICT, 0x4e, 0x73], 'a dict of 0 as a key'],
    ['huge integer', [0x8b, ...uint32(0x7fff_ffff)], 'an integer has 2147483647 bytes'],
    ['text beyond the end', [0x58, ...uint32(0xffff_ffff)], 'cut off'],
    ['two values', [0x4e, 0x4e], '1 values left over'],
    ['not UTF-8', [0x58, ...uint32(1), 0xff], 'not UTF-8'],
    ['endless name', [0x63, ...repeat(300, [0x61])], 'more than 256 characters'],
  ])('%s', (_, body, message) => {
    expect(() => run(body)).toThrow(message);
    expect(() => run(body)).toThrow(WeightsFileError);
  });

  test('protocols 0, 1 and 5 are refused', () => {
    expect(() => unpickle(Uint8Array.from(text('(dp0\n.')), context)).toThrow('no pickle of protocol 2 to 4');
    expect(() => unpickle(Uint8Array.of(0x80, 5, 0x4e, STOP), context)).toThrow('protocol 5');
  });

  test('__proto__ and constructor are keys like any other, and never of a state dict', async () => {
    const found = run(
      dict(string('__proto__'), dict(string('polluted'), int(1)), string('constructor'), int(2)),
    );
    expect(found).toBeInstanceOf(Map);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    const file = torchFile(dict(string('__proto__'), tensor(int(4), int(0), [int(4)], [int(1)])));
    await expect(readWeights(file)).rejects.toThrow('"__proto__": this name is not allowed');
  });
});

describe('a tensor lies within its storage:', () => {
  const state = (body: number[]): Promise<unknown> => readWeights(torchFile(dict(string('x'), body)));
  test.each([
    [
      'beyond the entry',
      tensor(int(17), int(0), [int(1)], [int(1)]),
      'storage "0" should have 68 bytes, its entry has 64',
    ],
    [
      'beyond the storage',
      tensor(int(16), int(1), [int(16)], [int(1)]),
      'reaches to byte 68 of its storage, which has 64',
    ],
    ['by strides', tensor(int(16), int(0), [int(2), int(2)], [int(15), int(1)]), 'reaches to byte 68'],
    [
      'product overflows',
      tensor(int(16), int(0), [long(2n ** 40n), long(2n ** 40n)], [int(0), int(0)]),
      'beyond counting',
    ],
    ['stride overflows', tensor(int(16), int(0), [int(3)], [long(2n ** 62n)]), 'wanted a whole number'],
    ['elements overflow', tensor(long(2n ** 52n), int(0), [int(1)], [int(1)]), 'beyond counting'],
    ['negative size', tensor(int(16), int(0), [int(-1)], [int(1)]), "a tensor's shape is -1"],
    ['negative stride', tensor(int(16), int(15), [int(2)], [int(-1)]), "a tensor's strides is -1"],
    [
      'float as a size',
      tensor(int(16), int(0), [[0x47, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]], [int(1)]),
      "a tensor's shape is 0.5",
    ],
    [
      'strides of another length',
      tensor(int(16), int(0), [int(2), int(2)], [int(1)]),
      '2 sizes and 1 strides',
    ],
    [
      '65 dimensions',
      tensor(
        int(16),
        int(0),
        Array.from({ length: 65 }, () => int(1)),
        [int(1)],
      ),
      'at most 64',
    ],
    [
      'expanded beyond reason',
      tensor(int(16), int(0), [int(1_000_000_000)], [int(0)]),
      'tensor "x": up to here tensors stand for 4000000000 bytes',
    ],
  ])('%s', async (_, body, message) => {
    await expect(state(body)).rejects.toThrow(message);
    await expect(state(body)).rejects.toThrow(/^weights: /);
  });

  test('the same storage twice with different sizes', async () => {
    const body = dict(
      string('a'),
      tensor(int(16), int(0), [int(1)], [int(1)]),
      string('b'),
      tensor(int(8), int(0), [int(1)], [int(1)]),
    );
    await expect(readWeights(torchFile(body))).rejects.toThrow(
      'storage "0" has 32 bytes here and 64 elsewhere',
    );
  });

  test('complex numbers are named', async () => {
    const body = global('torch', 'ComplexFloatStorage');
    await expect(readWeights(torchFile(body))).rejects.toThrow(
      'torch.ComplexFloatStorage, which are not read',
    );
  });
});

test('a storage of the older format has as many elements as its tensors say', async () => {
  const bytes = await readFixture('torch/legacy.pth');
  await readWeights(bytes);
  // The last storage ends the file; its count stands before it. It is the 24 numbers of the channels-last tensor or a shorter one.
  let [refused, at] = [0, bytes.length - 8];
  for (; at > 0 && refused === 0; at -= 1) {
    const count = Number(new DataView(bytes.buffer).getBigUint64(at, true));
    if (count < 1 || count > 24) continue;
    const patched = bytes.slice();
    new DataView(patched.buffer).setBigUint64(at, BigInt(count + 1), true);
    refused += await readWeights(patched).then(
      () => 0,
      (error: unknown) => (String(error).includes(`has ${count + 1} elements, wanted ${count}`) ? 1 : 0),
    );
  }
  expect(refused).toBe(1);
});

describe('zip archives', () => {
  const entry = (name: string, bytes: Uint8Array = new Uint8Array(8)) => ({ name, bytes });
  const joined = (...contents: readonly ReturnType<typeof entry>[]): Uint8Array =>
    joinPieces(writeZip(contents));
  /** Overwrites bytes of the n-th line of the directory. */
  function patchDirectory(
    archive: Uint8Array,
    line: number,
    offset: number,
    ...bytes: readonly number[]
  ): Uint8Array {
    const patched = archive.slice();
    let at = -1;
    for (let index = 0; index <= line; index += 1) {
      do at += 1;
      while (!text('PK\u0001\u0002').every((byte, place) => archive[at + place] === byte));
    }
    patched.set(bytes, at + offset);
    return patched;
  }

  test('checksums are those of zlib', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf4_3926);
    const bytes = Uint8Array.from({ length: 1003 }, (_, index) => index * 7);
    expect(crc32(bytes.subarray(500), crc32(bytes.subarray(0, 500)))).toBe(crc32(bytes));
  });

  test('entries must not overlap, repeat, be encrypted, or be cut off', async () => {
    const archive = joined(entry('f/a'), entry('f/b'));
    const read = (bytes: Uint8Array) => readZip(bytesSource(bytes));
    expect([...(await read(archive)).keys()]).toEqual(['f/a', 'f/b']);
    // The second line points at the first entry too.
    await expect(read(patchDirectory(archive, 1, 42, ...uint32(0)))).rejects.toThrow(
      'more than there are before',
    );
    await expect(read(patchDirectory(archive, 1, 46, ...text('f/a')))).rejects.toThrow('"f/a" occurs twice');
    await expect(read(patchDirectory(archive, 0, 8, 1))).rejects.toThrow('encrypted');
    await expect(read(patchDirectory(archive, 0, 10, 12))).rejects.toThrow('method 12');
    await expect(read(patchDirectory(archive, 0, 24, ...uint32(1_000_000)))).rejects.toThrow(
      '8 bytes stand for 1000000',
    );
    await expect(read(archive.subarray(0, archive.length - 1))).rejects.toThrow('cut off');
    const shifted = patchDirectory(archive, 0, 42, ...uint32(1));
    await expect(read(shifted).then((entries) => entries.get('f/a')?.read(0, 8))).rejects.toThrow(
      'no header at byte 1',
    );
  });

  test('a bomb is refused before it is unpacked', async () => {
    const zeros = new Uint8Array(100_000_000);
    const stream = new Blob([zeros]).stream().pipeThrough(new CompressionStream('deflate-raw'));
    const packed = new Uint8Array(await new Response(stream).arrayBuffer());
    let archive = joined(entry('f/data.pkl', packed));
    archive = patchDirectory(archive, 0, 10, 8);
    const claimed = patchDirectory(archive, 0, 24, ...uint32(zeros.length));
    await expect(readWeights(claimed)).rejects.toThrow('would unpack to 100000000 bytes');
    // And one that says less than it holds is stopped where it says its end is.
    const lying = patchDirectory(archive, 0, 24, ...uint32(1000));
    await expect(readWeights(lying)).rejects.toThrow('more than the 1000 bytes it says come out of it');
  });

  test('big-endian files, TorchScript, NumPy and other archives are named', async () => {
    const nothing = pickle(dict());
    await expect(
      readWeights(joined(entry('f/data.pkl', nothing), entry('f/byteorder', Uint8Array.from(text('big'))))),
    ).rejects.toThrow('big-endian');
    await expect(readWeights(joined(entry('f/data.pkl', nothing), entry('f/constants.pkl')))).rejects.toThrow(
      'TorchScript',
    );
    await expect(readWeights(joined(entry('a.npy')))).rejects.toThrow('.npz');
    await expect(readWeights(joined(entry('readme.txt')))).rejects.toThrow('it holds "readme.txt"');
    await expect(readWeights(joined())).rejects.toThrow('it is empty');
  });
});

test.each([
  ['', 'the file is empty'],
  ['<!DOCTYPE html>', 'the download brought no file'],
  ['version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'],
  ['\u001f\u008b\u0008', 'gzip'],
  [`${'x'.repeat(257)}ustar`, 'tar format of PyTorch 0.1'],
  ['\u0080\u0002K\u0001.', 'a Python pickle, but none of torch.save'],
  ['plain text', 'neither safetensors nor a file of torch.save'],
  ['{"a": 1}', "no object 'weight_map'"],
])('%j is told by what it is', async (content, message) => {
  const bytes = Uint8Array.from(content, (character) => character.charCodeAt(0));
  await expect(readWeights(bytes, { name: 'some.pth' })).rejects.toThrow(message);
  await expect(readWeights(bytes, { name: 'some.pth' })).rejects.toThrow(/^some\.pth: /);
});

test('what a callable is called, and tuples, are no accident', () => {
  // The allow-list is by full names: each callable's description is the name it is found by.
  const found = context.global('torch', 'Size');
  expect(found).toBeInstanceOf(PickleCallable);
  expect(found?.description).toBe('torch.Size');
  expect(context.global('torch', 'load')).toBeUndefined();
  expect(run([...int(1), 0x85])).toEqual(new PickleTuple([1]));
});

import { describe, expect, test } from 'vitest';
import type { SafetensorsTensor } from '../../../src/model/safetensors.ts';
import { encodeTensor, toFloat64 } from '../../../src/model/safetensors.ts';
import { readFixture, readJsonFixture } from '../../fixture.ts';
import { openWeights, readWeights } from '../../../src/model/files/open_weights.ts';
import { serializeTorch } from '../../../src/model/files/torch_writer.ts';
import { WeightsFileError } from '../../../src/model/files/error.ts';

const fixture = (name: string): Promise<Uint8Array<ArrayBuffer>> => readFixture(`torch/${name}`);

/** What PyTorch itself reads out of the file. */
interface Expected {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | boolean | string)[];
}

const DTYPES: Readonly<Record<string, string>> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

const numberOf = (value: number | boolean | string): number =>
  typeof value === 'string' ? Number(value.replace('inf', 'Infinity')) : Number(value);

const allTypes = readJsonFixture('torch/all_types.json') as Promise<Record<string, Expected>>;

function compare(found: ReadonlyMap<string, SafetensorsTensor>, expected: Record<string, Expected>): void {
  expect([...found.keys()]).toEqual(Object.keys(expected));
  for (const [name, { dtype, shape, values }] of Object.entries(expected)) {
    const tensor = found.get(name);
    if (tensor === undefined) throw new Error(`no ${name}`);
    expect([name, tensor.dtype, tensor.shape]).toEqual([name, DTYPES[dtype], shape]);
    // toEqual tells -0 from 0 and takes NaN for NaN.
    expect([name, [...toFloat64(tensor)]]).toEqual([name, values.map(numberOf)]);
  }
}

describe('a file of PyTorch gives every type and view as PyTorch reads it:', () => {
  test.each([
    ['zip.pth', 'pytorch-zip'],
    ['protocol4.pth', 'pytorch-zip'],
    ['deflated.pth', 'pytorch-zip'],
    ['legacy.pth', 'pytorch-legacy'],
  ])('%s', async (name, format) => {
    const bytes = await fixture(name);
    // A view at an odd offset too.
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    for (const input of [bytes.buffer, shifted.subarray(3), new Blob([bytes]), new Blob([bytes]).stream()]) {
      const file = await readWeights(input);
      expect([file.format, file.stateKey]).toEqual([format, null]);
      compare(file.tensors, await allTypes);
    }
  });

  test('one tensor is read without the others', async () => {
    const bytes = await fixture('zip.pth');
    let read = 0;
    const blob = new Blob([bytes]);
    const slice = blob.slice.bind(blob);
    blob.slice = (from = 0, to = blob.size) => {
      read += to - from;
      return slice(from, to);
    };
    const file = await openWeights(blob);
    read = 0;
    const tensors = await file.read(['view.column']);
    expect([...toFloat64(tensors.get('view.column') ?? encodeTensor(new Float32Array(), [0]))]).toEqual([
      -0.875, -0.125, 0.625, 1.375,
    ]);
    // The 19 elements from its first to its last, and the entry's header of 30 bytes.
    expect(read).toBe(19 * 4 + 30);
    await expect(file.read(['view.columns'])).rejects.toThrow('weights: there is no tensor "view.columns"');
  });
});

describe('a checkpoint of the released code', () => {
  test.each(['checkpoint.pth.tar', 'checkpoint_legacy.pth.tar'])(
    '%s: state, fields and optimiser',
    async (name) => {
      const file = await openWeights(await fixture(name), { name: name });
      expect(file.stateKey).toBe('state_dict');
      expect(file.strippedModule).toBe(true);
      expect([...file.tensors.keys()].slice(0, 3)).toEqual(['conv1.weight', 'bn1.weight', 'bn1.bias']);
      expect(Object.fromEntries(file.fields)).toEqual({
        architecture: 'resnet50',
        epoch: 3,
        best: 61.25,
        seen: 12,
      });
      const { optimizer } = file;
      expect(optimizer?.buffers).toEqual(['momentum_buffer']);
      expect(optimizer?.groups).toEqual([
        { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, nesterov: true, parameters: [0, 1, 2] },
        {
          learningRate: 0.1,
          momentum: 0.9,
          weightDecay: 1e-4,
          nesterov: true,
          parameters: [3, 4, 5, 6, 7, 8],
        },
      ]);
      // The attention got no gradient.
      expect([...(optimizer?.momentum.keys() ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6]);
      await file.close();
    },
  );

  test('a whole model is refused by the name of its class', async () => {
    await expect(openWeights(await fixture('whole_model.pth'), { name: 'whole_model.pth' })).rejects.toThrow(
      /whole_model\.pth: whole_model\/data\.pkl: pickle, byte 2: asks for "__main__\.Tiny".*save its state_dict\(\)/,
    );
  });
});

describe('what we write', () => {
  test('comes back bit for bit, with its fields', async () => {
    const { tensors } = await readWeights(await fixture('zip.pth'));
    const fields = new Map<string, string | number>([
      ['architecture', 'resnet50'],
      ['epoch', 2 ** 33],
      ['note', 'ünï'],
    ]);
    const pieces = serializeTorch(tensors, { fields });
    const again = await readWeights(new Blob(pieces.map((piece) => new Uint8Array(piece))));
    expect(Object.fromEntries(again.fields)).toEqual(Object.fromEntries(fields));
    expect(again.stateKey).toBe('state_dict');
    expect([...again.tensors]).toEqual([...tensors]);
    expect(serializeTorch(again.tensors, { fields })).toEqual(pieces);
  });

  test('has every tensor at a multiple of 64 bytes', () => {
    const values = encodeTensor(Float32Array.of(1, 2, 3), [3]);
    const pieces = serializeTorch([
      ['a', values],
      ['b.c', values],
    ]);
    let position = 0;
    for (const piece of pieces) {
      if (piece === values.bytes) expect(position % 64).toBe(0);
      position += piece.length;
    }
  });

  test('is refused where PyTorch 1 has no such type, or the name occurs twice', () => {
    const values = { dtype: 'F8_E4M3', shape: [1], bytes: Uint8Array.of(0) } as const;
    expect(() => serializeTorch([['x', values]])).toThrow(
      'tensor "x" is F8_E4M3, which a .pth file cannot hold',
    );
    const twice = encodeTensor(Float32Array.of(1), [1]);
    expect(() =>
      serializeTorch([
        ['x', twice],
        ['x', twice],
      ]),
    ).toThrow(WeightsFileError);
  });
});

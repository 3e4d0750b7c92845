/** Checkpoints of strangers: valid files with a valid checksum that say nonsense. */
import type { Engine } from '../../src/runtime/engine.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';
import { join } from 'node:path';
import { loadCheckpoint } from '../../tools/explain/load_model.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { modelContent } from '../../src/train/checkpoint.ts';
import { orderedNames, passOf, readSide } from '../../tools/compare/sides.ts';
import { smallModel } from '../train/patches.ts';
import { tmpdir } from 'node:os';
import { withChecksum } from '../../src/train/checksum.ts';
import { writeSafetensors } from '../../src/model/safetensors.node.ts';

let engine: Engine;
let folder: string;
let path: string;
beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), 'calm-strange-'));
  path = join(folder, 'strange.safetensors');
});
afterAll(async () => {
  engine.destroy();
  await rm(folder, { recursive: true });
});

interface Strangeness {
  readonly info?: unknown;
  readonly pass?: string;
  readonly tensors?: Readonly<Record<string, SafetensorsTensor>>;
}

async function write({ info, pass, tensors = {} }: Strangeness): Promise<void> {
  const model = smallModel(engine);
  const content = await modelContent(model, info);
  model.dispose();
  const changed = withChecksum({
    tensors: new Map([...content.tensors, ...Object.entries(tensors)]),
    metadata: new Map([...content.metadata, ...(pass === undefined ? [] : [['pass', pass] as const])]),
  });
  await writeSafetensors(path, changed.tensors, changed.metadata);
}

/** Refused with the file's name before what is wrong. */
async function expectRefusal(promise: Promise<unknown>, what: string): Promise<void> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error, what).toBeInstanceOf(ArgumentError);
  expect((error as Error).message).toContain(`${path}: `);
  expect((error as Error).message).toContain(what);
}

describe('what is said of images', () => {
  for (const [info, what] of [
    [{ crop: 30_000 }, 'crop is 30000, wanted a whole number from 1 to 1024'],
    [{ crop: 1e9 }, 'crop is 1000000000,'],
    [{ crop: -3.5 }, 'crop is -3.5,'],
    [{ crop: 0 }, 'crop is 0,'],
    [{ crop: '48' }, 'crop is "48",'],
    [{ classNames: [{ toString: 1 }, null, 'c'] }, 'classNames are [...,null,"c"], wanted a list of texts'],
    [{ classNames: 'abc' }, 'classNames are "abc",'],
    [{ classNames: ['a', 'b'] }, 'there are 2 classNames, wanted one for each of the 3 classes'],
  ] as const)
    test(JSON.stringify(info), async () => {
      await write({ info });
      await expectRefusal(loadCheckpoint(engine, path), what);
      await expectRefusal(
        readSide(path).then((side) => passOf(side, null, undefined)),
        what,
      );
    });

  test('may be nothing, or something else altogether', async () => {
    for (const info of [null, 7, 'a note', {}, { crop: null, classNames: null }]) {
      await write({ info });
      const { model, classNames, crop } = await loadCheckpoint(engine, path);
      expect([classNames, crop], JSON.stringify(info)).toEqual([null, null]);
      model.dispose();
    }
    await write({ info: { crop: 1024, classNames: ['a', 'b', 'c'] } });
    const { model, classNames, crop } = await loadCheckpoint(engine, path);
    expect([classNames, crop]).toEqual([['a', 'b', 'c'], 1024]);
    model.dispose();
  });
});

describe('a recorded pass', () => {
  for (const [pass, what] of [
    ['null', "the metadata 'pass' are null, wanted an object"],
    ['{', `the metadata 'pass' are "{", which is no JSON`],
    ['{"order":[{"toString":1}]}', "the metadata 'pass' have the order [...], wanted a list"],
    ['{"order":7}', "the metadata 'pass' have the order 7,"],
  ] as const)
    test(pass, async () => {
      await write({ pass });
      await expectRefusal(readSide(path), what);
    });

  test('that names a tensor twice, or one that it has not, has each once', async () => {
    await write({ pass: '{"order":["conv1.weight","nothing","conv1.weight"]}' });
    const side = await readSide(path);
    const names = orderedNames(side);
    expect(names[0]).toBe('conv1.weight');
    expect(names.toSorted()).toEqual([...side.tensors.keys()].toSorted());
  });
});

test('a count of batches that is none', async () => {
  for (const count of [Number.NaN, 0.5, Infinity, -3]) {
    await write({ tensors: { 'bn1.num_batches_tracked': encodeTensor(Float32Array.of(count), []) } });
    await expectRefusal(
      loadCheckpoint(engine, path),
      `bn1.num_batches_tracked is ${count}, wanted a whole number >= 0`,
    );
  }
});

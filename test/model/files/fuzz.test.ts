import { beforeAll, describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';
import type { Random } from './mutate.ts';
import type { ZipContent } from '../../../src/model/files/zip_writer.ts';
import { mutateHeader, mutateMany, mutateZipped, unzip } from './mutate.ts';
import { openWeights } from '../../../src/model/files/open_weights.ts';
import { recogniseModel } from '../../../src/model/recognise/recognise.ts';
import { RandomStream } from '../../../src/runtime/random.ts';
import { WeightsFileError } from '../../../src/model/files/error.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
/** Inputs for each of the parsers; 100,000 take about ten minutes. */
const COUNT = Number(process.env['CALM_FUZZ'] ?? 1000);
const SEED = Number(process.env['CALM_FUZZ_SEED'] ?? 1);
/** As stored_tensor.ts promises for what tensors stand for, and zip.ts for what is unpacked. */
const mostBytes = (size: number): number => 4 * size + 2 ** 24;
// An input takes a millisecond; a hang takes for ever. Between them is what a busy machine may add.
const LONGEST = 5000;

let files: Map<string, Uint8Array>;
let zipped: Map<string, ZipContent[]>;
beforeAll(async () => {
  const torch = (await readdir(join(fixtures, 'torch'))).filter((name) => /\.pth/.test(name));
  const paths = [...torch.map((name) => join('torch', name)), join('safetensors', 'numpy.safetensors')];
  files = new Map();
  zipped = new Map();
  for (const path of paths) {
    const bytes = new Uint8Array(await readFile(join(fixtures, path)));
    files.set(path, bytes);
    if (bytes[0] === 0x50) zipped.set(path, await unzip(bytes));
  }
});

/** Everything a caller may do with a file. Resolves to whether it could be read; throws what is no WeightsFileError. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  try {
    const file = await openWeights(bytes, { name: 'input', shard: () => bytes });
    recogniseModel(file.tensors);
    let read = 0;
    for (const { bytes: values } of (await file.read()).values()) read += values.length;
    for (const { bytes: values } of ((await file.optimizer?.readMomentum()) ?? new Map()).values())
      read += values.length;
    if (read > 2 * mostBytes(bytes.length)) throw new Error(`${read} bytes out of ${bytes.length}`);
    return true;
  } catch (error) {
    if (!(error instanceof WeightsFileError)) throw error;
    if (!error.message.startsWith('input: ') || error.message.length > 1000)
      throw new Error(`a message that does not help: ${error.message}`, { cause: error });
    return false;
  }
}

type Mutation = (name: string, random: Random, donor: Uint8Array) => Uint8Array;

async function fuzz(names: readonly string[], mutate: Mutation): Promise<{ refused: number; read: number }> {
  const all = [...files.values()];
  const counts = { refused: 0, read: 0 };
  for (let index = 0; index < COUNT; index += 1) {
    const stream = new RandomStream(SEED, index);
    const random: Random = (limit) => stream.integer(Math.max(limit, 1));
    const name = names[random(names.length)] ?? '';
    const input = mutate(name, random, all[random(all.length)] ?? new Uint8Array());
    const start = performance.now();
    const what = `seed ${SEED}, input ${index}, of ${name}`;
    try {
      counts[(await survives(input)) ? 'read' : 'refused'] += 1;
    } catch (error) {
      throw new Error(`${what}: ${String(error)}`, { cause: error });
    }
    if (performance.now() - start > LONGEST) throw new Error(`${what} took ${performance.now() - start} ms`);
  }
  return counts;
}

const bytesOf = (name: string): Uint8Array => files.get(name) ?? new Uint8Array();
const timeout = Math.max(60_000, COUNT * 30);

describe(`${COUNT} damaged files each are read or refused with one clear error:`, () => {
  const parsers: readonly (readonly [string, (name: string) => boolean, Mutation])[] = [
    [
      'zip archives',
      (name) => zipped.has(name),
      (name, random, donor) => mutateMany(bytesOf(name), random, donor),
    ],
    [
      'pickles in whole zip archives',
      (name) => zipped.has(name),
      (name, random, donor) => mutateZipped(zipped.get(name) ?? [], random, donor),
    ],
    [
      'the older format of torch.save',
      (name) => name.includes('legacy'),
      (name, random, donor) => mutateMany(bytesOf(name), random, donor),
    ],
    [
      'safetensors',
      (name) => name.endsWith('.safetensors'),
      (name, random, donor) => mutateMany(bytesOf(name), random, donor),
    ],
    [
      'headers of safetensors',
      (name) => name.endsWith('.safetensors'),
      (name, random, donor) => mutateHeader(bytesOf(name), random, donor),
    ],
    [
      'indexes of shards',
      (name) => name.endsWith('.safetensors'),
      (_, random, donor) =>
        mutateMany(
          new TextEncoder().encode('{"metadata":{"total_size":8},"weight_map":{"a.b":"x.safetensors"}}'),
          random,
          donor,
        ),
    ],
  ];
  test.each(parsers)(
    '%s',
    async (_, isMeant, mutate) => {
      const { refused, read } = await fuzz([...files.keys()].filter(isMeant), mutate);
      expect(refused + read).toBe(COUNT);
      // A fuzzer whose every input fails at the first byte tests nothing behind it.
      expect(refused).toBeGreaterThan(COUNT / 10);
      if (process.env['CALM_FUZZ'] !== undefined) console.log(`${_}: ${refused} refused, ${read} read`);
    },
    timeout,
  );
});

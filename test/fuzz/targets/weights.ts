/** Files of weights: safetensors, their shards, and torch.save's two formats. */
import type { ModelOptions } from '../../../src/model/configuration.ts';
import type { Random } from '../chance.ts';
import type { SafetensorsTensor } from '../../../src/model/safetensors_header.ts';
import type { Target } from '../target.ts';
import type { ZipContent } from '../../../src/model/files/zip_writer.ts';
import { buildTrunk } from '../../../src/model/architectures.ts';
import { bytesSource } from '../../../src/model/files/byte_source.ts';
import { checkpointMetadata } from '../../../src/train/foreign_checkpoint.ts';
import { EDGES, pick } from '../chance.ts';
import { elementSizes } from '../../../src/model/safetensors_header.ts';
import { elementCount } from '../../../src/runtime/shape.ts';
import { Head, headConfiguration } from '../../../src/model/head.ts';
import { modelConfiguration } from '../../../src/model/configuration.ts';
import { parametersOf } from '../../../src/model/layers.ts';
import { fixtureBytes, fixturesIn } from '../seeds.ts';
import { join, mutateMany } from '../bytes.ts';
import { imagesInfo, judgementOf } from '../../../tools/training/checkpoint_info.ts';
import { mutateJson, mutateJsonText } from '../json.ts';
import { mutateZipFields, mutateZipped } from '../zips.ts';
import { openWeights } from '../../../src/model/files/open_weights.ts';
import { parseCheckpoint } from '../../../src/train/checkpoint.ts';
import { pickle } from '../../model/files/pickle_opcodes.ts';
import { randomPickle } from '../pickles.ts';
import { readZip } from '../../../src/model/files/zip.ts';
import { recogniseModel } from '../../../src/model/recognise/recognise.ts';
import { encodeTensor, serializeSafetensors } from '../../../src/model/safetensors.ts';
import { writeZip } from '../../../src/model/files/zip_writer.ts';

const torch = fixturesIn('torch', /\.pth/);
const zips = torch.filter((bytes) => bytes[0] === 0x50);
const legacies = torch.filter((bytes) => bytes[0] === 0x80);
const safetensors = fixtureBytes('safetensors/numpy.safetensors');
const all = [...torch, safetensors];

async function unzip(bytes: Uint8Array): Promise<ZipContent[]> {
  const entries = await readZip(bytesSource(bytes));
  return Promise.all(
    Array.from(entries.values(), async (entry) => ({
      name: entry.name,
      bytes: await entry.read(0, entry.size),
    })),
  );
}
const unzipped = await Promise.all(zips.map(unzip));

const VALUES = { dtype: 'F32', shape: [2], bytes: new Uint8Array(8) } as const;
const shardOf = (name: string): Uint8Array => serializeSafetensors([[name, VALUES]]);
const INDEX = { metadata: { total_size: 8 }, weight_map: { 'a.b': 'x.safetensors', 'a.c': 'y.safetensors' } };

/** Everything a caller may do with a file. */
async function readEverything(bytes: Uint8Array): Promise<void> {
  const shard = (file: string): Uint8Array => shardOf(file === 'x.safetensors' ? 'a.b' : 'a.c');
  const file = await openWeights(bytes, { name: 'input', shard });
  recogniseModel(file.tensors);
  const tensors = await file.read();
  const momentum = (await file.optimizer?.readMomentum()) ?? new Map<number, SafetensorsTensor>();
  for (const { dtype, shape, bytes: values } of [...tensors.values(), ...momentum.values()])
    if (values.length !== elementCount(shape) * elementSizes[dtype])
      throw new Error(`a tensor of shape [${shape.join()}] of ${dtype} has ${values.length} bytes`);
  const metadata = checkpointMetadata(file);
  if (!metadata.has('model')) return;
  const checkpoint = parseCheckpoint({ metadata, tensors });
  judgementOf(checkpoint);
  imagesInfo(checkpoint);
}

/**
 * Tensors, whole and as momentum, may stand for four times the file and 16 MiB (stored_tensor.ts), unpacked entries for 20 times (zip.ts), and a
 * byte of a pickle makes an object of 300 bytes at most (pickle.ts).
 */
const allocation = { multiple: 400, slack: 33 << 20 };

const target = (name: string, inputs: number, make: (random: Random) => Uint8Array): Target => ({
  name,
  // What is wrong with the metadata of a checkpoint is told without the file, which checkpointOf puts before it.
  named: /^(input|checkpoint|createModel): /,
  allocation,
  inputs,
  attempt(random) {
    const bytes = make(random);
    return { size: bytes.length, run: () => readEverything(bytes) };
  },
});

/** A safetensors file with this header, its length set right. */
function withHeader(header: Uint8Array): Uint8Array {
  const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer);
  const before = Number(new DataView(safetensors.buffer).getBigUint64(0, true));
  return join(length, header, safetensors.subarray(8 + before));
}
const headerText = new TextDecoder().decode(
  safetensors.subarray(8, 8 + Number(new DataView(safetensors.buffer).getBigUint64(0, true))),
);
const header: unknown = JSON.parse(headerText);

/** Another number in place of one of the text's. */
function mutateNumber(text: string, random: Random): string {
  const chosen = pick(random, [...text.matchAll(/\d+/g)]);
  return (
    text.slice(0, chosen.index) + String(pick(random, EDGES)) + text.slice(chosen.index + chosen[0].length)
  );
}

function mutateHeader(random: Random): Uint8Array {
  if (random(3) === 0) return new TextEncoder().encode(mutateNumber(headerText, random));
  return mutateJsonText(header, random);
}

const MAGIC = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** The older format around a pickle: magic number, version, machine, value, keys of storages, storages. */
function legacyFile(body: readonly number[], random: Random): Uint8Array {
  const text = (value: string): number[] => [0x8c, value.length, ...new TextEncoder().encode(value)];
  const keys = random(10) === 0 ? text('1') : random(10) === 0 ? [] : text('0');
  const count = random(10) === 0 ? pick(random, EDGES) : 8n;
  return join(
    pickle(MAGIC),
    pickle([0x4d, 0xe9, 0x03]),
    pickle([0x7d, ...text('little_endian'), 0x88, 0x73]),
    pickle(body),
    pickle([0x5d, 0x28, ...keys, 0x65]),
    new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, count)).buffer),
    new Uint8Array(32),
  );
}

const MODEL: ModelOptions = {
  ...{ architecture: 'resnet18', head: { kind: 'calm-em' }, classes: 3 },
  ...{ strides: [1, 2], layers: [1, 1], widths: [4, 8] },
  ...{
    stem: { width: 4, kernel: 3, stride: 1, pool: false },
    initialisation: 'torchvision',
    frozen: ['conv1'],
  },
};
const TRAINING = {
  epochsDone: 1,
  steps: 12,
  progress: { epoch: 2, step: 3, images: 9, lossSum: 1.5, correct: 4 },
};
const INFO = {
  classNames: ['a', 'b', 'c'],
  crop: 56,
  judged: 1,
  best: { epoch: 1, accuracy: 0.5, negativeLogLikelihood: 1 },
};

/** All that MODEL has to learn. */
const state = [
  ...buildTrunk(modelConfiguration(MODEL)).layers,
  ...new Head(headConfiguration('calm-em'), 8, 3).layers,
]
  .flatMap(parametersOf)
  .map(({ name, shape }) => [name, encodeTensor(new Float32Array(elementCount(shape)), shape)] as const);

/** A checkpoint of ours whose metadata are damaged. */
function mutateCheckpoint(random: Random): Uint8Array {
  const metadata = Object.entries({ model: MODEL, training: TRAINING, info: INFO }).map(([key, value]) => {
    if (random(3) > 0) return [key, JSON.stringify(value)] as const;
    return [
      key,
      new TextDecoder().decode(random(4) === 0 ? mutateJsonText(value, random) : jsonOf(value, random)),
    ] as const;
  });
  return serializeSafetensors(state, metadata);
}

const jsonOf = (value: unknown, random: Random): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(mutateJson(value, random)));

export const weightTargets: readonly Target[] = [
  target('zip archives', 1000, (random) => mutateMany(pick(random, zips), random, pick(random, all))),
  target('fields of zip archives', 1000, (random) => mutateZipFields(pick(random, zips), random)),
  target('damaged pickles in zip archives', 700, (random) =>
    mutateZipped(pick(random, unzipped), random, pick(random, all)),
  ),
  target('pickles by opcodes', 1000, (random) =>
    join(
      ...writeZip([
        { name: 'archive/data.pkl', bytes: pickle(randomPickle(random)) },
        { name: 'archive/data/0', bytes: new Uint8Array(32) },
      ]),
    ),
  ),
  target('the older format of torch.save', 1000, (random) =>
    mutateMany(pick(random, legacies), random, pick(random, all)),
  ),
  target('pickles by opcodes in the older format', 1000, (random) =>
    legacyFile(randomPickle(random), random),
  ),
  target('safetensors', 1000, (random) => mutateMany(safetensors, random, pick(random, all))),
  target('headers of safetensors', 1000, (random) => withHeader(mutateHeader(random))),
  target('metadata of checkpoints', 1000, mutateCheckpoint),
  target('indexes of shards', 1000, (random) => mutateJsonText(INDEX, random)),
];

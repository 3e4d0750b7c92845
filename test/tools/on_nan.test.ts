import type { RunRecord } from '../../tools/training/configuration.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calm } from './calm.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createImage } from '../../src/data/image.ts';
import { createModel } from '../../src/model/model.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { join } from 'node:path';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readCheckpoint, saveModel } from '../../src/train/checkpoint.node.ts';
import { tmpdir } from 'node:os';
import { toFloat64 } from '../../src/model/safetensors.ts';

const SIDE = 24;

let folder: string;
const path = (...parts: readonly string[]): string => join(folder, ...parts);

/** ImageNet's mean, rounded: what the network sees is nearly zero. */
const GREY = [124, 116, 104];
const WHITE = [255, 255, 255];

/** Seven grey pictures and a white one. */
async function writePictures(): Promise<void> {
  for (const name of ['a', 'b']) {
    await mkdir(path('data', 'train', name), { recursive: true });
    for (let number = 0; number < 4; number++) {
      const image = createImage(SIDE, SIDE);
      const colour = name === 'b' && number === 3 ? WHITE : GREY;
      for (let i = 0; i < image.data.length; i++) image.data[i] = colour[i % 3] ?? 0;
      await writeFile(path('data', 'train', name, `${number}.png`), encodePng(image));
    }
  }
}

/** A trunk whose first convolution makes numbers of order 1e36 of grey, which a batch norm at rest brings back, and infinity of white. */
async function writeWeights(): Promise<void> {
  const engine = await createEngine();
  const model = createModel(engine, {
    ...{ architecture: 'resnet18', layers: [1], widths: [8], head: 'cam', classes: 2 },
    stem: { width: 8, kernel: 3, stride: 1, pool: false },
  });
  for (const [name, value] of [
    ['conv1.weight', 2e37],
    ['bn1.weight', 1e-37],
  ] as const) {
    const weight = model.weights.parameter(name);
    engine.write(weight, new Float32Array(weight.size).fill(value));
  }
  await saveModel(path('trunk.safetensors'), model);
  model.dispose();
  engine.destroy();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-on-nan-'));
  await Promise.all([writePictures(), writeWeights()]);
});
afterAll(() => rm(folder, { recursive: true }));

const run = (out: string, ...given: readonly string[]) =>
  calm(
    ...['train', '--data', path('data'), '--out', out, '--workers', '0', '--seed', '1'],
    ...['--architecture', 'resnet18', '--layers', '1', '--widths', '8', '--small-stem', '--head', 'cam'],
    ...['--crop', '20', '--resize', '24', '--batch', '2', '--epochs', '1', '--evaluate', 'none', ...given],
  );

/** The commands that a run told of when it stopped, as a shell would split them. */
const commandsIn = (errors: string): readonly (readonly string[])[] =>
  [...errors.matchAll(/^ {2}npx calm (.*)$/gm)].map(([, given = '']) => given.split(' '));

const lines = async (out: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  (await readFile(join(out, 'log.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

test('--on-nan stop names layer and kernel, keeps the steps before, and tells ways on, of which one skips the batch', async () => {
  const out = path('run');
  const weights = ['--weights', path('trunk.safetensors'), '--freeze', 'conv1', 'bn1'];
  const stopped = await run(out, ...weights, '--save-every', '1');
  const where = /epoch 1, step ([23]).*: first in conv2d of conv1, forward: \w+\/\w+, output/;
  expect([stopped.code, stopped.errors]).toEqual([1, expect.stringMatching(where)]);
  const step = Number(where.exec(stopped.errors)?.[1]);
  expect(stopped.errors).toContain(
    `stopped; saved after step ${step - 1} of 4 of epoch 1; carry on with a lower learning rate, or without such batches, or begin anew with that rate:`,
  );
  const [slower, without] = commandsIn(stopped.errors);
  expect(slower).toEqual(['train', '--resume', '--lr', '0.003', '--out', out]);

  const resumed = await calm(...(without ?? []));
  expect(resumed.code, resumed.errors).toBe(0);
  expect(resumed.output).toContain('skipped 1 step with numbers that were not finite:\n');
  expect(resumed.output).toContain(`epoch 1, step ${step}: first in conv2d of conv1, forward`);
  const kinds = (await lines(out)).map(({ kind }) => String(kind));
  const wanted = ['step', 'step', 'step', 'step'].with(step - 1, 'skipped step');
  expect(kinds.filter((kind) => kind.endsWith('step'))).toEqual(wanted);
  const { state } = await readCheckpoint(join(out, 'last.safetensors'));
  for (const [name, tensor] of state) expect(toFloat64(tensor).every(Number.isFinite), name).toBe(true);
});

test('a run whose rate is too high goes on from its last good weights, as if it had never been, or anew', async () => {
  const constant = ['--schedule', 'constant', '--weight-decay', '0'];
  const [out, whole] = [path('steep'), path('whole')];
  await Promise.all([run(out, ...constant), run(whole, ...constant, '--epochs', '2')]);
  const stopped = await calm('train', '--resume', '--epochs', '2', '--lr', '1e38', '--out', out);
  expect(stopped.errors).toContain('stopped; saved after epoch 1; carry on with a lower learning rate, or ');
  expect(stopped.errors).toContain('lower the learning rate (1.00e+38)?');
  const ways = commandsIn(stopped.errors);
  const anew = ['train', '--config', join(out, 'configuration.json'), '--lr', '3e+37', '--out'];
  expect(ways.at(0)).toEqual(['train', '--resume', '--lr', '3e+37', '--out', out]);
  expect(ways.at(-1)).toEqual([...anew, `${out}-lr-3e+37`]);

  const withRate = (way = 0): string[] =>
    (ways.at(way) ?? []).map((word) => (word === '3e+37' ? '0.01' : word));
  const [resumed, again] = await Promise.all([calm(...withRate(0)), calm(...withRate(-1))]);
  expect([resumed.code, again.code], resumed.errors + again.errors).toEqual([0, 0]);
  expect(resumed.output).toContain('--resume: --lr was 1e+38, is 0.01 from here on');
  const record = JSON.parse(await readFile(join(out, 'configuration.json'), 'utf8')) as RunRecord;
  expect(record.options['lr']).toBe(0.01);
  expect(record.sessions.map(({ learningRate }) => learningRate)).toEqual([0.01, 1e38, 0.01]);
  const { checksum } = await readCheckpoint(join(whole, 'last.safetensors'));
  for (const folder of [out, `${out}-lr-3e+37`])
    expect((await readCheckpoint(join(folder, 'last.safetensors'))).checksum, folder).toBe(checksum);
});

test('explaining and evaluating name the model and the picture where probabilities are no numbers, and leave what was there', async () => {
  const model = path('run', 'last.safetensors');
  const white = path('data', 'train', 'b', '3.png');
  const out = path('explained');
  await mkdir(out);
  await writeFile(join(out, 'explanations.json'), 'from before');
  for (const given of [
    ['explain', white, path('data', 'train', 'a', '0.png'), '--checkpoint', model, '--out', out],
    [
      ...['evaluate', model, '--data', path('data'), '--split', 'train', '--out', path('evaluated')],
      ...['--metrics', 'classification', '--methods', 'cam', '--size', '24'],
    ],
  ]) {
    const ended = await calm(...given);
    expect([ended.code, ended.errors], given[0]).toEqual([
      1,
      expect.stringContaining(`${model}: gives probabilities that are no numbers (NaN) for `),
    ]);
    expect(ended.errors).toContain('3.png; calm inspect');
  }
  const missing = await calm('explain', path('none.png'), '--checkpoint', model, '--out', out);
  expect(missing.code).toBe(1);
  expect(await readFile(join(out, 'explanations.json'), 'utf8')).toBe('from before');
});

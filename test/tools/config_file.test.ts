import type { OptionValues } from '../../tools/training/config_file.ts';
import type { TrainOptions } from '../../tools/training/train_options.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyValues, presentValues, readValues } from '../../tools/training/config_file.ts';
import { completeOptions } from '../../tools/training/train_options.ts';
import { editDistance, nearest } from '../../tools/training/nearest.ts';
import { join, resolve } from 'node:path';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { trainCommand } from '../../tools/commands/train.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The options of a command line and a file, completed; as commander has them, and as a file would. */
function optionsOf(given: readonly string[], values: OptionValues = {}) {
  // Parsed for its options alone.
  const command = trainCommand().action(() => undefined);
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.parse(given, { from: 'user' });
  applyValues(command, values, 'config.json');
  completeOptions(command);
  return { options: command.opts<TrainOptions>(), values: presentValues(command, ['out']) };
}

/** Something for every kind of option. */
const VALUES = {
  data: '/data/CUB',
  'only-present': true,
  birdlets: false,
  'birdlets-images': [10, 2, 3],
  architecture: 'resnet18',
  head: 'calm-ml',
  'batch-norm': false,
  'output-stride': 8,
  layers: [1, 1],
  freeze: ['conv1', 'bn1'],
  posterior: 'ema:0.99',
  batch: 4,
  lr: 1e-7,
  schedule: 'step:7:0.5',
  adapter: 'swiftshader',
};

describe('options from a file', () => {
  test('stand for those of the command line, which wins', () => {
    const { options } = optionsOf(['--batch', '16', '--large-feature-map'], VALUES);
    expect(options).toMatchObject({
      batch: 16,
      lr: 1e-7,
      largeFeatureMap: true,
      layers: [1, 1],
      freeze: ['conv1', 'bn1'],
      posterior: { kind: 'ema', momentum: 0.99 },
      schedule: { kind: 'step', every: 7, factor: 0.5 },
      batchNorm: false,
      onlyPresent: true,
    });
    // What the command line excludes is not taken over.
    expect(options.outputStride).toBeUndefined();
    expect(options.birdlets).toBeUndefined();
  });

  test('all of them come out again as they went in', () => {
    const { values } = optionsOf([], VALUES);
    expect(values).toMatchObject({ ...VALUES, epochs: 40, momentum: 0.9, crop: 224, resize: 256 });
    expect(optionsOf([], values).values).toEqual(values);
    expect(JSON.parse(JSON.stringify(values))).toEqual(values);
    for (const key of ['config', 'resume', 'print-config', 'out']) expect(values).not.toHaveProperty(key);
  });

  test('relative paths become absolute', () => {
    expect(optionsOf(['--data', 'CUB', '--weights', 'a.safetensors']).values).toMatchObject({
      data: resolve('CUB'),
      weights: resolve('a.safetensors'),
    });
  });

  test.each([
    [{ batchs: 4 }, 'no option batchs; did you mean batch?'],
    [{ weightDecay: 1 }, 'did you mean weight-decay?'],
    [{ LR: 1 }, 'there is no option LR; one of data'],
    [{ batch: '4' }, 'batch is "4", wanted a number'],
    [{ batch: 0 }, 'batch is 0. Wanted a whole number >= 1.'],
    [{ batch: null }, 'batch is null'],
    [{ batch: [4] }, 'batch is [4], wanted a number'],
    [{ 'only-present': 1 }, 'only-present is 1, wanted true or false'],
    [{ layers: '1,1' }, 'layers is "1,1", wanted a list'],
    [{ layers: ['1', '1'] }, 'wanted a list, such as [1,1]'],
    [{ 'birdlets-images': [1, 2] }, '3 whole numbers'],
    [{ freeze: 'conv1' }, 'freeze is "conv1", wanted a list of texts'],
    [{ schedule: { kind: 'cosine' } }, 'schedule is {"kind":"cosine"}, wanted a text'],
    [{ schedule: 'linear' }, 'schedule is "linear". Wanted constant, cosine'],
    [{ architecture: 'resnet7' }, 'architecture is "resnet7". Allowed choices are'],
    [{ adapter: 5 }, 'adapter is 5, wanted a text'],
    [{ resume: true }, 'resume belongs on the command line'],
    [{ 'output-stride': 8, 'large-feature-map': true }, 'exclude one another'],
  ])('%j is refused by name', (values, message) => {
    expect(() => optionsOf([], values)).toThrow(message);
    expect(() => optionsOf([], values)).toThrow('config.json');
  });

  test("a run's configuration.json gives its options; what is no object of options is refused", async () => {
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const record = JSON.stringify({ options: { batch: 4 }, classNames: ['a'], sessions: [] });
    expect(await readValues(await write('record.json', record))).toEqual({ batch: 4 });
    expect(await readValues(await write('plain.json', '{ "lr": 1 }'))).toEqual({ lr: 1 });
    await expect(readValues(await write('list.json', '[1]'))).rejects.toThrow('list.json holds no object');
    await expect(readValues(await write('broken.json', '{ "lr": }'))).rejects.toThrow(
      /broken.json is no JSON: /,
    );
  });
});

describe('--official', () => {
  test('implies the trainer of the released code, unless something else is said', () => {
    const official = { groups: 'official', keepLastBatch: true, initialisation: 'official' };
    expect(optionsOf(['--official']).options).toMatchObject({ ...official, lr: 0.01, batch: 64, epochs: 40 });
    expect(optionsOf([], { official: true }).options).toMatchObject(official);
    expect(optionsOf(['--official', '--groups', 'one']).options).toMatchObject({
      ...official,
      groups: 'one',
    });
    const off = optionsOf(['--official'], { 'keep-last-batch': false, groups: 'modules' });
    expect(off.options).toMatchObject({ groups: 'modules', initialisation: 'official' });
    expect(off.values).toMatchObject({ 'keep-last-batch': false });
  });

  test("the recipe without it is the released code's but for those", () => {
    // config.py of the released code: its defaults.
    expect(optionsOf([]).values).toMatchObject({
      ...{ lr: 0.01, batch: 64, epochs: 40, momentum: 0.9, 'weight-decay': 1e-4, 'fast-factor': 10 },
      ...{ schedule: 'step:30:0.1', resize: 256, crop: 224 },
      ...{ groups: 'modules', 'keep-last-batch': false, initialisation: 'torchvision', official: false },
    });
  });
});

describe('the nearest name', () => {
  test('distances', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect([editDistance('', 'abc'), editDistance('abc', ''), editDistance('a', 'a')]).toEqual([3, 3, 0]);
  });

  test('is near, or there is none', () => {
    const names = ['batch', 'micro-batch', 'save-every'];
    expect(nearest('microBatch', names)).toBe('micro-batch');
    expect(nearest('save_evry', names)).toBe('save-every');
    expect(nearest('posterior', names)).toBeNull();
  });
});

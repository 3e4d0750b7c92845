import { describe, expect, test } from 'vitest';
import { headConfiguration } from '../../src/model/head.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';

const SMALL: ModelOptions = {
  architecture: 'resnet50',
  layers: [1, 1, 1, 1],
  widths: [4, 4, 8, 8],
  stem: { width: 4 },
  head: 'calm-em',
  classes: 3,
};

describe('options that make no network are named', () => {
  for (const [options, message] of [
    [{ classes: 0 }, /classes is 0/],
    [{ classes: 1e15 }, /classes is 1000000000000000, wanted a whole number from 1 to 1000000/],
    [{ layers: [1, 2], widths: [4] }, /widths is 1 numbers, wanted 2/],
    [{ strides: [1, 2, 2, 2], outputStride: 8 }, /strides and outputStride/],
    [{ stem: { kernel: 4 } }, /stem\.kernel is 4/],
    [{ widths: [4, 4, 8, -8] }, /widths is \[4,4,8,-8\]/],
    [{ widths: [4, 4, 8, 1e9] }, /widths is \[4,4,8,1000000000\], wanted whole numbers from 1 to 8192/],
    // Words and numbers that JavaScript takes for true.
    [{ recompute: 'no' }, /recompute is "no", wanted true \| false/],
    [{ stem: { pool: 'no' } }, /stem\.pool is "no", wanted true \| false/],
    [{ head: { kind: 'calm-em', official: 1 } }, /head\.official is 1, wanted true \| false/],
    [{ head: { kind: 'calm-em', detachNormalizer: 'no' } }, /head\.detachNormalizer is "no"/],
    [{ head: { kind: 'calm-em', officialEpsilons: 7 } }, /head\.officialEpsilons is 7/],
  ] as const) {
    test(JSON.stringify(options), () => {
      expect(() => modelConfiguration({ ...SMALL, ...options } as unknown as ModelOptions)).toThrow(message);
    });
  }

  test('batch norms that are neither on nor off', () => {
    for (const architecture of ['resnet18', 'vgg16', 'inception_v3'] as const) {
      const options = { architecture, head: 'cam', classes: 2, useBatchNorm: 'no' };
      expect(() => modelConfiguration(options as unknown as ModelOptions), architecture).toThrow(
        /useBatchNorm is "no", wanted true \| false/,
      );
    }
  });
});

test('a configuration is itself again when it is given as options', () => {
  const configuration = modelConfiguration({ ...SMALL, head: { kind: 'calm-ml', official: true } });
  expect(modelConfiguration(configuration)).toEqual(configuration);
});

test('head options: the official form is ReLU, detached, with epsilons', () => {
  expect(headConfiguration({ kind: 'calm-ml', official: true })).toEqual({
    kind: 'calm-ml',
    prior: 'relu',
    detachNormalizer: true,
    officialEpsilons: true,
  });
  expect(headConfiguration('calm-em')).toEqual({
    kind: 'calm-em',
    prior: 'softplus',
    detachNormalizer: false,
    officialEpsilons: false,
  });
});

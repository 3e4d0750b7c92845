import type { Engine } from '../../src/runtime/engine.ts';
import type { Manifest } from '../../tools/golden/formula.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFullNetwork } from '../../tools/golden/full_network.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { parseSafetensors } from '../../src/model/safetensors.ts';
import { formulaState } from '../../tools/golden/formula.ts';
import { GoldenFile } from '../../tools/golden/compare.ts';
import { gunzipSync } from 'node:zlib';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { buildTrunk } from '../../src/model/architectures.ts';
import { Head } from '../../src/model/head.ts';
import { readFileSync } from 'node:fs';
import { stateNames } from '../../src/model/state_dict.ts';

const folder = new URL('../fixtures/full_networks/', import.meta.url);

const read = (name: string): Buffer => gunzipSync(readFileSync(new URL(name, folder)));

interface Fixture {
  readonly manifest: Manifest;
  readonly golden: GoldenFile;
}

function open(name: string): Fixture {
  const manifest = JSON.parse(read(`${name}.manifest.json.gz`).toString()) as Manifest & {
    noise: Record<string, number>;
  };
  const file = parseSafetensors(read(`${name}.safetensors.gz`));
  return { manifest, golden: new GoldenFile(file, new Map(Object.entries(manifest.noise))) };
}

// The tolerances are the reference's own advice (see tools/golden); seen: a few per cent of what is allowed. `upper gradients` are those
// above the first ReLU whose input is within rounding of zero: tools/golden.ts compares all.
describe('VGG16 and Inception-v3 of the released CALM code, whole', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  for (const [name, what, comparisons] of [
    ['vgg16_bn0_lfm0', 'without batch norms: activations, loss, the upper gradients', 350],
    ['vgg16_bn1_lfm1', 'large map: activations, running statistics, the upper gradients', 200],
    ['inception_bn1_lfm0_smooth', 'in training: activations, running statistics, all gradients', 3000],
    ['inception_bn0_lfm0', 'without the last batch norms, evaluated', 10],
    ['inception_bn1_lfm1', 'large map, evaluated', 10],
  ] as const) {
    test(`${name} ${what}`, async () => {
      const { manifest, golden } = open(name);
      const checks = await checkFullNetwork(engine, manifest, golden);
      expect(checks.filter(({ error, allowed }) => !(error <= allowed))).toEqual([]);
      expect(checks.length).toBeGreaterThanOrEqual(comparisons);
    });
  }

  test('a wrong weight is noticed', async () => {
    const { manifest, golden } = open('inception_bn0_lfm0');
    const seed = manifest.seed + 1;
    const checks = await checkFullNetwork(
      engine,
      { ...manifest, seed, checks: [], image_check: { first8: [], last4: [] } },
      golden,
    );
    expect(checks.filter(({ error, allowed }) => error > allowed).length).toBeGreaterThan(checks.length / 2);
  });
});

describe("names and shapes are the released code's", () => {
  for (const name of [
    'vgg16_bn0_lfm0',
    'vgg16_bn1_lfm1',
    'inception_bn1_lfm0_smooth',
    'inception_bn0_lfm0',
  ]) {
    test(name, () => {
      const { manifest } = open(name);
      const { arch, use_bn: useBatchNorm = false, lfm, C: classes } = manifest.config;
      if (arch === 'resnet50') throw new Error('not one of these');
      const outputStride = lfm ? 8 : 16;
      const configuration = modelConfiguration({
        architecture: arch,
        outputStride,
        useBatchNorm,
        head: 'cam',
        classes,
      });
      const trunk = buildTrunk(configuration);
      const names = stateNames([
        ...trunk.layers,
        ...new Head(configuration.head, trunk.channels, classes).layers,
      ]);
      expect(names).toEqual(manifest.entries.map((entry) => entry.name));
      expect([...formulaState(manifest).keys()]).toEqual(names);
    });
  }
});

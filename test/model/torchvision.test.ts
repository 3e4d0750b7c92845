import type { Engine } from '../../src/runtime/engine.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildTrunk, familyOf } from '../../src/model/architectures.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';
import { fingerprints } from './fingerprint.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { readJsonFixture } from '../fixture.ts';
import { stateNames } from '../../src/model/state_dict.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const VGG = { architecture: 'vgg16', head: 'calm-em', classes: 3 } as const;
const INCEPTION = { architecture: 'inception_v3', head: 'calm-em', classes: 3 } as const;

interface KeyMap {
  readonly loaded?: Readonly<Record<string, string>>;
  readonly unchanged?: readonly string[];
  readonly unchanged_count?: number;
  readonly ignored_pretrained: readonly string[];
  readonly left_at_initialisation: readonly string[];
}
const maps = (await readJsonFixture('released_code/pretrained_key_maps.json')) as Record<string, KeyMap>;

describe("torchvision's files", () => {
  const tensor = encodeTensor(new Float32Array(1), [1]);
  const isHead = (name: string): boolean => /^(conv_last|attention)\./.test(name);

  for (const useBatchNorm of [false, true]) {
    for (const outputStride of [16, 8] as const) {
      test(`VGG16 ${useBatchNorm ? 'with' : 'without'} batch norms, stride ${outputStride}: keys move as the released loader moves them`, () => {
        const python = (value: boolean): string => (value ? 'True' : 'False');
        const map =
          maps[`vgg16 use_bn=${python(useBatchNorm)} large_feature_map=${python(outputStride === 8)}`];
        if (map === undefined) throw new Error('the fixture has no such map');
        // The file's names: ours by theirs.
        const wanted = new Map([
          ...Object.entries(map.loaded ?? {}).map(([own, theirs]) => [theirs, own] as const),
          ...(map.unchanged ?? []).map((name) => [name, name] as const),
        ]);
        const names = [...wanted.keys(), ...map.ignored_pretrained, 'classifier.0.weight'];
        const objects = new Map<string, SafetensorsTensor>(names.map((name) => [name, { ...tensor }]));
        const configuration = modelConfiguration({ ...VGG, useBatchNorm, outputStride });
        const { state, ignored, kept } = familyOf('vgg16').fromTorchvision(objects, configuration, {
          official: true,
        });
        expect(new Set(state.keys())).toEqual(new Set(wanted.values()));
        for (const [theirs, own] of wanted) expect(state.get(own)).toBe(objects.get(theirs));
        expect(ignored.toSorted()).toEqual([...map.ignored_pretrained, 'classifier.0.weight'].toSorted());
        expect(kept.toSorted()).toEqual(
          map.left_at_initialisation.filter((name) => !isHead(name)).toSorted(),
        );
        // Ours takes the running statistics along.
        const sane = familyOf('vgg16').fromTorchvision(objects, configuration, {});
        const all = stateNames(buildTrunk(configuration).layers).filter((name) =>
          name.startsWith('features.'),
        );
        expect([...sane.state.keys()].toSorted()).toEqual(all.toSorted());
        expect(sane.kept.every((name) => /^(conv6|bn6)\./.test(name))).toBe(true);
        expect(sane.ignored).toEqual(['classifier.0.weight']);
      });
    }
  }

  test('Inception-v3: all up to Mixed_6e; the classifiers and Mixed_7 are left out', () => {
    const map = maps.inception_v3;
    const configuration = modelConfiguration(INCEPTION);
    const shared = stateNames(buildTrunk(configuration).layers).filter((name) => !name.startsWith('A3_'));
    expect(shared).toHaveLength(map?.unchanged_count ?? 0);
    const others = [
      'AuxLogits.conv0.conv.weight',
      'Mixed_7a.branch3x3_1.conv.weight',
      'fc.weight',
      'fc.bias',
    ];
    const { state, ignored, kept } = familyOf('inception_v3').fromTorchvision(
      new Map([...shared, ...others].map((name) => [name, tensor])),
      configuration,
      {},
    );
    expect([...state.keys()]).toEqual(shared);
    expect(ignored).toEqual(others);
    expect(kept.toSorted()).toEqual(map?.left_at_initialisation.filter((name) => !isHead(name)).toSorted());
  });

  test('go into a model: weights move, running statistics with them, conv6 stays', async () => {
    const source = createModel(engine, { ...VGG, seed: 1 });
    const state = new Map(await source.stateDict());
    for (const name of [...state.keys()]) {
      if (/^(conv6|bn6|conv_last|attention)/.test(name)) state.delete(name);
      else if (name.endsWith('.running_mean')) {
        const { shape } = state.get(name) ?? tensor;
        state.set(name, encodeTensor(new Float32Array(shape[0] ?? 1).fill(0.5), shape));
      }
    }
    state.set('classifier.6.weight', tensor);
    const model = createModel(engine, { ...VGG, outputStride: 8, seed: 2 });
    const before = await model.stateDict();
    const { loaded, ignored, kept } = model.loadTrunk(state);
    expect([loaded.length, ignored, kept.length]).toEqual([13 * 7, ['classifier.6.weight'], 7]);
    const initial = fingerprints(before);
    const file = fingerprints(state);
    const after = fingerprints(await model.stateDict());
    expect(after.get('features.39.weight')).toBe(file.get('features.40.weight'));
    expect(after.get('features.40.running_mean')).toBe(file.get('features.41.running_mean'));
    for (const name of ['conv6.weight', 'bn6.running_var', 'attention.0.weight'])
      expect(after.get(name)).toBe(initial.get(name));

    model.loadStateDict(before);
    model.loadTrunk(state, { official: true });
    const official = fingerprints(await model.stateDict());
    expect(official.get('features.39.weight')).toBe(file.get('features.40.weight'));
    expect(official.get('features.40.running_mean')).toBe(initial.get('features.40.running_mean'));
    expect(official.get('features.1.running_mean')).toBe(file.get('features.1.running_mean'));
    expect(file.get('features.1.running_mean')).not.toBe(initial.get('features.1.running_mean'));

    // A whole network's, whatever its head.
    expect(model.loadTrunk(await model.stateDict()).kept).toEqual([]);
    state.delete('features.0.weight');
    expect(() => model.loadTrunk(state)).toThrow(/no features\.0\.weight/);
    for (const made of [source, model]) made.dispose();
  });

  test('of the wrong kind are refused with what they are', () => {
    const configuration = modelConfiguration({ ...VGG, useBatchNorm: false });
    const names = stateNames(buildTrunk(modelConfiguration(VGG)).layers).filter((name) =>
      name.startsWith('features.'),
    );
    const file = new Map(names.map((name) => [name, tensor]));
    expect(() => familyOf('vgg16').fromTorchvision(file, configuration, {})).toThrow(
      "the file has 26 layers in features, as torchvision's vgg16_bn (useBatchNorm: true); wanted 13 layers",
    );
    expect(() => familyOf('vgg16').fromTorchvision(new Map(), configuration, {})).toThrow(
      'the file has 0 layers in features; wanted 13',
    );
  });
});

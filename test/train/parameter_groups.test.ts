import { describe, expect, test } from 'vitest';
import { parameterGroups } from '../../src/train/parameter_groups.ts';
import type { GroupKind } from '../../src/train/parameter_groups.ts';
import { readFileSync } from 'node:fs';

interface Lists {
  readonly features: readonly string[];
  readonly classifiers: readonly string[];
}

interface OtherLists {
  readonly slow: readonly string[];
  readonly fast: readonly string[];
  readonly fastWhenFineTuned: readonly string[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/released_code/${name}.json`, import.meta.url), 'utf8'));
const resnet = read('resnet50') as { readonly resnet50: Lists; readonly resnet50_finetune: Lists };
const others = read('parameter_groups') as { readonly vgg16: OtherLists; readonly inception_v3: OtherLists };

/** The fast group's names; checks that the others are in the slow one, and the rates. */
function fastNames(kind: GroupKind, architecture: string, names: readonly string[]): readonly string[] {
  const [slow, fast] = parameterGroups(kind, names, { architecture, learningRate: 0.01 });
  expect(slow).toMatchObject({ learningRate: 0.01, weightDecay: 1e-4 });
  expect(fast).toMatchObject({ learningRate: 0.1, weightDecay: 1e-4 });
  const fastSet = new Set(fast?.parameters);
  expect(slow?.parameters).toEqual(names.filter((name) => !fastSet.has(name)));
  return fast?.parameters ?? [];
}

describe('groups as the released code forms them', () => {
  const names = [...resnet.resnet50.features, ...resnet.resnet50.classifiers];

  test('ResNet-50', () => {
    expect(fastNames('official', 'resnet50', names)).toEqual(resnet.resnet50.classifiers);
    expect(fastNames('fine-tune', 'resnet50', names)).toEqual(resnet.resnet50_finetune.classifiers);
  });

  for (const architecture of ['vgg16', 'inception_v3'] as const) {
    test(architecture, () => {
      const { slow, fast, fastWhenFineTuned } = others[architecture];
      const all = [...slow, ...fast];
      expect(fastNames('official', architecture, all)).toEqual(fast);
      expect(fastNames('fine-tune', architecture, all)).toEqual(fastWhenFineTuned);
      expect(fastNames('modules', architecture, all)).toEqual(fast);
    });
  }

  test('by whole modules a ResNet differs in the stem and in conv1 of stage 4, and nowhere else', () => {
    const official = new Set(fastNames('official', 'resnet50', names));
    const modules = new Set(fastNames('modules', 'resnet50', names));
    const moved = names.filter((name) => official.has(name) !== modules.has(name));
    const inStage4 = [0, 1, 2].map((block) => `layer4.${block}.conv1.weight`);
    expect(new Set(moved)).toEqual(new Set(['bn1.weight', 'bn1.bias', ...inStage4]));
    expect(modules.has('layer4.0.conv1.weight')).toBe(true);
    expect(modules.has('bn1.weight')).toBe(false);
  });
});

test('one group, an empty group, another factor, an architecture that is not known', () => {
  const options = { architecture: 'resnet18', learningRate: 1 };
  expect(parameterGroups('one', ['conv1.weight', 'conv_last.bias'], options)).toEqual([
    { parameters: ['conv1.weight', 'conv_last.bias'], learningRate: 1, weightDecay: 1e-4 },
  ]);
  const [fast, ...rest] = parameterGroups('modules', ['conv_last.bias'], { ...options, fastFactor: 3 });
  expect([fast?.learningRate, rest]).toEqual([3, []]);
  const unknown = { ...options, architecture: 'densenet' };
  expect(() => parameterGroups('modules', ['a'], unknown)).toThrow(/architecture is densenet/);
});

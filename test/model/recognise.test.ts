import { describe, expect, test } from 'vitest';
import type { TensorInfo } from '../../src/model/files/stored_tensor.ts';
import type { TrunkOptions } from '../../src/model/architectures.ts';
import { buildTrunk } from '../../src/model/architectures.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { parameterNames, recogniseModel } from '../../src/model/recognise/recognise.ts';
import { parametersOf } from '../../src/model/layers.ts';

const info = (...shape: readonly number[]): TensorInfo => ({ dtype: 'F32', shape });

/** Names and PyTorch's shapes of a trunk of ours, which golden data hold to those of the released code. */
function trunkInfos(options: TrunkOptions): Map<string, TensorInfo> {
  const configuration = modelConfiguration({ ...options, head: 'cam', classes: 1 });
  const infos = new Map<string, TensorInfo>();
  for (const layer of buildTrunk(configuration).layers) {
    for (const { name, shape } of parametersOf(layer)) {
      const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
      infos.set(name, shape.length === 4 ? info(outputs, inputs, height, width) : info(...shape));
    }
    if (layer.kind === 'conv2d') continue;
    infos.set(`${layer.name}.running_mean`, info(1));
    infos.set(`${layer.name}.num_batches_tracked`, info());
  }
  return infos;
}

const calmHead = [
  ['conv_last.weight', info(200, 2048, 1, 1)],
  ['conv_last.bias', info(200)],
  ['attention.0.weight', info(1, 2048, 1, 1)],
  ['attention.0.bias', info(1)],
] as const;

describe('a network of the released code is recognised:', () => {
  const cases: readonly (readonly [string, TrunkOptions, boolean])[] = [
    ...(['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152'] as const).map(
      (architecture) => [architecture, { architecture }, true] as const,
    ),
    ['vgg16', { architecture: 'vgg16', useBatchNorm: false, outputStride: 16 }, false],
    ['vgg16', { architecture: 'vgg16', useBatchNorm: false, outputStride: 8 }, false],
    ['vgg16_bn', { architecture: 'vgg16', useBatchNorm: true, outputStride: 16 }, false],
    ['vgg16_bn', { architecture: 'vgg16', useBatchNorm: true, outputStride: 8 }, false],
    ['inception_v3', { architecture: 'inception_v3', useBatchNorm: false }, true],
    ['inception_v3', { architecture: 'inception_v3', useBatchNorm: true }, true],
  ];
  test.each(cases)('%s as %j', (name, options, stridesOpen) => {
    const infos = new Map([...trunkInfos(options), ...calmHead]);
    const found = recogniseModel(infos);
    expect(found).toMatchObject({
      architecture: name,
      trunk: options,
      head: 'calm',
      classes: 200,
      remarks: [],
    });
    expect(found.open.some((text) => text.includes('strides'))).toBe(stridesOpen);
    expect(found.open.some((text) => text.includes('CALM-EM'))).toBe(true);
  });
});

test('other widths, depths and stems are told by their shapes', () => {
  const options = {
    architecture: 'resnet18',
    layers: [1, 1],
    widths: [8, 16],
    stem: { width: 8, kernel: 3, stride: 1, pool: false },
  } as const;
  const found = recogniseModel(new Map([...trunkInfos(options), ...calmHead]));
  expect(found.trunk).toEqual(options);
  expect(found.architecture).toBe('a ResNet of basic blocks');
  expect(found.open).toContain('the stride and the pool of the stem');
});

test("torchvision's classifiers are told from ours, and its parameters counted without statistics", () => {
  const resnet = trunkInfos({ architecture: 'resnet50' });
  const found = recogniseModel(
    new Map([...resnet, ['fc.weight', info(1000, 2048)], ['fc.bias', info(1000)]]),
  );
  // As torchvision's documentation has it.
  expect(found).toMatchObject({ head: 'torchvision', classes: 1000, parameters: 25_557_032, remarks: [] });
  expect(recogniseModel(resnet)).toMatchObject({ head: 'none', classes: null });
  expect(parameterNames(resnet.keys())).not.toContain('bn1.running_mean');
});

test('what cannot be built is said, not guessed', () => {
  const change = (edit: (infos: Map<string, TensorInfo>) => void) => {
    const infos = new Map([...trunkInfos({ architecture: 'resnet50' }), ...calmHead]);
    edit(infos);
    return recogniseModel(infos);
  };
  const grouped = change((infos) => infos.set('layer1.0.conv2.weight', info(64, 4, 3, 3)));
  expect([grouped.trunk, grouped.remarks]).toEqual([null, ['layer1.0.conv2 is grouped (ResNeXt)']]);
  const wide = change((infos) => {
    infos.set('layer2.0.conv2.weight', info(256, 256, 3, 3));
  });
  expect(wide.remarks).toEqual(['layer2.0 widens 256 to 512 (wide ResNet)']);
  const plain = change((infos) => infos.delete('layer3.0.downsample.0.weight'));
  expect(plain.remarks).toEqual(['layer3.0 has a shortcut without a convolution (as ResNets for CIFAR)']);
  const gap = change((infos) => {
    for (const name of infos.keys()) if (name.startsWith('layer3.2.')) infos.delete(name);
  });
  expect([gap.architecture, gap.trunk]).toEqual([null, null]);
  expect(recogniseModel(new Map([['x', info(1)]])).remarks).toEqual([
    'none of resnet18 to 152, vgg16, vgg16_bn and inception_v3',
    'no classifier (fc, classifier.6 or conv_last)',
  ]);
});

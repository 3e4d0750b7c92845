import type { Engine } from '../../src/runtime/engine.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import type { ResNetOptions } from '../../src/model/resnet_family.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { encodeTensor, toFloat32 } from '../../src/model/safetensors.ts';
import { Head } from '../../src/model/head.ts';
import { hwioToOihw, oihwToHwio } from '../../src/model/layout.ts';
import { buildTrunk } from '../../src/model/architectures.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { readJsonFixture } from '../fixture.ts';
import { sameBytes } from '../same_bytes.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { stateNames } from '../../src/model/state_dict.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const SMALL: ModelOptions = {
  architecture: 'resnet50',
  layers: [1, 1, 1, 1],
  widths: [4, 4, 8, 8],
  stem: { width: 4 },
  head: 'calm-em',
  classes: 3,
};

function noise(seed: number, shape: readonly number[]): Tensor {
  const stream = new RandomStream(seed);
  const count = shape.reduce((product, size) => product * size, 1);
  return engine.tensor(
    Float32Array.from({ length: count }, () => stream.uniform(-1, 1)),
    shape,
  );
}

describe('architectures', () => {
  const namesOf = (options: ModelOptions): string[] => {
    const configuration = modelConfiguration(options);
    const trunk = buildTrunk(configuration);
    const head = new Head(configuration.head, trunk.channels, configuration.classes);
    return stateNames([...trunk.layers, ...head.layers]);
  };

  test("ResNet-50's names are those of the released code", async () => {
    const { stateNames: wanted } = (await readJsonFixture('released_code/resnet50.json')) as {
      stateNames: string[];
    };
    const names = namesOf({ architecture: 'resnet50', head: 'cam', classes: 200 });
    expect(names.toSorted()).toEqual(wanted.toSorted());
  });

  // Numbers of parameters of torchvision 0.14's models without `fc`, from its documentation minus 1000 * (D + 1).
  for (const [architecture, channels, parameters] of [
    ['resnet18', 512, 11_689_512 - 513_000],
    ['resnet34', 512, 21_797_672 - 513_000],
    ['resnet50', 2048, 25_557_032 - 2_049_000],
    ['resnet101', 2048, 44_549_160 - 2_049_000],
    ['resnet152', 2048, 60_192_808 - 2_049_000],
  ] as const) {
    test(`${architecture} has torchvision's number of parameters`, () => {
      const configuration = modelConfiguration({ architecture, head: 'cam', classes: 2 });
      const trunk = buildTrunk(configuration);
      const count = trunk.layers.reduce(
        (sum, layer) =>
          sum +
          (layer.kind === 'batchNorm2d'
            ? 2 * layer.channels
            : layer.kernel[0] * layer.kernel[1] * layer.inputChannels * layer.outputChannels),
        0,
      );
      expect([trunk.channels, count]).toEqual([channels, parameters]);
    });
  }

  for (const [outputStride, size] of [
    [32, 2],
    [16, 4],
    [8, 8],
  ] as const) {
    test(`an output stride of ${outputStride} gives ${size}x${size} locations at 64 pixels`, () => {
      const model = createModel(engine, { ...SMALL, outputStride });
      const images = noise(1, [1, 64, 64, 3]);
      const tape = startTape(engine, { gradients: false });
      expect(model.forward(tape, images).classLogits.shape).toEqual([1, size, size, 3]);
      tape.end();
      for (const made of [images, model]) made.dispose();
    });
  }

  test('basic blocks and a stem for small images', () => {
    const model = createModel(engine, {
      ...SMALL,
      architecture: 'resnet18',
      stem: { width: 4, kernel: 3, stride: 1, pool: false },
    });
    const images = noise(1, [2, 17, 19, 3]);
    const tape = startTape(engine, { gradients: false });
    expect(model.predict(tape, images).prior?.shape).toEqual([2, 5, 5]);
    tape.end();
    for (const made of [images, model]) made.dispose();
  });
});

test('only parts that the network has can be frozen', () => {
  const make = (frozen: string) => () => createModel(engine, { ...SMALL, frozen: [frozen] }).dispose();
  expect(make('layer9')).toThrow(
    /createModel: frozen is layer9, wanted a part of the network: conv1, bn1, layer1, .*conv_last/,
  );
  expect(make('layer')).toThrow(/frozen is layer/);
  for (const part of ['conv1', 'layer2', 'layer2.0', 'layer1.0.bn1', 'conv_last.bias'])
    expect(make(part)).not.toThrow();
});

describe('initial values', () => {
  const deviation = (values: Float32Array): number =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const valuesOf = async (
    options: Partial<ModelOptions & ResNetOptions>,
    name: string,
  ): Promise<Float32Array> => {
    const model = createModel(engine, { ...SMALL, widths: [16, 4, 8, 32], ...options });
    const state = await model.stateDict();
    model.dispose();
    return toFloat32(state.get(name) ?? encodeTensor(new Float32Array(), [0]));
  };

  test('trunk convolutions are Kaiming normal by fan out', async () => {
    const values = await valuesOf({}, 'layer4.0.conv2.weight');
    expect(values).toHaveLength(32 * 32 * 9);
    // The deviation of 9216 normal draws is known to 1/sqrt(2 * 9216) = 0.7 %.
    expect(deviation(values) / Math.sqrt(2 / (32 * 9))).toBeCloseTo(1, 1);
    expect(Math.max(...values)).toBeGreaterThan(3 * Math.sqrt(2 / (32 * 9)));
  });

  test("heads are torch.nn.Conv2d's uniform, with bias", async () => {
    const bound = 1 / Math.sqrt(128);
    const weight = await valuesOf({ classes: 40 }, 'conv_last.weight');
    expect(Math.max(...weight.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(deviation(weight) / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    const bias = await valuesOf({ classes: 40 }, 'conv_last.bias');
    expect(deviation(bias)).toBeGreaterThan(0.3 * bound);
  });

  test('Xavier: uniform by both fans, biases zero', async () => {
    const values = await valuesOf({ initialisation: 'xavier' }, 'layer4.0.conv2.weight');
    const bound = Math.sqrt(6 / (2 * 32 * 9));
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
    expect(deviation(values) / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(await valuesOf({ initialisation: 'xavier' }, 'conv_last.bias')).toEqual(new Float32Array(3));
  });

  test('the seed decides, and a head does not disturb the trunk', async () => {
    const name = 'layer2.0.conv1.weight';
    const values = await valuesOf({ seed: 1 }, name);
    expect(await valuesOf({ seed: 1, head: 'cam', classes: 7 }, name)).toEqual(values);
    expect(await valuesOf({ seed: 2 }, name)).not.toEqual(values);
    expect(await valuesOf({ seed: 1 }, 'layer2.0.bn1.weight')).toEqual(new Float32Array(4).fill(1));
  });
});

describe('state dicts', () => {
  test('layouts: OIHW and HWIO are each other turned round', () => {
    const oihw = Float32Array.from({ length: 2 * 3 * 1 * 5 }, (_, i) => i);
    const hwio = oihwToHwio(oihw, [2, 3, 1, 5]);
    // Element [o=1,i=2,h=0,w=4] of OIHW.
    expect(hwio[(4 * 3 + 2) * 2 + 1]).toBe((1 * 3 + 2) * 5 + 4);
    expect(hwioToOihw(hwio, [1, 5, 3, 2])).toEqual(oihw);
  });

  test('what one model gives another takes, buffers too', async () => {
    const [first, second] = [
      createModel(engine, { ...SMALL, seed: 1 }),
      createModel(engine, { ...SMALL, seed: 2 }),
    ];
    const images = noise(3, [2, 32, 32, 3]);
    const tape = startTape(engine);
    first.forward(tape, images, { mode: 'train' });
    tape.end();
    const state = await first.stateDict();
    second.loadStateDict(state);
    expect(await second.stateDict()).toEqual(state);
    expect(second.weights.running('bn1').batches).toBe(1);
    for (const made of [first, second, images]) made.dispose();
  });

  const changed = async (
    change: (state: Map<string, SafetensorsTensor>) => void,
  ): Promise<{ load: () => void; unchanged: () => Promise<boolean>; dispose: () => void }> => {
    const model = createModel(engine, SMALL);
    const before = await model.stateDict();
    const state = new Map(
      [...before].map(([name, tensor]) => [
        name,
        tensor.dtype === 'F32' ? encodeTensor(toFloat32(tensor).fill(7), tensor.shape) : tensor,
      ]),
    );
    change(state);
    const same = async (): Promise<boolean> => {
      const after = await model.stateDict();
      return [...after].every(([name, tensor]) => sameBytes(tensor.bytes, before.get(name)?.bytes));
    };
    return { load: () => model.loadStateDict(state), unchanged: same, dispose: () => model.dispose() };
  };

  for (const [what, change, message] of [
    ['a missing tensor', (state: Map<string, SafetensorsTensor>) => state.delete('bn1.bias'), /no bn1\.bias/],
    [
      'an unknown tensor',
      (state: Map<string, SafetensorsTensor>) =>
        state.set('fc.weight', encodeTensor(new Float32Array(1), [1])),
      /network has no fc\.weight/,
    ],
    [
      'a wrong shape',
      (state: Map<string, SafetensorsTensor>) =>
        state.set('conv_last.weight', encodeTensor(new Float32Array(4), [4])),
      /conv_last\.weight is \[4\], wanted \[3,32,1,1\]/,
    ],
    [
      'a wrong type',
      (state: Map<string, SafetensorsTensor>) => state.set('bn1.bias', encodeTensor(new Int32Array(4), [4])),
      /I32/,
    ],
    [
      'a last tensor that is cut short',
      (state: Map<string, SafetensorsTensor>) =>
        state.set('attention.0.bias', { dtype: 'F32', shape: [1], bytes: new Uint8Array(3) }),
      /attention\.0\.bias has 3 bytes, wanted 4/,
    ],
    ...[Number.NaN, 0.5, Infinity, -3].map(
      (count) =>
        [
          `a count of ${count} batches`,
          (state: Map<string, SafetensorsTensor>) =>
            state.set('bn1.num_batches_tracked', encodeTensor(Float32Array.of(count), [])),
          new RegExp(`bn1\\.num_batches_tracked is ${count}, wanted a whole number >= 0`),
        ] as const,
    ),
    [
      'two counts for one',
      (state: Map<string, SafetensorsTensor>) =>
        state.set('bn1.num_batches_tracked', encodeTensor(Int32Array.of(1, 2), [2])),
      /bn1\.num_batches_tracked is \[2\]/,
    ],
    [
      'a count that is cut short',
      (state: Map<string, SafetensorsTensor>) =>
        state.set('bn1.num_batches_tracked', { dtype: 'I64', shape: [], bytes: new Uint8Array(5) }),
      /bn1\.num_batches_tracked has 5 bytes, wanted 8/,
    ],
  ] as const) {
    test(`${what} is named, and nothing is loaded`, async () => {
      const { load, unchanged, dispose } = await changed((state) => void change(state));
      expect(load).toThrow(message);
      expect(await unchanged()).toBe(true);
      dispose();
    });
  }

  test("torchvision's fc becomes CAM's 1x1 convolution", async () => {
    const model = createModel(engine, { ...SMALL, head: 'cam', seed: 1 });
    const other = createModel(engine, { ...SMALL, head: 'cam', seed: 2 });
    const state = await model.stateDict();
    const torchvision = new Map(
      [...state].filter(([name]) => !/^(conv_last|attention)|num_batches_tracked$/.test(name)),
    );
    const weight = toFloat32(state.get('conv_last.weight') ?? encodeTensor(new Float32Array(), [0]));
    torchvision.set('fc.weight', encodeTensor(weight, [3, 32]));
    torchvision.set('fc.bias', state.get('conv_last.bias') ?? encodeTensor(new Float32Array(), [0]));
    other.loadStateDict(torchvision);
    const images = noise(4, [2, 40, 40, 3]);
    const tape = startTape(engine, { gradients: false });
    const [wanted, got] = [model.predict(tape, images), other.predict(tape, images)];
    expect(await engine.read(got.probabilities)).toEqual(await engine.read(wanted.probabilities));
    tape.end();
    const calm = createModel(engine, SMALL);
    expect(() => calm.loadStateDict(torchvision)).toThrow(/fc\.weight/);
    calm.loadTrunk(torchvision);
    expect((await calm.stateDict()).get('conv1.weight')).toEqual(state.get('conv1.weight'));
    for (const made of [model, other, calm, images]) made.dispose();
  });
});

describe('running a model', () => {
  test('inference holds few activations at a time and gives everything back', () => {
    const model = createModel(engine, { ...SMALL, layers: [3, 3, 3, 3] });
    const images = noise(5, [1, 64, 64, 3]);
    const before = engine.memory();
    const tape = startTape(engine, { gradients: false });
    const { probabilities } = model.predict(tape, images);
    expect(probabilities.shape).toEqual([1, 3]);
    const during = engine.memory();
    // Nothing but the logits' and the maps' small tensors is still in use; activations have been given back.
    expect(during.usedBytes - before.usedBytes).toBeLessThan(32 * 1024);
    tape.end();
    expect(engine.memory().usedBytes).toBe(before.usedBytes);
    for (const made of [images, model]) made.dispose();
  });

  test('probabilities sum to one and the prior too', async () => {
    for (const head of ['cam', 'calm-em'] as const) {
      const model = createModel(engine, { ...SMALL, head });
      const images = noise(6, [2, 48, 40, 3]);
      const tape = startTape(engine, { gradients: false });
      const { probabilities, prior } = model.predict(tape, images);
      const rows = await engine.read(probabilities);
      expect((rows[0] ?? 0) + (rows[1] ?? 0) + (rows[2] ?? 0)).toBeCloseTo(1, 5);
      expect(prior === null).toBe(head === 'cam');
      if (prior !== null) {
        const values = await engine.read(prior);
        expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(2, 5);
      }
      tape.end();
      for (const made of [images, model]) made.dispose();
    }
  });

  test('a copy of the weights stays when the model moves on', async () => {
    const model = createModel(engine, { ...SMALL, head: 'calm-em' });
    const copy = model.copyWeights();
    const images = noise(7, [2, 32, 32, 3]);
    const labels = engine.tensor(Uint32Array.of(0, 2), [2]);
    const posteriorOf = async (weights: typeof copy | undefined): Promise<Float32Array> => {
      const tape = startTape(engine, { gradients: false });
      try {
        const options = weights === undefined ? {} : { weights };
        return await engine.read(model.posterior(tape, images, labels, options));
      } finally {
        tape.end();
      }
    };
    const before = await posteriorOf(undefined);
    expect(await posteriorOf(copy)).toEqual(before);
    engine.write(model.parameters.get('attention.0.weight'), new Float32Array(32).fill(1));
    expect(await posteriorOf(undefined)).not.toEqual(before);
    expect(await posteriorOf(copy)).toEqual(before);
    copy.assign(model.weights);
    expect(await posteriorOf(copy)).toEqual(await posteriorOf(undefined));
    for (const made of [copy, model, images, labels]) made.dispose();
  });

  test('misuse is named', () => {
    const model = createModel(engine, { ...SMALL, head: 'cam' });
    const tape = startTape(engine);
    const images = noise(8, [2, 32, 32, 3]);
    const grey = noise(8, [2, 32, 32, 1]);
    const labels = engine.tensor(Uint32Array.of(0), [1]);
    const pair = engine.tensor(Uint32Array.of(0, 1), [2]);
    const map = noise(9, [2, 2, 2]);
    expect(() => model.forward(tape, grey)).toThrow(/channels of images is 1/);
    expect(() => model.loss(tape, images, labels)).toThrow(/labels.*\[1\].*\[2\]/);
    expect(() => model.loss(tape, images, pair, { posterior: map })).toThrow(/posterior.*cam/);
    expect(() => model.posterior(tape, images, pair)).toThrow(/head is cam/);
    expect(() => model.parameters.get('layer9.weight')).toThrow(/layer9\.weight/);
    tape.end();
    for (const made of [model, images, grey, labels, pair, map]) made.dispose();
  });
});

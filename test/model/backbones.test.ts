import type { Engine } from '../../src/runtime/engine.ts';
import type { Mode } from '../../src/model/layers.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARCHITECTURES } from '../../src/model/architectures.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { encodeTensor, toFloat32 } from '../../src/model/safetensors.ts';
import { fingerprint, fingerprints } from './fingerprint.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { patchBatches } from '../train/patches.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { sameBytes } from '../same_bytes.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const VGG = { architecture: 'vgg16', head: 'calm-em', classes: 3 } as const;
const INCEPTION = { architecture: 'inception_v3', head: 'calm-em', classes: 3 } as const;

describe('options', () => {
  test('of VGG16 and Inception-v3 are two, with defaults', () => {
    for (const options of [VGG, INCEPTION]) {
      expect(modelConfiguration(options)).toEqual({
        architecture: options.architecture,
        outputStride: 16,
        useBatchNorm: true,
        head: expect.objectContaining({ kind: 'calm-em' }) as unknown,
        classes: 3,
        initialisation: 'torchvision',
        frozen: [],
        recompute: false,
        seed: 0,
      });
    }
  });

  test('a configuration is its own, for every architecture', () => {
    for (const architecture of ARCHITECTURES) {
      const configuration = modelConfiguration({ architecture, head: 'cam', classes: 2 });
      expect(modelConfiguration(JSON.parse(JSON.stringify(configuration)) as ModelOptions)).toEqual(
        configuration,
      );
    }
  });

  test('what checkpoints of ResNets have held so far is still one', () => {
    const stored = {
      architecture: 'resnet18',
      head: { kind: 'calm-em', prior: 'softplus', detachNormalizer: false, officialEpsilons: false },
      classes: 12,
      strides: [1, 2, 1],
      layers: [2, 2, 2],
      widths: [16, 32, 64],
      stem: { width: 16, kernel: 3, stride: 1, pool: false },
      initialisation: 'torchvision',
      frozen: [],
      recompute: false,
      seed: 7,
    } as const;
    expect(modelConfiguration(stored)).toEqual(stored);
  });

  for (const [options, message] of [
    [
      { ...VGG, layers: [1, 1] },
      /layers is given, wanted none: the options of vgg16 are .*outputStride, useBatchNorm/,
    ],
    [{ ...INCEPTION, stem: { kernel: 3 } }, /stem is given, wanted none/],
    [{ ...VGG, outputStride: 32 }, /outputStride is 32, wanted 8 \| 16 for vgg16/],
    [{ ...INCEPTION, outputStride: 32 }, /outputStride is 32, wanted 8 \| 16 for inception_v3/],
    [{ ...VGG, useBatchNorm: 'no' }, /useBatchNorm is "no"/],
    [{ ...VGG, architecture: 'vgg19' }, /architecture is vgg19, wanted resnet18 \| .*vgg16 \| inception_v3/],
    [
      { ...VGG, architecture: 'resnet50', useBatchNorm: false },
      /useBatchNorm is false, wanted true: resnet50/,
    ],
    [{ ...VGG, initialisation: 'zeros' }, /initialisation is zeros/],
    [{ ...VGG, frozen: ['layer1'] }, /frozen is layer1, wanted a part of the network: features, conv6, bn6/],
  ] as const) {
    test(`that do not fit: ${String(message)}`, () => {
      expect(() => createModel(engine, options as unknown as ModelOptions)).toThrow(message);
    });
  }

  test("'official' starts ResNets and Inception as Xavier, VGG as Kaiming", () => {
    const of = (architecture: 'resnet50' | 'vgg16' | 'inception_v3'): string =>
      modelConfiguration({ architecture, head: 'cam', classes: 2, initialisation: 'official' })
        .initialisation;
    expect([of('resnet50'), of('vgg16'), of('inception_v3')]).toEqual(['xavier', 'he', 'xavier']);
  });
});

describe('initial values', () => {
  const deviation = (values: Float32Array): number =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const valuesOf = async (options: ModelOptions, names: readonly string[]): Promise<Float32Array[]> => {
    const model = createModel(engine, options);
    try {
      return await Promise.all(names.map((name) => engine.read(model.parameters.get(name))));
    } finally {
      model.dispose();
    }
  };

  // Tens of thousands of draws: their deviation is known to about 1 %.
  test("VGG's are Kaiming's with biases 0; official: the head's too", async () => {
    const names = ['features.10.weight', 'features.10.bias', 'conv_last.weight', 'conv_last.bias'];
    const options = { ...VGG, classes: 40, useBatchNorm: false };
    const [weight = new Float32Array(), bias, head = new Float32Array(), headBias] = await valuesOf(
      options,
      names,
    );
    expect(deviation(weight) / Math.sqrt(2 / (9 * 256))).toBeCloseTo(1, 1);
    expect(bias).toEqual(new Float32Array(256));
    expect(deviation(head) / (1 / Math.sqrt(3 * 1024))).toBeCloseTo(1, 1);
    expect(deviation(headBias ?? new Float32Array(1))).toBeGreaterThan(0);
    const official = await valuesOf({ ...options, initialisation: 'official' }, names);
    expect(official[0]).toEqual(weight);
    expect(deviation(official[2] ?? head) / Math.sqrt(2 / 40)).toBeCloseTo(1, 1);
    expect(official[3]).toEqual(new Float32Array(40));
  });

  test("Inception's have a deviation of 0.1, its A3 layers Kaiming's", async () => {
    const [mixed, last, bias] = await valuesOf(INCEPTION, [
      'Mixed_6b.branch7x7_2.conv.weight',
      'A3_1b.0.weight',
      'A3_1b.0.bias',
    ]);
    expect(deviation(mixed ?? new Float32Array(1)) / 0.1).toBeCloseTo(1, 1);
    expect(deviation(last ?? new Float32Array(1)) / Math.sqrt(2 / (9 * 1024))).toBeCloseTo(1, 1);
    expect(bias).toEqual(new Float32Array(1024));
  });
});

describe('sizes of images', () => {
  for (const [options, least] of [
    [VGG, 16],
    [{ ...VGG, outputStride: 8 }, 8],
    [INCEPTION, 23],
    [{ ...INCEPTION, outputStride: 8 }, 11],
  ] as const) {
    const { architecture } = options;
    test(`${architecture} of stride ${'outputStride' in options ? options.outputStride : 16} takes ${least} pixels and no less`, () => {
      const model = createModel(engine, options);
      const tape = startTape(engine, { gradients: false });
      const [small, enough] = [least - 1, least].map((side) => engine.zeros([1, side, side + 9, 3]));
      if (small === undefined || enough === undefined) throw new Error('two were made');
      expect(() => model.forward(tape, small)).toThrow(
        `size of images is ${least - 1} x ${least + 8}, wanted at least ${least} x ${least} for ${architecture}`,
      );
      expect(model.forward(tape, enough).classLogits.shape.slice(0, 2)).toEqual([1, 1]);
      tape.end();
      for (const made of [small, enough, model]) made.dispose();
    });
  }

  test('of 224 pixels give 14x14 and 28x28 locations', () => {
    for (const options of [VGG, INCEPTION]) {
      for (const [outputStride, side] of [
        [16, 14],
        [8, 28],
      ] as const) {
        const model = createModel(engine, { ...options, outputStride });
        const tape = startTape(engine, { gradients: false });
        const images = engine.zeros([1, 224, 224, 3]);
        expect(model.forward(tape, images).classLogits.shape).toEqual([1, side, side, 3]);
        tape.end();
        for (const made of [images, model]) made.dispose();
      }
    }
  });
});

function noise(side: number) {
  const stream = new RandomStream(1);
  const pixels = Float32Array.from({ length: 2 * side * side * 3 }, () => stream.uniform(-1, 1));
  return {
    images: engine.tensor(pixels, [2, side, side, 3]),
    labels: engine.tensor(Uint32Array.of(0, 2), [2]),
    one: engine.tensor(Float32Array.of(1), []),
  };
}

/** Loss, gradients (their fingerprint) and state after a forward and a backward pass, and the memory held between the two. */
async function step(options: ModelOptions, mode: Mode = 'train', observe?: (name: string) => void) {
  const before = engine.memory();
  const model = createModel(engine, options);
  const { images, labels, one } = noise(24);
  const tape = startTape(engine);
  try {
    model.parameters.placeGradients(tape);
    const { loss } = model.loss(tape, images, labels, { mode, ...(observe && { observe }) });
    const held = engine.memory().usedBytes;
    tape.backward(loss, one);
    const reached = model.parameters.entries.filter(({ value }) => tape.gradient(value) !== null);
    const gradients = await engine.read(model.parameters.gradients);
    const state = await model.stateDict();
    return {
      loss: (await engine.read(loss))[0],
      gradients: fingerprint(gradients),
      largest: gradients.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
      reached: reached.map(({ name }) => name),
      state,
      held,
    };
  } finally {
    tape.end();
    for (const made of [model, images, labels, one]) made.dispose();
    expect(engine.memory().usedBytes).toBe(before.usedBytes);
  }
}

describe('training', () => {
  for (const [what, options] of [
    ['VGG16 without batch norms', { ...VGG, useBatchNorm: false }],
    ['VGG16, its start frozen', { ...VGG, frozen: ['features.0', 'features.1', 'features.3', 'features.4'] }],
    ['Inception-v3', INCEPTION],
  ] as const) {
    test(`${what}: recomputed, the same to the bit with less memory`, async () => {
      const wanted = await step(options);
      const got = await step({ ...options, recompute: true });
      expect(got.loss).toBe(wanted.loss);
      expect(wanted.largest).toBeGreaterThan(0);
      expect(got.gradients).toBe(wanted.gradients);
      expect(fingerprints(got.state)).toEqual(fingerprints(wanted.state));
      expect(got.held).toBeLessThan(wanted.held);
    });
  }

  test('an observer changes nothing, and sees Mixed_6e in evaluation too', async () => {
    const seen: string[] = [];
    const looked = await step(INCEPTION, 'train', (name) => void seen.push(name));
    expect(seen).toContain('Mixed_6e');
    const plain = await step(INCEPTION);
    expect(fingerprints(looked.state)).toEqual(fingerprints(plain.state));
    expect(looked.gradients).toBe(plain.gradients);
    expect(plain.held).toBeLessThan(looked.held);
    seen.length = 0;
    await step(INCEPTION, 'eval', (name) => void seen.push(name));
    expect(seen).toContain('Mixed_6e');
  });

  test('frozen parts get no gradient and keep their statistics', async () => {
    const { reached, state } = await step({ ...VGG, frozen: ['features'] });
    expect(reached).toEqual([
      'conv6.weight',
      'conv6.bias',
      'bn6.weight',
      'bn6.bias',
      'conv_last.weight',
      'conv_last.bias',
      'attention.0.weight',
      'attention.0.bias',
    ]);
    const variance = state.get('features.1.running_var');
    expect(variance && toFloat32(variance)).toEqual(new Float32Array(64).fill(1));
    expect(toFloat32(state.get('bn6.running_var') ?? encodeTensor(new Float32Array(), [0]))[0]).not.toBe(1);
  });

  test('of Mixed_6e the running statistics move, and nothing else; not in evaluation, and not when it is frozen', async () => {
    const isMixed6e = (name: string): boolean => name.startsWith('Mixed_6e.');
    // Of stride 8, because the patches have 20 pixels.
    const model = createModel(engine, { ...INCEPTION, outputStride: 8 });
    const trained = model.parameters.entries.filter(({ value }) => value.requiresGradient);
    expect(trained.map(({ name }) => name).filter(isMixed6e)).toEqual([]);
    const initial = await model.stateDict();
    const trainer = createTrainer(model, { learningRate: 0.01 });
    const changed = async (): Promise<string[]> => {
      const state = await model.stateDict();
      return [...state].flatMap(([name, { bytes }]) =>
        isMixed6e(name) && !sameBytes(bytes, initial.get(name)?.bytes) ? [name] : [],
      );
    };
    // Three steps: launched anew, captured, replayed.
    await trainer.trainEpoch(patchBatches(1, 3), { epoch: 1, stepsPerEpoch: 3 });
    const moved = await changed();
    expect(moved).toHaveLength(10 * 3);
    expect(moved.every((name) => /\.(running_mean|running_var|num_batches_tracked)$/.test(name))).toBe(true);
    expect(model.weights.running('Mixed_6e.branch_pool.bn').batches).toBe(3);
    trainer.dispose();
    model.dispose();

    for (const [options, mode] of [
      [INCEPTION, 'eval'],
      [{ ...INCEPTION, frozen: ['Mixed_6e'] }, 'train'],
    ] as const) {
      const { reached, state } = await step(options, mode);
      expect(reached.filter(isMixed6e)).toEqual([]);
      expect(reached).toContain('Mixed_6d.branch_pool.conv.weight');
      for (const [name, { bytes }] of state) {
        if (isMixed6e(name)) expect(sameBytes(bytes, initial.get(name)?.bytes)).toBe(true);
      }
    }
  });

  test('evaluation holds few activations at a time and gives everything back', () => {
    for (const options of [VGG, INCEPTION]) {
      const model = createModel(engine, options);
      const { images, labels, one } = noise(24);
      const before = engine.memory().usedBytes;
      const tape = startTape(engine, { gradients: false });
      model.predict(tape, images);
      // Logits and maps of a few locations.
      expect(engine.memory().usedBytes - before).toBeLessThan(16 * 1024);
      tape.end();
      expect(engine.memory().usedBytes).toBe(before);
      for (const made of [images, labels, one, model]) made.dispose();
    }
  });
});

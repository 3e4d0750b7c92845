import type { Engine } from '../../src/runtime/engine.ts';
import type { Mode } from '../../src/model/layers.ts';
import type { ModelOptions } from '../../src/model/configuration.ts';
import type { ResNetOptions } from '../../src/model/resnet_family.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const SMALL: ModelOptions = {
  architecture: 'resnet50',
  layers: [2, 2, 1, 1],
  widths: [4, 4, 8, 8],
  stem: { width: 4 },
  head: 'calm-em',
  classes: 3,
};

function imagesOf(on: Engine, count: number, side: number) {
  const stream = new RandomStream(1);
  const pixels = Float32Array.from({ length: count * side * side * 3 }, () => stream.uniform(-1, 1));
  return {
    images: on.tensor(pixels, [count, side, side, 3]),
    labels: on.tensor(
      Uint32Array.from({ length: count }, (_, image) => image % 3),
      [count],
    ),
    one: on.tensor(Float32Array.of(1), []),
  };
}

/** Loss, all gradients, and the state (running statistics in it) after a forward and a backward pass. */
async function step(
  options: ModelOptions,
  { looking = false, mode = 'train' }: { readonly looking?: boolean; readonly mode?: Mode } = {},
) {
  const before = engine.memory();
  const model = createModel(engine, options);
  const { images, labels, one } = imagesOf(engine, 3, 64);
  const tape = startTape(engine);
  const seen: string[] = [];
  try {
    model.parameters.placeGradients(tape);
    const observe = (name: string): void => void seen.push(name);
    const { loss } = model.loss(tape, images, labels, { mode, ...(looking ? { observe } : {}) });
    const held = engine.memory().usedBytes - before.usedBytes;
    tape.backward(loss, one);
    const gradients = await engine.read(model.parameters.gradients);
    return { loss: await engine.read(loss), gradients, state: await model.stateDict(), held, seen };
  } finally {
    tape.end();
    for (const made of [model, images, labels, one]) made.dispose();
    const { usedBuffers, usedBytes } = engine.memory();
    expect([usedBuffers, usedBytes]).toEqual([before.usedBuffers, before.usedBytes]);
  }
}

describe('recompute', () => {
  for (const [what, options, mode] of [
    ['bottlenecks', SMALL, 'train'],
    ['by running statistics', SMALL, 'eval'],
    [
      'basic blocks without a pool',
      { ...SMALL, architecture: 'resnet18', stem: { width: 4, pool: false } },
      'train',
    ],
    ['a frozen start', { ...SMALL, frozen: ['conv1', 'bn1', 'layer1', 'layer2.0.conv1'] }, 'train'],
    [
      'frozen batch norms',
      { ...SMALL, frozen: ['layer1.0.bn1', 'layer2.0.bn3', 'layer3.0.downsample.1'] },
      'train',
    ],
  ] as const) {
    test(`${what}: loss, gradients and running statistics to the bit`, async () => {
      const wanted = await step(options, { mode });
      const got = await step({ ...options, recompute: true }, { mode });
      expect(wanted.gradients.some((value) => value !== 0)).toBe(true);
      expect(got.loss).toEqual(wanted.loss);
      expect(got.gradients).toEqual(wanted.gradients);
      expect(got.state).toEqual(wanted.state);
      expect(got.held).toBeLessThan(wanted.held);
    });
  }

  test('does not happen while somebody looks', async () => {
    const looked = await step({ ...SMALL, recompute: true }, { looking: true });
    expect(looked.seen.filter((name) => name === 'layer1.0.conv1')).toHaveLength(1);
    expect(looked.held).toBe((await step(SMALL, { looking: true })).held);
  });

  test('is kept in the configuration', () => {
    const model = createModel(engine, { ...SMALL, recompute: true });
    expect(model.configuration.recompute).toBe(true);
    model.dispose();
  });
});

/**
 * What a training step of ResNet-50 takes at its peak, beyond parameters and images. Nothing is run. Eight images: Winograd's transformed
 * weights, up to 40 MB where an adapter chooses it, do not depend on the batch and are not what is measured.
 */
async function peakBytes(options: Partial<ModelOptions & ResNetOptions>): Promise<number> {
  const own = await createEngine();
  const model = createModel(own, { architecture: 'resnet50', head: 'calm-em', classes: 10, ...options });
  const { images, labels, one } = imagesOf(own, 8, 128);
  const before = own.memory().usedBytes;
  const tape = startTape(own);
  model.parameters.placeGradients(tape);
  tape.backward(model.loss(tape, images, labels).loss, one);
  tape.end();
  const { usedBytes, peakBytes: peak } = own.memory();
  expect(usedBytes).toBe(before);
  own.destroy();
  return peak - before;
}

test("recomputing halves what ResNet-50's activations take, and freezing saves them", async () => {
  const whole = await peakBytes({});
  expect(await peakBytes({ recompute: true })).toBeLessThan(0.5 * whole);
  // Only the head's and the last frozen block's tensors stay, and at any time a block's.
  const frozen = ['conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'layer4'];
  expect(await peakBytes({ frozen })).toBeLessThan(0.3 * whole);
});

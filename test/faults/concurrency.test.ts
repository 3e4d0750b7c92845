import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attribution } from '../../src/attribution/attribute.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Model } from '../../src/model/model.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { evaluate } from '../../src/train/evaluate.ts';
import { explainCalm } from '../../src/attribution/maps.ts';
import { listAdapters } from '../../src/runtime/open.node.ts';
import { patchBatches, smallModel } from '../train/patches.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const STEPS = 12;

/** Parameters after an epoch, and the losses on the way. `onStep` may do something meanwhile. */
async function train(own: Engine, onStep: (model: Model, step: number) => void = () => undefined) {
  const model = smallModel(own);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  const losses: number[] = [];
  await trainer.fit({
    epochs: 1,
    stepsPerEpoch: STEPS,
    train: (epoch) => patchBatches(epoch, STEPS),
    onStep: ({ loss, step }) => {
      losses.push(loss);
      onStep(model, step);
    },
  });
  const parameters = await own.read(model.parameters.values);
  trainer.dispose();
  model.dispose();
  return { parameters, losses };
}

const pixels = Float32Array.from({ length: 2 * 20 * 20 * 3 }, (_, i) => Math.sin(i));

/** The maps of two images, by a tape of its own. */
async function explain(model: Model): Promise<unknown> {
  const own = model.engine;
  const tape = startTape(own, { gradients: false });
  const images = own.tensor(pixels, [2, 20, 20, 3]);
  try {
    return await explainCalm(tape, model.forward(tape, images), { classes: { all: [0, 1, 2] } });
  } finally {
    images.dispose();
    tape.end();
  }
}

describe('on one engine', () => {
  test('explanations and evaluations during training leave its bits alone, and are those of some step', async () => {
    const alone = await train(engine);
    // The same steps one by one, with what an explanation after each gives.
    const after: string[] = [];
    const model = smallModel(engine);
    const trainer = createTrainer(model, { learningRate: 0.01, stepsInFlight: 1 });
    after.push(JSON.stringify(await explain(model)));
    await trainer.trainEpoch(patchBatches(1, STEPS), {
      epoch: 1,
      stepsPerEpoch: STEPS,
      checkpointEvery: 1,
      onCheckpoint: async () => void after.push(JSON.stringify(await explain(model))),
    });
    after.push(JSON.stringify(await explain(model)));
    trainer.dispose();
    model.dispose();
    expect(new Set(after).size).toBe(STEPS + 1);

    const { usedBytes } = engine.memory();
    const explained: Promise<unknown>[] = [];
    const evaluated: Promise<unknown>[] = [];
    const together = await train(engine, (own) => {
      explained.push(explain(own), explain(own));
      evaluated.push(evaluate(own, patchBatches(7, 2)));
    });
    expect(together).toEqual(alone);
    await Promise.all(evaluated);
    for (const maps of await Promise.all(explained)) expect(after).toContain(JSON.stringify(maps));
    expect(engine.memory().usedBytes).toBe(usedBytes);
  });

  test('two trainings at a time give the bits of each alone', async () => {
    const alone = await train(engine);
    const [first, second] = await Promise.all([train(engine), train(engine)]);
    expect(first).toEqual(alone);
    expect(second).toEqual(alone);
  });

  test('many requests at a time give what each gives alone', async () => {
    const model = smallModel(engine);
    const images = engine.tensor(pixels, [2, 20, 20, 3]);
    const request = (c: number): Promise<Attribution> =>
      attribute(model, images, {
        methods: ['joint', 'grad-cam', 'gradient', 'smooth-grad'],
        classes: { all: [c] },
        options: { samples: 3 },
      });
    const alone: Attribution[] = [];
    for (const c of [0, 1, 2]) alone.push(await request(c));
    const together = await Promise.all([0, 1, 2, 0, 1, 2].map(request));
    expect(together).toEqual([...alone, ...alone]);
    images.dispose();
    model.dispose();
  });

  test('maps by gradients are refused when training moves the weights between their passes', async () => {
    const outcomes: Promise<unknown>[] = [];
    let images = engine.tensor(pixels, [2, 20, 20, 3]);
    await train(engine, (model) => {
      const asked = attribute(model, images, { methods: ['gradient'], classes: { all: [0, 1] } });
      outcomes.push(
        asked.then(
          () => 'given',
          (error: unknown) => String(error),
        ),
      );
    });
    const answers = await Promise.all(outcomes);
    images.dispose();
    expect(answers).toContain(
      'ArgumentError: attribute: the weights changed between two passes of gradient; ask for it with no training step under way',
    );
    images = engine.tensor(pixels, [2, 20, 20, 3]);
    const model = smallModel(engine);
    await attribute(model, images, { methods: ['gradient'], classes: { all: [0, 1] } });
    images.dispose();
    model.dispose();
  });

  test('a second profile under way is refused', async () => {
    if (!engine.capabilities.timestamps) return;
    const both = await Promise.allSettled([
      engine.profile(() => engine.sync()),
      engine.profile(() => engine.sync()),
    ]);
    expect(both[0]?.status).toBe('fulfilled');
    expect(String(both[1]?.status === 'rejected' && both[1].reason)).toMatch(/another profile/);
  });
});

test('two engines of one adapter give the bits of one, side by side', async () => {
  const [alone, other] = [await train(engine), await createEngine()];
  const [first, second] = await Promise.all([train(engine), train(other)]);
  other.destroy();
  expect(first).toEqual(alone);
  expect(second).toEqual(alone);
});

test('two engines on one device give the bits of one, and one of them may end', async () => {
  const alone = await train(engine);
  const [one, two] = [
    await createEngine({ device: engine.device }),
    await createEngine({ device: engine.device }),
  ];
  const [first, second] = await Promise.all([train(one), train(two)]);
  expect(first).toEqual(alone);
  expect(second).toEqual(alone);
  const x = two.tensor(Float32Array.of(5), [1]);
  one.destroy();
  expect(await two.read(x)).toEqual(Float32Array.of(5));
  two.destroy();
});

test('engines of two adapters work side by side, each to its own bits', async (context) => {
  const adapters = await listAdapters();
  const other = adapters.find(({ selected }) => !selected);
  if (other === undefined) return context.skip('this machine has one adapter only');
  const wanted = other.description.source === 'embedded SwiftShader' ? 'swiftshader' : other.description.name;
  const second = await createEngine({ adapter: wanted });
  const alone = [await train(engine), await train(second)];
  expect(await Promise.all([train(engine), train(second)])).toEqual(alone);
  return second.destroy();
});

import type { Engine } from '../../src/runtime/engine.ts';
import type { Model } from '../../src/model/model.ts';
import type { StepEvent } from '../../src/train/epoch.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { patchBatch, patchBatches, smallModel } from './patches.ts';
import { toFloat32 } from '../../src/model/safetensors.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

async function parametersOf(model: Model): Promise<Float32Array> {
  return engine.read(model.parameters.values);
}

/** Parameters after two epochs of three steps. */
async function train(
  options: Partial<TrainerOptions>,
  modelOptions: Parameters<typeof smallModel>[1] = {},
): Promise<{ parameters: Float32Array; losses: number[] }> {
  const model = smallModel(engine, modelOptions);
  const trainer = createTrainer(model, { learningRate: 0.01, ...options });
  const losses: number[] = [];
  try {
    const onStep = ({ loss }: StepEvent): void => void losses.push(loss);
    await trainer.fit({ epochs: 2, stepsPerEpoch: 3, train: (epoch) => patchBatches(epoch, 3), onStep });
    return { parameters: await parametersOf(model), losses };
  } finally {
    trainer.dispose();
    model.dispose();
  }
}

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))), 0);

describe('training', () => {
  for (const head of ['cam', 'calm-em', 'calm-ml'] as const) {
    test(`${head} learns where chance is a third`, async () => {
      const model = smallModel(engine, { head });
      const trainer = createTrainer(model, { learningRate: 0.02 });
      try {
        const events: StepEvent[] = [];
        const [summary] = await trainer.fit({
          epochs: 1,
          stepsPerEpoch: 40,
          train: (epoch) => patchBatches(epoch, 40),
          validate: () => patchBatches(77, 5),
          onStep: (event) => void events.push(event),
        });
        expect(events.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, step) => step + 1));
        expect(events.at(-1)?.images).toBe(240);
        expect(summary?.loss).toBeCloseTo(events.reduce((sum, { loss }) => sum + loss, 0) / 40, 5);
        expect(events.at(-1)?.meanAccuracy).toBeCloseTo(summary?.accuracy ?? 0, 9);
        expect(summary?.validation?.images).toBe(30);
        expect(summary?.validation?.accuracy).toBeGreaterThan(0.8);
        expect(summary?.validation?.negativeLogLikelihood).toBeLessThan(0.7);
      } finally {
        trainer.dispose();
        model.dispose();
      }
    });
  }

  test('two runs give the same bits', async () => {
    const [first, second] = [await train({}), await train({})];
    expect(second).toEqual(first);
  });

  for (const [name, options] of [
    ['the current posterior', {}],
    ['a slow posterior', { posterior: { kind: 'ema', momentum: 0.5 } }],
    ['a refreshed posterior', { posterior: { kind: 'refresh', every: 2 } }],
  ] as const) {
    test(`captured steps give the same bits, running statistics included: ${name}`, async () => {
      const outcomes = [];
      for (const capture of [true, false]) {
        const model = smallModel(engine);
        const trainer = createTrainer(model, { learningRate: 0.01, ...options, capture });
        const captures = vi.spyOn(engine, 'capture');
        try {
          const losses: number[] = [];
          for (const epoch of [1, 2]) {
            async function* batches() {
              yield* patchBatches(epoch, 4);
              // A last batch of another size goes by itself.
              yield patchBatch(99, 4);
              yield* patchBatches(epoch + 10, 2);
            }
            const onStep = ({ loss }: StepEvent): void => void losses.push(loss);
            await trainer.trainEpoch(batches(), { epoch, stepsPerEpoch: 7, onStep });
          }
          const state = [...(await model.stateDict())].map(([key, { bytes }]) => [key, Buffer.from(bytes)]);
          const counts = [...model.weights.statistics.values()].map(({ batches }) => batches);
          outcomes.push({ losses, state, counts });
          // Once an epoch: the first step of a size is launched, the next one captured.
          expect(captures).toHaveBeenCalledTimes(capture ? 2 : 0);
        } finally {
          captures.mockRestore();
          trainer.dispose();
          model.dispose();
        }
      }
      expect(outcomes[0]).toEqual(outcomes[1]);
      expect(outcomes[0]?.counts[0]).toBe(14);
    });
  }

  test("EM with the current posterior and ML have one gradient (Fisher's identity)", async () => {
    const [em, ml] = [await train({}, { head: 'calm-em' }), await train({}, { head: 'calm-ml' })];
    // One rounding a step, and six steps.
    expect(largestDifference(em.parameters, ml.parameters)).toBeLessThan(1e-4);
    expect(em.losses[0]).toBeGreaterThan((ml.losses[0] ?? 0) + 0.5);
  });

  test('a slow posterior refreshed at every step is the current one', async () => {
    const current = await train({});
    const refreshed = await train({ posterior: { kind: 'refresh', every: 1 } });
    expect(largestDifference(refreshed.parameters, current.parameters)).toBeLessThan(1e-4);
    const followed = await train({ posterior: { kind: 'ema', momentum: 0 } });
    expect(largestDifference(followed.parameters, current.parameters)).toBeLessThan(1e-4);
  });

  test('so it is where batch norms are frozen', async () => {
    const frozen = { frozen: ['bn1', 'layer1.0.bn1', 'layer2.0.bn2'] };
    const current = await train({}, frozen);
    const refreshed = await train({ posterior: { kind: 'refresh', every: 1 } }, frozen);
    expect(largestDifference(refreshed.parameters, current.parameters)).toBeLessThan(1e-4);
  });

  test('a posterior that lags trains otherwise', async () => {
    const current = await train({});
    for (const posterior of [
      { kind: 'ema', momentum: 0.9 },
      { kind: 'refresh', every: 3 },
    ] as const) {
      const slow = await train({ posterior });
      expect(slow.losses[0]).toBeCloseTo(current.losses[0] ?? 0, 5);
      expect(largestDifference(slow.parameters, current.parameters)).toBeGreaterThan(1e-3);
    }
  });

  test('frozen parts stay, the rest moves', async () => {
    const model = smallModel(engine, { frozen: ['conv1', 'bn1', 'layer1'] });
    const trainer = createTrainer(model, { learningRate: 0.02 });
    try {
      const before = await model.stateDict();
      await trainer.trainEpoch(patchBatches(1, 3), { epoch: 1, stepsPerEpoch: 3 });
      const after = await model.stateDict();
      for (const [name, tensor] of after) {
        const isFrozen = /^(conv1|bn1|layer1)\./.test(name);
        const same = Buffer.compare(tensor.bytes, before.get(name)?.bytes ?? new Uint8Array()) === 0;
        expect(same, name).toBe(isFrozen);
      }
    } finally {
      trainer.dispose();
      model.dispose();
    }
  });

  test('weight decay alone does not touch the attention branch of CAM', async () => {
    const model = smallModel(engine, { head: 'cam' });
    const trainer = createTrainer(model, { learningRate: 0.02, weightDecay: 0.1 });
    try {
      const before = toFloat32((await model.stateDict()).get('attention.0.weight') ?? fail());
      await trainer.trainEpoch(patchBatches(1, 2), { epoch: 1, stepsPerEpoch: 2 });
      expect(toFloat32((await model.stateDict()).get('attention.0.weight') ?? fail())).toEqual(before);
    } finally {
      trainer.dispose();
      model.dispose();
    }
  });
});

function fail(): never {
  throw new Error('the tensor is missing');
}

describe('running', () => {
  test('memory is flat from step to step', async () => {
    const model = smallModel(engine);
    const trainer = createTrainer(model, { learningRate: 0.01, posterior: { kind: 'ema', momentum: 0.9 } });
    try {
      const ledgers: string[] = [];
      async function* batches() {
        for (let step = 1; step <= 50; step++) {
          yield await Promise.resolve(patchBatch(step));
          const { usedBuffers, usedBytes, freeBuffers, freeBytes } = engine.memory();
          ledgers.push([usedBuffers, usedBytes, freeBuffers, freeBytes].join(' '));
        }
      }
      await trainer.trainEpoch(batches(), { epoch: 1, stepsPerEpoch: 50 });
      expect(ledgers[49]).toBe(ledgers[2]);
    } finally {
      trainer.dispose();
      model.dispose();
    }
  });

  test('everything is given back', async () => {
    const before = engine.memory();
    await train({ posterior: { kind: 'ema', momentum: 0.5 } });
    const after = engine.memory();
    expect([after.usedBuffers, after.usedBytes]).toEqual([before.usedBuffers, before.usedBytes]);
  });

  test('an aborted signal ends an epoch between two steps', async () => {
    const model = smallModel(engine);
    const trainer = createTrainer(model, { learningRate: 0.01 });
    const controller = new AbortController();
    try {
      const done = trainer.trainEpoch(patchBatches(1, 100), {
        epoch: 1,
        stepsPerEpoch: 100,
        signal: controller.signal,
        onStep: ({ step }) => step === 2 && controller.abort(new Error('enough')),
      });
      await expect(done).rejects.toThrow('enough');
      expect(trainer.steps).toBeLessThan(6);
    } finally {
      trainer.dispose();
      model.dispose();
    }
  });

  test('a loss that is not finite ends training and says where', async () => {
    const model = smallModel(engine);
    const trainer = createTrainer(model, { learningRate: 1e30 });
    try {
      const done = trainer.trainEpoch(patchBatches(1, 9), { epoch: 1, stepsPerEpoch: 9 });
      await expect(done).rejects.toThrow(/epoch 1, step 2 has .*its loss is NaN.*first in .*learning rate/);
    } finally {
      trainer.dispose();
      model.dispose();
    }
  });

  test('misuse is named', async () => {
    const cam = smallModel(engine, { head: 'cam' });
    const em = smallModel(engine);
    try {
      const options = { learningRate: 0.1 };
      expect(() => createTrainer(cam, { ...options, posterior: { kind: 'ema', momentum: 0.9 } })).toThrow(
        /posterior.*cam/,
      );
      expect(() => createTrainer(em, { ...options, posterior: { kind: 'ema', momentum: 2 } })).toThrow(
        /momentum is 2/,
      );
      expect(() => createTrainer(em, { ...options, posterior: { kind: 'refresh', every: 0 } })).toThrow(
        /every is 0/,
      );
      expect(() => createTrainer(em, { ...options, stepsInFlight: 0 })).toThrow(/stepsInFlight is 0/);
      const trainer = createTrainer(em, options);
      const none = trainer.trainEpoch(patchBatches(1, 0), { epoch: 1, stepsPerEpoch: 1 });
      await expect(none).rejects.toThrow(/no batches/);
      async function* broken() {
        yield await Promise.resolve({ ...patchBatch(1), labels: Uint32Array.of(0) });
      }
      await expect(trainer.trainEpoch(broken(), { epoch: 1, stepsPerEpoch: 1 })).rejects.toThrow(
        /image bytes/,
      );
      trainer.dispose();
    } finally {
      cam.dispose();
      em.dispose();
    }
  });
});

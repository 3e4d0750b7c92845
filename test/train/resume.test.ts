import type { Engine } from '../../src/runtime/engine.ts';
import type { EpochSummary, StepEvent } from '../../src/train/epoch.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointContent, parseCheckpoint, resumeTraining } from '../../src/train/checkpoint.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { learningRateFactor } from '../../src/train/schedule.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/model/safetensors.ts';
import { patchBatch, smallModel } from './patches.ts';
import { withChecksum } from '../../src/train/checksum.ts';

const EPOCHS = 2;
const STEPS = 3;

/** What a run tells of, without its times. */
interface Told {
  readonly events: Omit<StepEvent, 'seconds'>[];
  readonly summaries: Omit<EpochSummary, 'seconds' | 'imagesPerSecond'>[];
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

/** The batches of an epoch, the last one smaller, from number `first` on. */
async function* batchesOf(epoch: number, first: number) {
  for (let step = first; step < STEPS; step++)
    yield await Promise.resolve(patchBatch(100 * epoch + step, step === STEPS - 1 ? 4 : 6));
}

/**
 * Trains from a checkpoint, or from the start, to the end or to where `stop` says; returns the file that is left. Each call is a
 * process of its own as far as can be told: nothing but the file goes over.
 */
async function run(
  options: TrainerOptions,
  file: Uint8Array<ArrayBuffer> | null,
  told: Told,
  stop: (event: StepEvent) => boolean,
  fit: {
    readonly checkpointEvery?: number;
    readonly onCheckpoint?: (bytes: Uint8Array<ArrayBuffer>) => void;
  } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const checkpoint = file === null ? null : parseCheckpoint(parseSafetensors(file));
  const model = checkpoint === null ? smallModel(engine) : createModel(engine, checkpoint.configuration);
  const trainer = createTrainer(model, options);
  const controller = new AbortController();
  const save = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const { tensors, metadata } = await checkpointContent(trainer, { of: 'a test' });
    return serializeSafetensors(tensors, metadata);
  };
  try {
    if (checkpoint !== null) resumeTraining(trainer, checkpoint);
    await trainer.fit({
      epochs: EPOCHS,
      stepsPerEpoch: STEPS,
      train: batchesOf,
      signal: controller.signal,
      onStep: (event) => {
        const { seconds, ...rest } = event;
        expect(seconds).toBeGreaterThan(0);
        told.events.push(rest);
        if (stop(event)) controller.abort(new Error('interrupted'));
      },
      onEpoch: ({ seconds, imagesPerSecond, ...rest }) => {
        expect(seconds * imagesPerSecond).toBeGreaterThanOrEqual(0);
        told.summaries.push(rest);
      },
      ...(fit.checkpointEvery === undefined ? {} : { checkpointEvery: fit.checkpointEvery }),
      onCheckpoint: async () => fit.onCheckpoint?.(await save()),
    });
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'interrupted') throw error;
  }
  const bytes = await save();
  trainer.dispose();
  model.dispose();
  return bytes;
}

const never = (): boolean => false;
const told = (): Told => ({ events: [], summaries: [] });

const CASES: readonly (readonly [string, TrainerOptions])[] = [
  [
    'momentum and a cosine',
    { learningRate: 0.01, schedule: { kind: 'cosine', epochs: 2, warmupEpochs: 0.5 } },
  ],
  ['a moving average', { learningRate: 0.01, posterior: { kind: 'ema', momentum: 0.8 } }],
  ['a copy refreshed every four steps', { learningRate: 0.01, posterior: { kind: 'refresh', every: 4 } }],
  ['micro-batches', { learningRate: 0.01, microBatchSize: 3, posterior: { kind: 'ema', momentum: 0.8 } }],
];

test('interrupted in a validation, fit begins with that one', async () => {
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  const controller = new AbortController();
  const epochsTold: number[] = [];
  const options = {
    epochs: 2,
    stepsPerEpoch: STEPS,
    train: batchesOf,
    onEpoch: ({ epoch, validation }: EpochSummary) => {
      expect(validation?.images).toBe(6);
      epochsTold.push(epoch);
    },
  };
  async function* interrupting() {
    if (epochsTold.length === 1) controller.abort(new Error('interrupted'));
    yield await Promise.resolve(patchBatch(7, 6));
  }
  const first = trainer.fit({ ...options, validate: interrupting, signal: controller.signal });
  await expect(first).rejects.toThrow('interrupted');
  expect(epochsTold).toEqual([1]);
  async function* validation() {
    yield await Promise.resolve(patchBatch(7, 6));
  }
  const [summary, ...others] = await trainer.fit({ ...options, validate: validation });
  expect([summary?.epoch, others, epochsTold]).toEqual([2, [], [1, 2]]);
  expect(trainer.steps).toBe(2 * STEPS);
  trainer.dispose();
  model.dispose();
});

test('an epoch that was left beyond its end is refused', async () => {
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  trainer.resumeAt({
    epochsDone: 0,
    steps: 5,
    progress: { epoch: 1, step: 5, images: 30, lossSum: 1, correct: 1 },
  });
  const training = trainer.trainEpoch(batchesOf(1, 0), { epoch: 1, stepsPerEpoch: STEPS });
  await expect(training).rejects.toThrow('stepsPerEpoch is 3, wanted at least 5, where epoch 1 was left');
  trainer.dispose();
  model.dispose();
});

describe('interrupted after any step, a run goes on to the same bits', () => {
  for (const [name, options] of CASES) {
    test(name, async () => {
      const whole = told();
      const end = await run(options, null, whole, never);
      expect(whole.events).toHaveLength(EPOCHS * STEPS);
      const { learningRate, schedule = { kind: 'step', every: 30 } } = options;
      const rate = ({ epoch, step }: { readonly epoch: number; readonly step: number }): number =>
        learningRate * learningRateFactor(schedule, epoch, (step - 1) / STEPS, 1 / STEPS);
      expect(whole.events.map((event) => event.learningRate)).toEqual(whole.events.map(rate));
      for (let steps = 1; steps <= EPOCHS * STEPS; steps++) {
        const parts = told();
        // With one step in flight a step has been told of before the next one begins: the checkpoint is right behind it.
        const alone = { ...options, stepsInFlight: 1 };
        const left = await run(alone, null, parts, () => parts.events.length === steps);
        expect(parseCheckpoint(parseSafetensors(left)).training?.steps).toBe(steps);
        const resumed = await run(options, left, parts, never);
        expect(Buffer.compare(resumed, end), `after ${steps} steps`).toBe(0);
        expect(parts).toEqual(whole);
      }
    });
  }

  test('every step of a run by itself, two in flight', async () => {
    const [, options] = CASES[1] ?? ['', { learningRate: 0.01 }];
    const whole = told();
    const end = await run(options, null, whole, never);
    const parts = told();
    let file = null;
    let sessions = 0;
    // A run that never came nearer to its end would not end here either.
    while (parts.summaries.length < EPOCHS && sessions < 2 * EPOCHS * STEPS) {
      file = await run(options, file, parts, () => true);
      sessions++;
    }
    expect(sessions).toBeGreaterThanOrEqual(EPOCHS * 2);
    expect(parts).toEqual(whole);
    expect(file !== null && Buffer.compare(file, end)).toBe(0);
  });

  test('from any checkpoint within an epoch', async () => {
    const [, options] = CASES[1] ?? ['', { learningRate: 0.01 }];
    const saved: Uint8Array<ArrayBuffer>[] = [];
    const whole = told();
    const onCheckpoint = (bytes: Uint8Array<ArrayBuffer>): void => void saved.push(bytes);
    const end = await run(options, null, whole, never, { checkpointEvery: 1, onCheckpoint });
    expect(Buffer.compare(await run(options, null, told(), never), end)).toBe(0);
    const steps = saved.map((file) => parseCheckpoint(parseSafetensors(file)).training?.progress?.step);
    // The last step of an epoch is left to whoever saves after the epoch.
    expect(steps).toEqual([1, 2, 1, 2]);
    for (const [index, file] of saved.entries()) {
      const rest = told();
      expect(Buffer.compare(await run(options, file, rest, never), end), `checkpoint ${index}`).toBe(0);
      expect(rest.events).toEqual(whole.events.slice(-rest.events.length));
      expect(rest.summaries).toEqual(whole.summaries.slice(-rest.summaries.length));
    }
  });
});

test('what a checkpoint says of an epoch under way is checked', async () => {
  const file = parseSafetensors(await run({ learningRate: 0.01 }, null, told(), () => true));
  const metadata = (progress: unknown) =>
    new Map([...file.metadata, ['training', JSON.stringify({ epochsDone: 0, steps: 1, progress })]]);
  const parse = (progress: unknown) =>
    parseCheckpoint(withChecksum({ ...file, metadata: metadata(progress) })).training;
  expect(parse(undefined)?.progress).toBeNull();
  const good = { epoch: 1, step: 1, images: 6, lossSum: 2.5, correct: 3 };
  expect(parse(good)?.progress).toEqual(good);
  expect(() => parse(7)).toThrow(/progress is 7/);
  expect(() => parse({ ...good, step: -1 })).toThrow(/step is -1, wanted a whole number/);
  expect(() => parse({ ...good, lossSum: '2' })).toThrow(/lossSum is "2", wanted a number/);
});

test('the loader of an epoch is asked for what is left of it', async () => {
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  expect([trainer.firstBatch(1), trainer.progress]).toEqual([0, null]);
  const controller = new AbortController();
  const options = { epoch: 1, stepsPerEpoch: STEPS, signal: controller.signal };
  const onStep = (): void => controller.abort(new Error('interrupted'));
  await expect(trainer.trainEpoch(batchesOf(1, 0), { ...options, onStep })).rejects.toThrow('interrupted');
  expect([trainer.firstBatch(1), trainer.firstBatch(2)]).toEqual([2, 0]);
  expect(trainer.progress).toMatchObject({ epoch: 1, step: 2, images: 12 });
  await trainer.trainEpoch(batchesOf(1, 2), { epoch: 1, stepsPerEpoch: STEPS });
  expect([trainer.progress, trainer.epochsDone]).toEqual([null, 1]);
  const wrong = trainer.trainEpoch(batchesOf(2, 0), { epoch: 2, stepsPerEpoch: STEPS, checkpointEvery: 0 });
  await expect(wrong).rejects.toThrow(/checkpointEvery is 0/);
  trainer.dispose();
  model.dispose();
});

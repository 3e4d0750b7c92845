import { expect, test, vi } from 'vitest';
import { TrainingControl } from '../../demo/worker/training_control.ts';

/** A training that loses its device at a step of its own, from the checkpoint at step 10 each time. */
const trainings = vi.hoisted(() => ({ asked: [] as (number | null)[], losses: 0 }));
const told = vi.hoisted(
  () => [] as { readonly event: string; readonly failure?: { readonly message: string } }[],
);

vi.mock('../../demo/worker/gpu.ts', () => ({
  isLost: () => Promise.resolve(true),
  openEngine: () => Promise.resolve({}),
}));
vi.mock('../../demo/worker/scope.ts', () => ({ tell: (message: never) => void told.push(message) }));
vi.mock('../../demo/worker/training_file.ts', () => ({
  checkSettings: (settings: unknown) => settings,
  readTrainingFile: () => Promise.resolve({}),
}));
vi.mock('../../demo/worker/training.ts', () => ({
  TrainingRun: {
    open: (_engine: unknown, settings: unknown, file: unknown) =>
      Promise.resolve({
        settings,
        made: new Blob(),
        status: { step: file === null ? 0 : 10, state: 'paused' },
        pause: () => Promise.resolve(),
        dispose: () => undefined,
        resume: (steps: number | null) => {
          trainings.asked.push(steps);
          if (trainings.losses-- > 0) return Promise.reject(new Error('lost'));
          return Promise.resolve();
        },
      }),
  },
}));

const settled = () => new Promise((resolve) => void setTimeout(resolve, 20));

async function runWith(losses: number, steps: number): Promise<TrainingControl> {
  Object.assign(trainings, { asked: [], losses: 0 });
  told.length = 0;
  const control = new TrainingControl();
  await control.start({} as never, () => undefined);
  trainings.asked.length = 0;
  trainings.losses = losses;
  control.resume(steps);
  await settled();
  return control;
}

test('after a lost device only the steps that are left are asked for', async () => {
  await runWith(1, 25);
  expect(trainings.asked).toEqual([25, 15]);
});

test('a step that loses the device each time ends the run, with a message', async () => {
  const control = await runWith(Infinity, 25);
  expect(trainings.asked).toEqual([25, 15, 15, 15]);
  expect(told.filter(({ event }) => event === 'training-recovered')).toHaveLength(3);
  const failed = told.filter(({ event }) => event === 'training-failed');
  expect(failed).toHaveLength(1);
  expect(failed[0]?.failure?.message).toMatch(/lost 4 times on the way on from step 10/);
  expect(control.isRunning).toBe(false);
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { countingProgress, timedProgress, trainingProgress } from '../../tools/progress.ts';

const kept = { stdout: process.stdout.isTTY, stderr: process.stderr.isTTY };
let said: string[] = [];
let drawn = '';

/** Says what the two streams are, and collects what is written to them. */
function streams(stdout: boolean, stderr: boolean): void {
  process.stdout.isTTY = stdout;
  process.stderr.isTTY = stderr;
}

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  drawn = '';
  vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    drawn += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  streams(kept.stdout, kept.stderr);
});

/** Two epochs of as many steps, each step of 20 seconds. */
function train(steps = 2): void {
  const progress = trainingProgress('training', 1, 2, steps);
  for (const epoch of [1, 2]) {
    for (let step = 1; step <= steps; step++) {
      vi.advanceTimersByTime(20_000);
      const seconds = step * 20;
      progress.onStep({ epoch, step, batchSize: 8, meanLoss: 1, meanAccuracy: 0.5, seconds } as never);
    }
    progress.onEpoch({ epoch, loss: 1, accuracy: 0.5, imagesPerSecond: 0.4 } as never);
  }
  progress.stop();
}

const EPOCH = /^training epoch \d\/2: loss 1.000, accuracy 50.0 %/;

test('a log file gets a line an epoch, and between them one when half a minute has passed', () => {
  streams(false, false);
  train();
  expect(said).toEqual([
    'training epoch 1/2, step 2/2 | loss 1.000 | accuracy 50.0 % | 0.40 images/s | 40 s left',
    expect.stringMatching(EPOCH),
    'training epoch 2/2, step 2/2 | loss 1.000 | accuracy 50.0 % | 0.40 images/s | 0 s left',
    expect.stringMatching(EPOCH),
  ]);
  expect(drawn).toBe('');
});

test('where epochs are shorter than that their lines are enough', () => {
  streams(false, false);
  train(1);
  expect(said).toEqual([expect.stringMatching(EPOCH), expect.stringMatching(EPOCH)]);
});

test.each([
  ['stdout goes to a file', false, 2],
  ['both are a terminal', true, 0],
] as const)(
  'a bar is drawn on stderr where %s; a line an epoch would break one on stdout',
  (_, stdout, lines) => {
    streams(stdout, true);
    train();
    expect(drawn).toContain('epoch 2/2 | loss 1.000');
    expect(said.filter((line) => EPOCH.test(line))).toHaveLength(lines);
    expect(said).toHaveLength(lines);
  },
);

test('counted work: silent while it is short, else how far it is and what is left', () => {
  streams(true, false);
  const count = countingProgress('drawing');
  const timed = timedProgress('evaluating', 100);
  count(1, 100);
  timed.update(1);
  vi.advanceTimersByTime(30_000);
  count(50, 100);
  timed.update(50);
  timed.update(51);
  timed.stop();
  expect(said).toEqual(['drawing 50/100', 'evaluating 50/100 | 30 s left', 'evaluating: 51 images in 30 s']);
});

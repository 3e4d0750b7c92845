import type { EpochSummary, StepEvent } from '../src/train/epoch.ts';
import cliProgress from 'cli-progress';

/** Seconds as people read them: 42 s, 3:05 min, 1:02 h. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
}

/** Few digits where they are few: a large network on a software adapter does less than one image a second. */
function formatRate(rate: number): string {
  return `${rate < 10 ? rate.toPrecision(2) : rate.toFixed(0)} images/s`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** One line about a finished epoch; `split` is what its `validation` was measured on. */
export function describeEpoch(
  name: string,
  epochs: number,
  summary: EpochSummary,
  split = 'validation',
): string {
  const { epoch, loss, accuracy, imagesPerSecond, validation } = summary;
  const training = `loss ${loss.toFixed(3)}, accuracy ${percent(accuracy)}`;
  const validated =
    validation === undefined
      ? ''
      : `; ${split} accuracy ${percent(validation.accuracy)}, NLL ${validation.negativeLogLikelihood.toFixed(3)}`;
  return `${name} epoch ${epoch}/${epochs}: ${training}${validated} (${formatRate(imagesPerSecond)})`;
}

/** A progress bar of a training run on a terminal; on a pipe or in a log file one line an epoch. */
export interface TrainingProgress {
  onStep(event: StepEvent): void;
  onEpoch(summary: EpochSummary): void;
  stop(): void;
}

/**
 * Shows a training run from epoch `first` to `epochs`, with loss, accuracy, images per second and the time left. `split`: see
 * `describeEpoch`. `firstBatch`: steps of the first epoch that were done before.
 */
export function trainingProgress(
  name: string,
  first: number,
  epochs: number,
  stepsPerEpoch: number,
  split = 'validation',
  firstBatch = 0,
): TrainingProgress {
  const terminal = process.stdout.isTTY;
  const total = (epochs - first + 1) * stepsPerEpoch - firstBatch;
  const bar = new cliProgress.SingleBar(
    {
      format: `${name} {bar} {percentage}% | {what}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    },
    cliProgress.Presets.shades_classic,
  );
  if (terminal) bar.start(total, 0, { what: 'first step' });
  const start = performance.now();
  // What the last judgement said, kept in sight until the next one.
  let judged = '';
  let current = { epoch: 0, images: 0 };
  return {
    onStep({ epoch, step, batchSize, meanLoss, meanAccuracy, seconds }) {
      if (!terminal) return;
      const done = (epoch - first) * stepsPerEpoch + step - firstBatch;
      const left = ((performance.now() - start) / 1000 / done) * (total - done);
      current = { epoch, images: (current.epoch === epoch ? current.images : 0) + batchSize };
      const rate = formatRate(current.images / seconds);
      const what = `epoch ${epoch}/${epochs} | loss ${meanLoss.toFixed(3)} | accuracy ${percent(meanAccuracy)}${judged} | ${rate} | ${formatDuration(left)} left`;
      bar.update(done, { what });
    },
    onEpoch(summary) {
      const { validation } = summary;
      if (validation !== undefined) judged = ` (${split} ${percent(validation.accuracy)})`;
      if (!terminal) console.log(describeEpoch(name, epochs, summary, split));
    },
    stop() {
      if (terminal) bar.stop();
    },
  };
}

/** A progress bar for any countable work; on a pipe nothing but the line at its end. */
export function countingProgress(name: string): (done: number, total: number) => void {
  const terminal = process.stdout.isTTY;
  const bar = new cliProgress.SingleBar(
    { format: `${name} {bar} {value}/{total}`, barsize: 24, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  let started = false;
  return (done, total) => {
    if (!terminal) return;
    if (!started) bar.start(total, 0);
    started = true;
    bar.update(done);
    if (done === total) bar.stop();
  };
}

/** A progress bar with the time left; on a pipe or in a log file one line at its end. */
export function timedProgress(name: string, total: number): { update(done: number): void; stop(): void } {
  const terminal = process.stdout.isTTY;
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  let last = 0;
  const bar = new cliProgress.SingleBar(
    { format: `${name} {bar} {value}/{total}{left}`, barsize: 24, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  if (terminal) bar.start(total, 0, { left: '' });
  return {
    update(done) {
      last = done;
      if (terminal)
        bar.update(done, { left: ` | ${formatDuration((seconds() / done) * (total - done))} left` });
    },
    stop() {
      if (terminal) bar.stop();
      console.log(`${name}: ${last} images in ${formatDuration(seconds())}`);
    },
  };
}

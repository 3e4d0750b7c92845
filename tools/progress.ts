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

/** Where no bar can be drawn, seconds between lines that say how far the work is. */
const LINE_SECONDS = 30;

/** Bars are drawn on stderr, so that stdout may go to a file or through mpirun. */
const drawsBars = (): boolean => process.stderr.isTTY;

/** Whether lines for people would break a bar. */
export const barsAndLinesMeet = (): boolean => process.stderr.isTTY && process.stdout.isTTY;

function createBar(format: string): cliProgress.SingleBar {
  return new cliProgress.SingleBar(
    {
      format,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    },
    cliProgress.Presets.shades_classic,
  );
}

/** Prints a line unless one was printed less than LINE_SECONDS ago; `passed` starts the time anew. */
function lineNowAndThen(): { say(line: () => string): void; passed(): void } {
  let last = performance.now();
  return {
    say(line) {
      if (performance.now() - last < 1000 * LINE_SECONDS) return;
      last = performance.now();
      console.log(line());
    },
    passed() {
      last = performance.now();
    },
  };
}

/** A bar of a training run where stderr is a terminal, else lines now and then; and a line an epoch, unless the bar would be in its way. */
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
  const total = (epochs - first + 1) * stepsPerEpoch - firstBatch;
  const bar = drawsBars() ? createBar(`${name} {bar} {percentage}% | {what}`) : null;
  bar?.start(total, 0, { what: 'first step' });
  const lines = lineNowAndThen();
  const start = performance.now();
  // What the last judgement said, kept in sight until the next one.
  let judged = '';
  let current = { epoch: 0, images: 0 };
  return {
    onStep({ epoch, step, batchSize, meanLoss, meanAccuracy, seconds }) {
      const done = (epoch - first) * stepsPerEpoch + step - firstBatch;
      const left = ((performance.now() - start) / 1000 / done) * (total - done);
      current = { epoch, images: (current.epoch === epoch ? current.images : 0) + batchSize };
      const rate = formatRate(current.images / seconds);
      const numbers = `loss ${meanLoss.toFixed(3)} | accuracy ${percent(meanAccuracy)}${judged} | ${rate} | ${formatDuration(left)} left`;
      const place = `epoch ${epoch}/${epochs}`;
      if (bar === null) lines.say(() => `${name} ${place}, step ${step}/${stepsPerEpoch} | ${numbers}`);
      else bar.update(done, { what: `${place} | ${numbers}` });
    },
    onEpoch(summary) {
      const { validation } = summary;
      if (validation !== undefined) judged = ` (${split} ${percent(validation.accuracy)})`;
      if (!barsAndLinesMeet()) console.log(describeEpoch(name, epochs, summary, split));
      lines.passed();
    },
    stop() {
      bar?.stop();
    },
  };
}

/** A bar for any countable work where stderr is a terminal, else lines now and then. */
export function countingProgress(name: string): (done: number, total: number) => void {
  const bar = drawsBars() ? createBar(`${name} {bar} {value}/{total}`) : null;
  const lines = lineNowAndThen();
  let started = false;
  return (done, total) => {
    if (bar === null) {
      lines.say(() => `${name} ${done}/${total}`);
      return;
    }
    if (!started) bar.start(total, 0);
    started = true;
    bar.update(done);
    if (done === total) bar.stop();
  };
}

/** The same with the time left, and a line at its end. */
export function timedProgress(name: string, total: number): { update(done: number): void; stop(): void } {
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  let last = 0;
  const bar = drawsBars() ? createBar(`${name} {bar} {value}/{total}{left}`) : null;
  const lines = lineNowAndThen();
  bar?.start(total, 0, { left: '' });
  return {
    update(done) {
      last = done;
      const left = ` | ${formatDuration((seconds() / done) * (total - done))} left`;
      if (bar === null) lines.say(() => `${name} ${done}/${total}${left}`);
      else bar.update(done, { left });
    },
    stop() {
      bar?.stop();
      console.log(`${name}: ${last} images in ${formatDuration(seconds())}`);
    },
  };
}

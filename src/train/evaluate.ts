import type { Model } from '../model/model.ts';
import type { Normalization, TrainingBatch } from './batch.ts';
import { batchPart, checkBatch, checkLabels, IMAGENET_NORMALIZATION, uploadBatch } from './batch.ts';
import { SmallerParts } from '../runtime/smaller_parts.ts';
import { startTape } from '../kernels/tape.ts';

/** How well a model classifies a set of images. */
export interface Evaluation {
  readonly images: number;
  /** Share of images whose most probable class is the label. */
  readonly accuracy: number;
  /** Mean of -log p(y|x) in nats: the same measure for every head, whatever it is trained by. */
  readonly negativeLogLikelihood: number;
  /** p(y|x) of all images in order, [images, classes]. */
  readonly probabilities: Float32Array;
  /** [images] */
  readonly labels: Uint32Array;
  readonly seconds: number;
}

/** What a batch gave. */
export interface Scored {
  /** See `TrainingBatch`. */
  readonly number: number | undefined;
  readonly labels: Uint32Array;
  readonly probabilities: Float32Array;
}

async function launch(
  model: Model,
  batch: TrainingBatch,
  normalization: Normalization,
): Promise<Float32Array> {
  const tape = startTape(model.engine, { gradients: false });
  try {
    const { images } = uploadBatch(tape, batch, normalization);
    // Not awaited here: the tape must end before others ask for memory.
    return model.engine.read(model.predict(tape, images).probabilities);
  } finally {
    tape.end();
  }
}

/** p(y|x) of a batch, whole or in parts. */
async function score(
  parts: SmallerParts,
  model: Model,
  batch: TrainingBatch,
  normalization: Normalization,
): Promise<Float32Array> {
  checkBatch('evaluate', batch);
  const { classes } = model.configuration;
  checkLabels('evaluate', batch.labels, classes);
  const probabilities = new Float32Array(batch.labels.length * classes);
  await parts.run(batch.labels.length, async (first, size) =>
    probabilities.set(await launch(model, batchPart(batch, first, size), normalization), first * classes),
  );
  return probabilities;
}

function summarize(scored: readonly Omit<Scored, 'number'>[], classes: number, seconds: number): Evaluation {
  const images = scored.reduce((sum, { labels }) => sum + labels.length, 0);
  const probabilities = new Float32Array(images * classes);
  const labels = new Uint32Array(images);
  let first = 0;
  for (const part of scored) {
    probabilities.set(part.probabilities, first * classes);
    labels.set(part.labels, first);
    first += part.labels.length;
  }
  let correct = 0;
  let loss = 0;
  for (const [image, label] of labels.entries()) {
    const row = probabilities.subarray(image * classes, (image + 1) * classes);
    let best = 0;
    for (let c = 1; c < classes; c++) if ((row[c] ?? 0) > (row[best] ?? 0)) best = c;
    if (best === label) correct++;
    loss -= Math.log(row[label] ?? Number.NaN);
  }
  const count = Math.max(images, 1);
  return {
    images,
    accuracy: correct / count,
    negativeLogLikelihood: loss / count,
    probabilities,
    labels,
    seconds,
  };
}

/**
 * Classifies all images of the batches in eval mode. Each batch's result is read while the next one computes. Where memory is short, a
 * batch goes through in parts: its images' numbers are then the same to rounding.
 * `onBatch` is told how many images are done.
 */
export async function evaluate(
  model: Model,
  batches: AsyncIterable<TrainingBatch>,
  options: {
    readonly normalization?: Normalization;
    readonly onBatch?: (images: number) => void;
    readonly signal?: AbortSignal;
    /** Adds the batches that other processes have, where they share the work. */
    readonly gather?: (own: readonly Scored[]) => Promise<readonly Omit<Scored, 'number'>[]>;
  } = {},
): Promise<Evaluation> {
  const normalization = options.normalization ?? IMAGENET_NORMALIZATION;
  const start = performance.now();
  const parts = new SmallerParts(model.engine);
  const scored: Scored[] = [];
  let images = 0;
  let pending: (Omit<Scored, 'probabilities'> & { probabilities: Promise<Float32Array> }) | null = null;
  const take = async (): Promise<void> => {
    if (pending === null) return;
    const { labels, number, probabilities } = pending;
    scored.push({ number, labels, probabilities: await probabilities });
    images += labels.length;
    options.onBatch?.(images);
  };
  for await (const batch of batches) {
    options.signal?.throwIfAborted();
    const probabilities = score(parts, model, batch, normalization);
    // Whoever awaits it sees the failure; should an earlier batch fail first, this one must not end the process.
    probabilities.catch(() => undefined);
    await take();
    pending = { number: batch.number, labels: batch.labels, probabilities };
  }
  await take();
  const all = options.gather === undefined ? scored : await options.gather(scored);
  return summarize(all, model.configuration.classes, (performance.now() - start) / 1000);
}
